"""Who read whose personal data: one row per read, written before the answer leaves, never changed.

Law 91/2025/QH15 asks for records of access to sensitive personal data; membership of the Union is treated as such.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from chassis.context import Context
from chassis.storage.changes import Changes
from chassis.storage.documents import Document, Index, Kind
from chassis.web.surroundings import surroundings

KEPT_FOR = 2 * 365 * 24 * 3600
"""Seconds that a row is kept."""


class AccessRow(Document):
    """One read. `people` are the ids of those whose data were shown; of long lists, `count` says how many."""

    at: datetime
    account_id: str
    person_id: str | None
    what: str
    """The verb, e.g. ``people.read``."""
    unit_id: str
    unit_path: tuple[str, ...]
    people: tuple[str, ...]
    count: int
    correlation_id: str


ACCESS_LOG: Kind[AccessRow] = Kind(
    "access_log",
    AccessRow,
    (
        Index((("unit_path", 1), ("_id", -1))),
        Index((("people", 1), ("_id", -1))),
        Index((("account_id", 1), ("_id", -1))),
        Index((("at", 1),), expires_after=KEPT_FOR),
    ),
)


def record_access(
    context: Context, what: str, unit_id: str, people: Sequence[str] | int, *, unit_path: Sequence[str] = ()
) -> None:
    """Note that the caller is about to be shown personal data. Call it before answering.

    what       the verb of the read, e.g. ``people.read``
    unit_id    the unit whose people they are; `unit_path` its ids from the root (for who may read the log)
    people     ids of the people shown, or how many
    Raises Unavailable when it can't be written: then nothing is to be shown either.
    """
    actor = context.actor
    if actor is None:
        raise LookupError("nobody is signed in: personal data is not shown on public routes")
    listed = () if isinstance(people, int) else tuple(people)
    row = AccessRow(
        id=context.new_id(),
        at=context.now,
        account_id=actor.account_id,
        person_id=actor.person_id,
        what=what,
        unit_id=unit_id,
        unit_path=tuple(unit_path) or (unit_id,),
        people=listed,
        count=people if isinstance(people, int) else len(listed),
        correlation_id=context.cause.correlation_id,
    )
    surroundings().store.commit(Changes().insert(ACCESS_LOG, row))
