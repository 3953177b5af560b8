"""Parked records: work that waits in the service's own database for data that has not come yet.

A record whose handler raises Unready is parked, and every later record of the same key on the same topic is parked
behind it, so that their order stays. Each lane (topic and key) is taken up again from its head: when what it waits
for was written, and otherwise with growing pauses. What still waits after a week becomes a dead letter.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from chassis.messaging.cloudevents import Record
from chassis.storage.documents import Document, Index, Kind
from chassis.storage.store import Store

WAITS_AT_MOST = timedelta(days=7)
_FIRST_PAUSE = timedelta(seconds=0.5)
_LONGEST_PAUSE = timedelta(seconds=30)


class ParkedRecord(Document):
    """A record as it came, with what it waits for. Its id is its origin."""

    lane: str
    topic: str
    partition: int
    offset: int
    key: bytes
    headers: tuple[tuple[str, bytes], ...]
    value: bytes | None
    waits_for: str
    """`kind:id` of the missing document, or words that say it waits behind another of its lane."""
    parked_at: datetime
    due_at: datetime
    tries: int = 0
    failures: int = 0
    """Tries that ended in an error other than Unready."""

    @property
    def record(self) -> Record:
        return Record(self.topic, self.partition, self.offset, self.key, self.headers, self.value)


PARKED: Kind[ParkedRecord] = Kind(
    "parked",
    ParkedRecord,
    (Index((("lane", 1), ("partition", 1), ("offset", 1))), Index((("due_at", 1),)), Index((("waits_for", 1),))),
)

LANE_ORDER = (("partition", 1), ("offset", 1))


def lane_of(record: Record) -> str:
    """What keeps an order of its own: a key on a topic."""
    return f"{record.topic}/{(record.key or b'').decode(errors='replace')}"


def parked(record: Record, *, waits_for: str, now: datetime) -> ParkedRecord:
    """The row for a record that cannot be applied yet."""
    return ParkedRecord(
        id=record.origin,
        lane=lane_of(record),
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        key=record.key or b"",
        headers=record.headers,
        value=record.value,
        waits_for=waits_for,
        parked_at=now,
        due_at=now + _FIRST_PAUSE,
    )


def still_waiting(row: ParkedRecord, *, waits_for: str, now: datetime) -> ParkedRecord:
    """The row after another try in vain."""
    pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** min(row.tries + 1, 10))
    return row.model_copy(
        update={"version": row.version + 1, "tries": row.tries + 1, "waits_for": waits_for, "due_at": now + pause}
    )


def failed_once_more(row: ParkedRecord, *, now: datetime) -> ParkedRecord:
    """The row after a try that ended in an error."""
    return still_waiting(row, waits_for=row.waits_for, now=now).model_copy(update={"failures": row.failures + 1})


def behind(row: ParkedRecord, head: ParkedRecord) -> ParkedRecord:
    """The row, due when its lane's head is: before that there is nothing to do for it."""
    return row.model_copy(update={"version": row.version + 1, "due_at": head.due_at})


def occupied_lanes(store: Store, lanes: Collection[str]) -> set[str]:
    """Those of `lanes` in which something is parked. Raises Unavailable."""
    rows = store.find(PARKED, {"lane": {"$in": list(lanes)}}) if lanes else []
    return {row.lane for row in rows}
