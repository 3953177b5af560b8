"""`python -m notifications dead-letters list | show <id> | release <id> | drop <id>`"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from chassis.failures import Refusal
from chassis.messaging.dead_letters import (
    drop_dead_letter,
    list_dead_letters,
    release_dead_letter,
    show_dead_letter,
)
from chassis.storage.store import Store


def dead_letters(store: Store, arguments: Sequence[str], *, now: Callable[[], datetime]) -> Iterator[str]:
    """Lines to print. Bytes and error texts are shown by `show` alone: they may hold personal data. Raises Refusal."""
    match list(arguments):
        case ["list"] | []:
            for letter in list_dead_letters(store):
                yield f"{letter.id}  {letter.type}  {letter.error_class}  {letter.failed_at.isoformat()}"
        case ["show", id]:
            letter = show_dead_letter(store, id)
            yield f"{letter.id}  {letter.type}  {letter.state}  attempts {letter.attempts}"
            yield letter.error
            yield (letter.value or b"").decode(errors="backslashreplace")
        case ["release", id]:
            outcome = release_dead_letter(store, id, now=now())
            store.commit(outcome.changes)
            yield f"{id} will be applied once more"
        case ["drop", id]:
            outcome = drop_dead_letter(store, id, now=now())
            store.commit(outcome.changes)
            yield f"{id} is given up"
        case _:
            raise Refusal(
                "unknown-command",
                vi="Dùng: dead-letters list | show <id> | release <id> | drop <id>",
                en="Use: dead-letters list | show <id> | release <id> | drop <id>",
            )
