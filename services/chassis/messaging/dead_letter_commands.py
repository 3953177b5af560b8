"""`dead-letters list | show | release | drop`: what an operator types, the same for every service.

`list` tells nothing of what a record says. `show` prints all of it, and may print personal data: for the operator's
own terminal, not for a ticket.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any, get_args

from chassis.failures import VersionConflict
from chassis.messaging.dead_letters import (
    DeadLetter,
    State,
    drop_dead_letter,
    list_dead_letters,
    release_dead_letter,
    show_dead_letter,
)
from chassis.outcome import Outcome
from chassis.runtime.command_line import WrongCall
from chassis.storage.store import Store

STATES: tuple[State, ...] = get_args(State)
USAGE = f"dead-letters list [{' | '.join(STATES)} | all] | show <id> | release <id> | drop <id>"

_BY_NAME = {str(state): state for state in STATES}
_PAGE = 100
_BECAUSE = {
    "released": "the consume process applies it once more",
    "dropped": "it is given up; its bytes are erased",
}


def dead_letter_commands(store: Store, arguments: Sequence[str], *, now: Callable[[], datetime]) -> Iterator[str]:
    """The lines to print. Raises WrongCall, and Refusal for a letter that is not there or not open any more."""
    match list(arguments):
        case [] | ["list"]:
            yield from _listed(store, "open")
        case ["list", "all"]:
            yield from _listed(store, None)
        case ["list", name] if state := _BY_NAME.get(name):
            yield from _listed(store, state)
        case ["show", id]:
            yield from _shown(show_dead_letter(store, id))
        case ["release", id]:
            yield _told(_decided(store, lambda: release_dead_letter(store, id, now=now())))
        case ["drop", id]:
            yield _told(_decided(store, lambda: drop_dead_letter(store, id, now=now())))
        case _:
            raise WrongCall(USAGE)


def _listed(store: Store, state: State | None) -> Iterator[str]:
    after: str | None = None
    while page := list_dead_letters(store, state=state, after=after, limit=_PAGE):
        yield from map(_line, page)
        after = page[-1].id


def _line(letter: DeadLetter) -> str:
    type = printable(letter.type) or "-"
    when = letter.failed_at.isoformat(timespec="seconds")
    return f"{letter.id}  {letter.state}  {type}  {letter.error_class}  {when}  attempts={letter.attempts}"


def _shown(letter: DeadLetter) -> Iterator[str]:
    yield f"origin    {letter.id}"
    yield f"key       {printable(_text(letter.key or b''))}"
    yield f"state     {letter.state}, attempts={letter.attempts}"
    yield f"failed    {letter.failed_at.isoformat(timespec='seconds')}"
    if letter.decided_at is not None:
        yield f"decided   {letter.decided_at.isoformat(timespec='seconds')}"
    yield f"error     {letter.error_class}: {printable(letter.error)}"
    yield "headers"
    for name, value in letter.headers:
        yield f"  {printable(name)}: {printable(_text(value))}"
    yield from _payload(letter)


def _payload(letter: DeadLetter) -> Iterator[str]:
    if letter.state == "dropped":
        yield "payload   erased when it was dropped"
    elif letter.value is None:
        yield "payload   none: a tombstone"
    elif (parsed := _as_json(letter.value)) is not None:
        yield f"payload   {len(letter.value)} bytes, JSON"
        yield from map(printable, parsed.split("\n"))
    else:
        yield f"payload   {len(letter.value)} bytes, no JSON"
        yield printable(_text(letter.value))


def _as_json(value: bytes) -> str | None:
    """Indented; None for what is no JSON, or would read otherwise when printed anew (a name that comes twice)."""
    try:
        parsed = json.loads(value, object_pairs_hook=_each_name_once)
        return json.dumps(parsed, ensure_ascii=False, indent=2)
    except (ValueError, RecursionError):
        return None


def _each_name_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    read = dict(pairs)
    if len(read) != len(pairs):
        raise ValueError("a name comes twice")
    return read


def _text(value: bytes) -> str:
    return value.decode(errors="backslashreplace")


def printable(text: str) -> str:
    """The text on one line, with whatever could move a terminal's cursor or colour written out."""
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


def _decided(store: Store, decide: Callable[[], Outcome[DeadLetter]]) -> DeadLetter:
    while True:
        outcome = decide()
        try:
            store.commit(outcome.changes)
        except VersionConflict:
            continue  # somebody else decided at the same moment: what is there now is told
        return outcome.result


def _told(letter: DeadLetter) -> str:
    return f"{letter.id} is {letter.state}: {_BECAUSE[letter.state]}"
