"""What became of messages, and what came back. No addresses, no texts."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from contracts.model import Contract

_EVENTS = "notifications.events.v1"


class MessageDelivered(Contract):
    """A gateway reported that a message reached its recipient."""

    TYPE: ClassVar[str] = "vn.nhipdoan.notifications.message.delivered.v1"
    TOPIC: ClassVar[str] = _EVENTS
    AGGREGATE: ClassVar[str] = "message"

    message_id: str
    person_id: str
    about: str
    """What the message was about: the aggregate's id in the publishing service, e.g. the meeting's."""
    channel: str
    delivered_at: datetime
    parts: int | None = None
    price_vnd: int | None = None
    """đồng, as the gateway charged it."""


class MessageFailed(Contract):
    """A message will not reach its recipient on this channel."""

    TYPE: ClassVar[str] = "vn.nhipdoan.notifications.message.failed.v1"
    TOPIC: ClassVar[str] = _EVENTS
    AGGREGATE: ClassVar[str] = "message"

    message_id: str
    person_id: str
    about: str
    channel: str
    reason: str
    """A stable word: `refused_by_gateway`, `not_delivered`, `bad_address`, `expired`, …"""


class ReplyMeaning(StrEnum):
    COMING = "coming"  # 1
    NOT_COMING = "not_coming"  # 2


class ReplyReceived(Contract):
    """A person answered an invitation by SMS."""

    TYPE: ClassVar[str] = "vn.nhipdoan.notifications.reply.received.v1"
    TOPIC: ClassVar[str] = _EVENTS
    AGGREGATE: ClassVar[str] = "reply"

    reply_id: str
    meeting_id: str
    person_id: str
    meaning: ReplyMeaning
    received_at: datetime


class OptedOut(Contract):
    """A person refused further messages on a channel; members keeps the refusal."""

    TYPE: ClassVar[str] = "vn.nhipdoan.notifications.recipient.opted-out.v1"
    TOPIC: ClassVar[str] = _EVENTS
    AGGREGATE: ClassVar[str] = "recipient"

    person_id: str
    channel: str
    at: datetime
