"""What every route here uses: the store, the edge of this installation, identifiers of messages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, cast

from flask import current_app
from pydantic import BaseModel, ConfigDict, Field

from chassis.context import Context, utc_now
from chassis.failures import Refusal
from chassis.permissions import Reach, reach
from chassis.storage.store import Store
from chassis.web.authentication import principal
from chassis.web.surroundings import surroundings
from notifications.application.announce import Desk
from notifications.application.look_up import Counter
from notifications.application.proofs import Proofs
from notifications.domain.delivery import Channel, State

EDGE = "notifications.edge"
"""Where the app keeps its edge among its extensions."""

COMMUNE = "0190a1b2-0000-7000-8000-000000000010"
BRANCH = "0190a1b2-0000-7000-8000-000000000021"
PERSON = "0190a1b2-0000-7000-8000-000000000101"
MEETING = "0190a1b2-0000-7000-8000-000000000301"
MESSAGE = "5f0c1d2e3a4b5c6d7e8f901234567890"
"""Ids in the examples of the API's page."""


@dataclass(frozen=True)
class Edge:
    """What the routes need of this installation beside the store.

    receipts, refusals  prove the addresses that gateways and recipients call
    gateway_key         what the gateway says with each reply
    clock               by which receipts are due: the one that folds them
    """

    desk: Desk
    counter: Counter
    receipts: Proofs
    refusals: Proofs
    gateway_key: str
    clock: Callable[[], datetime] = utc_now


MessageId = Annotated[
    str,
    Field(pattern="^[0-9a-f]{32}$", min_length=32, max_length=32, examples=[MESSAGE], description="A message's id"),
]


class MessagePath(BaseModel):
    id: MessageId


class Body(BaseModel):
    """What a request says; a field that is not known is a slip and refused."""

    model_config = ConfigDict(extra="forbid")


class MessageView(BaseModel):
    """What became of one message to one person on one channel. Times are instants; prices đồng."""

    id: str
    about: str = Field(description="What it is about: the meeting's, task's, concern's or proposal's id")
    person_id: str
    person_name: str | None = Field(description="null where the person's contact was erased or never came")
    channel: Channel
    state: State
    reason: str | None = Field(description="Stable word: why it was not sent or did not arrive, or what it waits for")
    reason_text: str | None = Field(description="The reason in Vietnamese")
    attempts: int
    parts: int | None = Field(description="SMS parts, known once sent")
    price_vnd: int | None = Field(description="By the price list once sent, by the gateway's word once reported")
    created_at: datetime
    next_look_at: datetime | None = Field(description="When it is sent, tried or asked about next; null: it is done")
    sent_at: datetime | None
    done_at: datetime | None


MESSAGE_EXAMPLE = MessageView(
    id=MESSAGE,
    about=MEETING,
    person_id=PERSON,
    person_name="Lê Thị Hoa",
    channel=Channel.SMS,
    state=State.DELIVERED,
    reason=None,
    reason_text=None,
    attempts=1,
    parts=1,
    price_vnd=850,
    created_at=datetime.fromisoformat("2026-06-08T02:00:00+00:00"),
    next_look_at=None,
    sent_at=datetime.fromisoformat("2026-06-08T02:00:01+00:00"),
    done_at=datetime.fromisoformat("2026-06-08T02:00:03+00:00"),
)


def store() -> Store:
    return surroundings().store


def edge() -> Edge:
    return cast(Edge, current_app.extensions[EDGE])


def reach_of(verb: str, context: Context) -> Reach:
    return reach(principal(), verb, context.today)


def required(verb: str, context: Context) -> Reach:
    """The reach of a verb that is needed at some unit at least. Raises Refusal 403."""
    allowed = reach_of(verb, context)
    if not (allowed.below or allowed.exactly):
        raise Refusal(
            "not-permitted",
            vi="Tài khoản này không có quyền thực hiện việc này.",
            en=f"This account may not do this ({verb}).",
            because="forbidden",
        )
    return allowed
