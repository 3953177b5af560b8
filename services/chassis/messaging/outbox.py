"""The outbox: what a transaction has to say is stored with what it did, and the relay publishes it from there."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from chassis.messaging.envelope import Message
from chassis.storage.changes import Changes
from chassis.storage.documents import Document, Index, Kind

PUBLISHED_IS_KEPT_FOR = 3 * 24 * 3600
"""Seconds; long enough to look at, and more than the hour that a relay publishes anew after a take-over."""

STATES_ARRIVE_WITHIN = 600
"""Seconds from when a relay that held the lease began to send a state: the broker refuses what comes later than that
(`message.timestamp.before.max.ms`). So a successor knows when nothing of its predecessors can come any more."""

PENDING_ORDER = (("topic", 1), ("aggregateid", 1), ("sequence", 1), ("_id", 1))
"""The order in which one aggregate's messages on one topic are published; ids break the tie of two in one change."""


class OutboxRow(Document):
    """One message with its state. The field names are Debezium's outbox event router's."""

    aggregatetype: str
    aggregateid: str
    type: str
    payload: bytes | None
    topic: str
    sequence: int
    time: datetime
    correlation_id: str
    causation_id: str | None
    traceparent: str | None
    state: Literal["pending", "published"] = "pending"
    published_at: datetime | None = None


OUTBOX: Kind[OutboxRow] = Kind(
    "outbox",
    OutboxRow,
    (
        Index(PENDING_ORDER, only={"state": "pending"}),
        Index((("published_at", 1),), expires_after=PUBLISHED_IS_KEPT_FOR, only={"state": "published"}),
    ),
)


def publish(changes: Changes, *messages: Message) -> Changes:
    """Add messages to what a transaction will store; they reach Kafka after it commits, and only then."""
    return changes.insert(
        OUTBOX,
        *(
            OutboxRow(
                id=message.id,
                aggregatetype=message.aggregate,
                aggregateid=message.key,
                type=message.type,
                payload=message.payload,
                topic=message.topic,
                sequence=message.sequence,
                time=message.time,
                correlation_id=message.cause.correlation_id,
                causation_id=message.cause.causation_id,
                traceparent=message.cause.traceparent,
            )
            for message in messages
        ),
    )
