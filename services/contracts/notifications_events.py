"""What became of messages, and what came back. No addresses, no texts."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from pydantic import Field

from contracts.model import Contract, Part

_EVENTS = "notifications.events.v1"

MOST_IN_A_GROUP = 100
"""Messages in one event: some 25 kB, far below the megabyte that a record may have."""


class DeliveredMessage(Part):
    """One message of a group that arrived. `price_vnd`: đồng, as the gateway charged it."""

    message_id: str
    person_id: str
    version: int
    delivered_at: datetime
    parts: int | None = None
    price_vnd: int | None = None


class MessagesDelivered(Contract):
    """A gateway reported that messages reached their recipients.

    A group of messages about one thing on one channel, at most 100. The key is the group's and tells nothing of order:
    of two events about one message, also of a failed one and a delivered one, that with the higher `version` holds.
    """

    TYPE: ClassVar[str] = "vn.nhipdoan.notifications.messages.delivered.v1"
    TOPIC: ClassVar[str] = _EVENTS
    AGGREGATE: ClassVar[str] = "messages"

    about: str
    """What the messages were about: the aggregate's id in the publishing service, e.g. the meeting's."""
    channel: str
    messages: tuple[DeliveredMessage, ...] = Field(min_length=1, max_length=MOST_IN_A_GROUP)


class FailedMessage(Part):
    """One message of a group that failed."""

    message_id: str
    person_id: str
    version: int
    reason: str
    """A stable word: `refused_by_gateway`, `not_delivered`, `bad_address`, `expired`, …"""


class MessagesFailed(Contract):
    """Messages will not reach their recipients on this channel.

    A group of messages about one thing on one channel, at most 100. The key is the group's and tells nothing of order:
    of two events about one message, also of a failed one and a delivered one, that with the higher `version` holds.
    """

    TYPE: ClassVar[str] = "vn.nhipdoan.notifications.messages.failed.v1"
    TOPIC: ClassVar[str] = _EVENTS
    AGGREGATE: ClassVar[str] = "messages"

    about: str
    channel: str
    messages: tuple[FailedMessage, ...] = Field(min_length=1, max_length=MOST_IN_A_GROUP)


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
