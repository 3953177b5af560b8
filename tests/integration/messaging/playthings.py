"""A small world for messaging's tests: a meeting that is scheduled, moved and cancelled; units as state; who was told.

`scheduling` publishes, `notifications` reads.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict

from chassis.context import new_uuid7
from chassis.failures import Unready
from chassis.messaging.envelope import Cause, Incoming, Message, compose, tombstone
from chassis.messaging.handlers import Handler, Projection, Reaction
from chassis.messaging.outbox import publish
from chassis.storage.changes import Changes
from chassis.storage.documents import Document, Index, Kind
from chassis.storage.store import Store

PUBLISHER, READER = "scheduling", "notifications"
EVENTS, UNITS = "play.events.v1", "play.units.v1"


@dataclass(frozen=True)
class PlayTopic:
    name: str
    kind: Any
    partitions: int
    retention_days: int | None = None
    max_compaction_lag_hours: int | None = None


TOPICS = (
    PlayTopic(EVENTS, "event", 3, retention_days=14),
    PlayTopic(UNITS, "state", 2, max_compaction_lag_hours=24),
)


class Contract(BaseModel):
    model_config = ConfigDict(frozen=True)
    TYPE: ClassVar[str]
    TOPIC: ClassVar[str]
    AGGREGATE: ClassVar[str]

    def to_bytes(self) -> bytes:
        return self.model_dump_json().encode()

    @classmethod
    def from_bytes(cls, payload: bytes) -> Self:
        return cls.model_validate_json(payload)


class MeetingScheduled(Contract):
    TYPE, TOPIC, AGGREGATE = "play.meeting.scheduled.v1", EVENTS, "meeting"
    meeting_id: str
    unit_id: str
    note: str = ""


class MeetingMoved(Contract):
    TYPE, TOPIC, AGGREGATE = "play.meeting.moved.v1", EVENTS, "meeting"
    meeting_id: str
    number: int


class MeetingCancelled(Contract):
    TYPE, TOPIC, AGGREGATE = "play.meeting.cancelled.v1", EVENTS, "meeting"
    meeting_id: str


class SomethingNew(Contract):
    TYPE, TOPIC, AGGREGATE = "play.meeting.unheard-of.v1", EVENTS, "meeting"
    meeting_id: str


class UnitState(Contract):
    TYPE, TOPIC, AGGREGATE = "play.unit.state.v1", UNITS, "unit"
    unit_id: str
    version: int
    name: str


class Meeting(Document):
    """The publisher's own."""

    unit_id: str
    state: str = "scheduled"


class UnitSeen(Document):
    """The reader's read model."""

    name: str


class Told(Document):
    """What the reader did because of an event, one per event that it applied."""

    meeting_id: str
    what: str
    unit_name: str = ""


class Tally(Document):
    """How many events a meeting had, by compare-and-set: what is applied twice or lost shows."""

    events: tuple[str, ...] = ()


MEETINGS: Kind[Meeting] = Kind("meetings", Meeting)
UNITS_SEEN: Kind[UnitSeen] = Kind("units_seen", UnitSeen)
TOLD: Kind[Told] = Kind("told", Told, (Index((("meeting_id", 1),)),))
TALLIES: Kind[Tally] = Kind("tallies", Tally)
PLAY_KINDS: tuple[Kind[Any], ...] = (MEETINGS, UNITS_SEEN, TOLD, TALLIES)


def as_unit(state: UnitState) -> UnitSeen:
    return UnitSeen(id=state.unit_id, version=state.version, name=state.name)


def tell_scheduled(event: MeetingScheduled, incoming: Incoming, store: Store) -> Changes:
    unit = store.get(UNITS_SEEN, event.unit_id)
    if unit is None:
        raise Unready(f"units_seen:{event.unit_id}")
    return _tell(event.meeting_id, "scheduled", incoming, store, unit.name)


def tell_moved(event: MeetingMoved, incoming: Incoming, store: Store) -> Changes:
    return _tell(event.meeting_id, f"moved {event.number}", incoming, store)


def tell_cancelled(event: MeetingCancelled, incoming: Incoming, store: Store) -> Changes:
    return _tell(event.meeting_id, "cancelled", incoming, store)


def _tell(meeting_id: str, what: str, incoming: Incoming, store: Store, unit_name: str = "") -> Changes:
    """Not idempotent on purpose: only the inbox keeps it from counting twice."""
    changes = Changes().insert(TOLD, Told(id=new_uuid7(), meeting_id=meeting_id, what=what, unit_name=unit_name))
    tally = store.get(TALLIES, meeting_id)
    if tally is None:
        return changes.insert(TALLIES, Tally(id=meeting_id, events=(what,)))
    more = tally.model_copy(update={"version": tally.version + 1, "events": (*tally.events, what)})
    return changes.replace(TALLIES, more)


def handlers(
    *,
    scheduled: Callable[[MeetingScheduled, Incoming, Store], Changes] = tell_scheduled,
    moved: Callable[[MeetingMoved, Incoming, Store], Changes] = tell_moved,
) -> list[Handler]:
    return [
        Projection(UnitState, UNITS_SEEN, as_unit),
        Reaction(MeetingScheduled, scheduled),
        Reaction(MeetingMoved, moved),
        Reaction(MeetingCancelled, tell_cancelled),
    ]


def message(event: Contract, key: str, sequence: int, *, id: str | None = None) -> Message:
    return compose(
        event,
        message_id=id or new_uuid7(),
        key=key,
        sequence=sequence,
        time=datetime.now(UTC),
        cause=Cause("a-correlation", None, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
    )


def unit(unit_id: str, version: int, name: str = "Chi đoàn thôn Trung Hạ") -> Message:
    return message(UnitState(unit_id=unit_id, version=version, name=name), unit_id, version)


def unit_erased(unit_id: str, version: int) -> Message:
    return tombstone(
        UnitState,
        message_id=new_uuid7(),
        key=unit_id,
        sequence=version,
        time=datetime.now(UTC),
        cause=Cause("a-correlation"),
    )


def schedule(store: Store, meeting_id: str, unit_id: str) -> None:
    scheduled = message(MeetingScheduled(meeting_id=meeting_id, unit_id=unit_id), meeting_id, 1)
    store.commit(publish(Changes().insert(MEETINGS, Meeting(id=meeting_id, unit_id=unit_id)), scheduled))


def move(store: Store, meeting_id: str) -> None:
    meeting = _meeting(store, meeting_id)
    moved = message(MeetingMoved(meeting_id=meeting_id, number=meeting.version), meeting_id, meeting.version)
    store.commit(publish(Changes().replace(MEETINGS, meeting), moved))


def cancel(store: Store, meeting_id: str) -> None:
    meeting = _meeting(store, meeting_id).model_copy(update={"state": "cancelled"})
    cancelled = message(MeetingCancelled(meeting_id=meeting_id), meeting_id, meeting.version)
    store.commit(publish(Changes().replace(MEETINGS, meeting), cancelled))


def _meeting(store: Store, meeting_id: str) -> Meeting:
    meeting = store.get(MEETINGS, meeting_id)
    assert meeting is not None
    return meeting.model_copy(update={"version": meeting.version + 1})


def tell_of(store: Store, *messages: Message) -> None:
    """Have the publisher say these."""
    store.commit(publish(Changes(), *messages))


def told(store: Store, meeting_id: str) -> tuple[str, ...]:
    """What the reader was told of a meeting, in the order in which it was told."""
    tally = store.get(TALLIES, meeting_id)
    effects = sorted(row.what for row in store.find(TOLD, {"meeting_id": meeting_id}))
    assert effects == sorted(tally.events if tally else ()), "a transaction was torn"
    return tally.events if tally else ()
