"""`python -m scheduling dead-letters list | show <id> | release <id>`: for an operator at a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from chassis.failures import Refusal
from chassis.messaging.dead_letters import DeadLetter, list_dead_letters, release_dead_letter, show_dead_letter
from chassis.storage.store import Store

USAGE = "dead-letters list | show <id> | release <id>"


def dead_letters(store: Store, arguments: Sequence[str], *, now: Callable[[], datetime]) -> Iterator[str]:
    """The lines to print. Raises Refusal for an id that is not there or not open, and for a wrong call."""
    match list(arguments):
        case ["list"]:
            yield from (_line(letter) for letter in list_dead_letters(store))
        case ["show", id]:
            letter = show_dead_letter(store, id)
            yield _line(letter)
            yield letter.error
        case ["release", id]:
            outcome = release_dead_letter(store, id, now=now())
            store.commit(outcome.changes)
            yield _line(outcome.result)
        case _:
            raise Refusal("usage", vi=f"Cách gọi: {USAGE}", en=f"Usage: {USAGE}")


def _line(letter: DeadLetter) -> str:
    when = letter.failed_at.isoformat(timespec="seconds")
    return f"{letter.id}  {letter.state}  {letter.type}  {letter.error_class}  {when}  attempts={letter.attempts}"
