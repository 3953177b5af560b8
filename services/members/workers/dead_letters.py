"""`python -m members dead-letters list | show <id> | release <id> | drop <id>`"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from chassis.failures import Refusal
from chassis.messaging.dead_letters import (
    DeadLetter,
    drop_dead_letter,
    list_dead_letters,
    release_dead_letter,
    show_dead_letter,
)
from chassis.storage.store import Store

USAGE = "dead-letters list | show <id> | release <id> | drop <id>"


def dead_letters(store: Store, arguments: Sequence[str], *, now: Callable[[], datetime]) -> Iterator[str]:
    """Lines to print. Error texts and bytes are shown by `show` alone: they may hold personal data. Raises Refusal."""
    match list(arguments):
        case ["list"] | []:
            yield from (_line(letter) for letter in list_dead_letters(store))
        case ["show", id]:
            letter = show_dead_letter(store, id)
            yield _line(letter)
            yield letter.error
            yield (letter.value or b"").decode(errors="backslashreplace")
        case ["release" | "drop" as verb, id]:
            decide = release_dead_letter if verb == "release" else drop_dead_letter
            outcome = decide(store, id, now=now())
            store.commit(outcome.changes)
            yield _line(outcome.result)
        case _:
            raise Refusal("usage", vi=f"Cách gọi: {USAGE}", en=f"Usage: {USAGE}")


def _line(letter: DeadLetter) -> str:
    when = letter.failed_at.isoformat(timespec="seconds")
    return f"{letter.id}  {letter.state}  {letter.type}  {letter.error_class}  {when}  attempts={letter.attempts}"
