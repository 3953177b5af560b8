"""What the others are told of deliveries that have ended: one event for a group of them, not one for each.

A row in the outbox, its mark, a record: they cost as much for a hundred results as for one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from chassis.context import new_uuid7
from chassis.messaging.envelope import Cause, Message, NewId, compose
from contracts.notifications_events import (
    MOST_IN_A_GROUP,
    DeliveredMessage,
    FailedMessage,
    MessagesDelivered,
    MessagesFailed,
)
from notifications.domain.delivery import Channel, Delivery, State

CauseOf = Callable[[str], Cause]
"""By the notice's id: the cause that the event bears."""


def tell_results(ended: Iterable[Delivery], cause_of: CauseOf, *, new_id: NewId = new_uuid7) -> list[Message]:
    """The events that tell of these deliveries, each as it is after its change, by notice, channel and kind of result.

    A group has a key of its own, so that the relay, which sends one message of a key per round, lets none of them wait
    for another; what is new of a message is told by the version beside it.
    """
    groups: dict[tuple[str, Channel, bool], list[Delivery]] = {}
    for row in ended:
        groups.setdefault((row.notice_id, row.channel, row.state is State.DELIVERED), []).append(row)
    portions = [
        rows[start : start + MOST_IN_A_GROUP]
        for rows in groups.values()
        for start in range(0, len(rows), MOST_IN_A_GROUP)
    ]
    return [_told(rows, cause_of, new_id, key=new_id(), sequence=1) for rows in portions]


def tell_result(ended: Delivery, cause_of: CauseOf) -> Message:
    """A group of one under the delivery's own id, for whoever must be able to leave it out."""
    return _told([ended], cause_of, new_uuid7, key=ended.id, sequence=ended.version)


def _told(rows: Sequence[Delivery], cause_of: CauseOf, new_id: NewId, *, key: str, sequence: int) -> Message:
    event = _delivered(rows) if rows[0].state is State.DELIVERED else _failed(rows)
    time, cause = max(map(_ended_at, rows)), cause_of(rows[0].notice_id)
    return compose(event, message_id=new_id(), key=key, sequence=sequence, time=time, cause=cause)


def _ended_at(row: Delivery) -> datetime:
    assert row.done_at is not None, "a final result has its time"
    return row.done_at


def _delivered(rows: Sequence[Delivery]) -> MessagesDelivered:
    messages = tuple(
        DeliveredMessage(
            message_id=row.id,
            person_id=row.person_id,
            version=row.version,
            delivered_at=_ended_at(row),
            parts=row.parts,
            price_vnd=row.price_vnd,
        )
        for row in rows
    )
    return MessagesDelivered(about=rows[0].about, channel=rows[0].channel.value, messages=messages)


def _failed(rows: Sequence[Delivery]) -> MessagesFailed:
    messages = tuple(
        FailedMessage(message_id=row.id, person_id=row.person_id, version=row.version, reason=row.reason or "unknown")
        for row in rows
    )
    return MessagesFailed(about=rows[0].about, channel=rows[0].channel.value, messages=messages)
