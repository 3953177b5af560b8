"""What a use case is told of the world: who acts, what time it is, which ids to give, what it is part of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import uuid6

from chassis.messaging.envelope import Cause, Incoming, Message, NewId, Publishable, compose, tombstone
from chassis.permissions import Principal
from chassis.randomness import random_bytes, rising_milliseconds

LOCAL_ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
"""Local rules (days, quiet hours, due dates) are decided in this zone; instants are kept in UTC."""


def utc_now() -> datetime:
    """By this machine's clock."""
    return datetime.now(UTC)


def new_uuid7() -> str:
    """A UUIDv7: sorts by time of making (those that one thread makes surely), tells nothing about what it names."""
    time_and_chance = (rising_milliseconds() << 80) | int.from_bytes(random_bytes(10), "big")
    return str(uuid6.UUID(int=time_and_chance, version=7))


def local_day(instant: datetime) -> date:
    """The calendar day in Vietnam at this instant."""
    return instant.astimezone(LOCAL_ZONE).date()


@dataclass(frozen=True, slots=True)
class Context:
    """One command's surroundings. Use cases take time and ids from here, never from the system."""

    now: datetime
    cause: Cause
    actor: Principal | None = None
    new_id: NewId = new_uuid7

    @property
    def today(self) -> date:
        return local_day(self.now)

    def message(self, event: Publishable, *, key: str, sequence: int) -> Message:
        """The message that says `event` about the aggregate `key` at version `sequence`, now, as part of this."""
        return compose(event, message_id=self.new_id(), key=key, sequence=sequence, time=self.now, cause=self.cause)

    def erasure(self, state: type[Publishable], *, key: str, sequence: int) -> Message:
        """The tombstone that erases the state of `key`."""
        return tombstone(state, message_id=self.new_id(), key=key, sequence=sequence, time=self.now, cause=self.cause)


def context_of(incoming: Incoming, *, now: datetime | None = None) -> Context:
    """The context of a reaction to a record: the same chain, one link further."""
    return Context(now=now or datetime.now(UTC), cause=incoming.caused())
