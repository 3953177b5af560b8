"""CloudEvents 1.0 around each record: who said what about which aggregate, when, and because of what."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, NamedTuple, Protocol


class Publishable(Protocol):
    """What a contract model offers: its type, its topic, its aggregate's family, its bytes."""

    TYPE: ClassVar[str]
    """``vn.nhipdoan.scheduling.meeting.scheduled.v1``"""
    TOPIC: ClassVar[str]
    AGGREGATE: ClassVar[str]
    """``meeting``; Debezium's ``aggregatetype``."""

    def to_bytes(self) -> bytes:
        """The payload, serialised once."""


class Cause(NamedTuple):
    """What a message belongs to: the chain it is part of, the message before it, the trace it is seen in."""

    correlation_id: str
    causation_id: str | None = None
    traceparent: str | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """A record to publish. ``payload`` None is a tombstone: it erases the key's state.

    ``sequence`` is the aggregate's version: consumers order and guard by it. ``key`` is the aggregate's id and the
    CloudEvents subject.
    """

    id: str
    type: str
    topic: str
    aggregate: str
    key: str
    sequence: int
    time: datetime
    cause: Cause
    payload: bytes | None


def compose(event: Publishable, *, message_id: str, key: str, sequence: int, time: datetime, cause: Cause) -> Message:
    """The message that says `event` about the aggregate `key` at its version `sequence`."""
    return Message(message_id, event.TYPE, event.TOPIC, event.AGGREGATE, key, sequence, time, cause, event.to_bytes())


def tombstone(
    state: type[Publishable], *, message_id: str, key: str, sequence: int, time: datetime, cause: Cause
) -> Message:
    """The message that erases the state of `key`; `sequence` is one above the last published version."""
    return Message(message_id, state.TYPE, state.TOPIC, state.AGGREGATE, key, sequence, time, cause, None)


class Incoming(NamedTuple):
    """A record as it came, decoded no further than its headers.

    ``topic`` is without the deployment's prefix. ``source`` is the publishing service.
    """

    topic: str
    partition: int
    offset: int
    id: str
    type: str
    source: str
    key: str
    sequence: int
    time: datetime
    cause: Cause
    payload: bytes | None

    def caused(self) -> Cause:
        """The cause that messages published because of this record carry."""
        return Cause(self.cause.correlation_id, self.id, self.cause.traceparent)


NewId = Callable[[], str]
"""Makes UUIDv7 ids; tests give one that counts."""
