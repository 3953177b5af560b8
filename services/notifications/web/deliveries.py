"""`/v1/deliveries` and `/v1/messages`: who got it, who did not, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Response
from pydantic import BaseModel, ConfigDict, Field

from chassis.context import Context
from chassis.web.access_log import record_access
from chassis.web.app import blueprint, example
from chassis.web.authentication import principal
from chassis.web.commands import Reply, run_query
from chassis.web.identifiers import Id
from chassis.web.paging import PageQuery, page
from notifications.application.look_up import Count, message_in_reach, names_of, readable
from notifications.domain.delivery import DELIVERIES, Channel, Delivery, State
from notifications.domain.reasons import in_vietnamese
from notifications.domain.sms_text import Encoding
from notifications.web.parts import (
    MEETING,
    MESSAGE_EXAMPLE,
    MessagePath,
    MessageView,
    edge,
    reach_of,
    store,
)

deliveries = blueprint("deliveries", "/v1/deliveries", about="Ai đã nhận tin, ai chưa, và vì sao")
messages = blueprint("messages", "/v1/messages", tag="deliveries")


class DeliveriesQuery(PageQuery):
    """Of which meeting, task, concern or proposal; narrowed to a state, channel or reason."""

    model_config = ConfigDict(extra="forbid")

    about: Id = Field(description="The id of the meeting, task, concern or proposal")
    state: State | None = None
    channel: Channel | None = None
    reason: str | None = Field(default=None, max_length=40, description="A reason word, e.g. `no_mobile`")
    person_id: Id | None = None


class CountView(BaseModel):
    channel: Channel
    state: State
    reason: str | None
    reason_text: str | None
    deliveries: int
    parts: int
    price_vnd: int

    @classmethod
    def of(cls, count: Count) -> CountView:
        return cls(
            channel=count.channel,
            state=count.state,
            reason=count.reason,
            reason_text=in_vietnamese(count.reason),
            deliveries=count.deliveries,
            parts=count.parts,
            price_vnd=count.price_vnd,
        )


class DeliveriesView(BaseModel):
    """All counts of what was asked about, and the messages a page at a time."""

    about: str
    counts: list[CountView]
    items: list[MessageView]
    next_cursor: str | None = None


class MessageWithText(MessageView):
    """One message with what it says, and how the gateway counts it."""

    text: str
    subject: str | None
    encoding: Encoding | None
    units: int | None


@deliveries.get("", summary="Who got it, who did not, and why", responses={200: DeliveriesView})
@example(
    response=DeliveriesView(
        about=MEETING,
        counts=[
            CountView(
                channel=Channel.SMS,
                state=State.DELIVERED,
                reason=None,
                reason_text=None,
                deliveries=18,
                parts=20,
                price_vnd=17000,
            ),
            CountView(
                channel=Channel.SMS,
                state=State.SKIPPED,
                reason="no_mobile",
                reason_text="Chưa có số di động.",
                deliveries=1,
                parts=0,
                price_vnd=0,
            ),
        ],
        items=[MESSAGE_EXAMPLE],
    )
)
def list_deliveries(query: DeliveriesQuery) -> Response:
    """Counts by channel, state and reason over everything within reach, and the messages themselves with names.

    The read is written to the access log. `counts` ignore `state`, `channel`, `reason` and `person_id`.
    """

    def answer(context: Context) -> Reply:
        within = readable(reach_of("deliveries.read", context), query.about)
        narrowed: dict[str, Any] = {
            name: value
            for name in ("state", "channel", "reason", "person_id")
            if (value := getattr(query, name)) is not None
        }
        found = page(
            store(),
            DELIVERIES,
            {"$and": [within, narrowed]} if narrowed else within,
            sort=(("person_id", 1), ("_id", 1)),
            limit=query.limit,
            cursor=query.cursor,
        )
        views = shown_with_names(context, found.items)
        counts = [CountView.of(count) for count in edge().counter.count(within)]
        return Reply(DeliveriesView(about=query.about, counts=counts, items=views, next_cursor=found.next_cursor))

    return run_query(answer)


@messages.get("/<id>", summary="One message with its text", responses={200: MessageWithText})
@example(
    response=MessageWithText(
        **MESSAGE_EXAMPLE.model_dump(),
        text="Doan xa Nong Son moi dong chi Le Thi Hoa du giao ban: Giao ban 6 thang dau nam. 19h30 T7 13/6, "
        "Hoi truong UBND xa. Tra loi 1: du, 2: vang",
        subject=None,
        encoding=Encoding.GSM7,
        units=141,
    )
)
def read_message(path: MessagePath) -> Response:
    """As it is, or was, sent to this person. The read is written to the access log."""

    def answer(context: Context) -> Reply:
        reach = reach_of("deliveries.read", context)
        shown = message_in_reach(store(), reach, path.id, edge().desk.policy)
        view = shown_with_names(context, [shown.row])[0]
        return Reply(
            MessageWithText(
                **view.model_dump(),
                text=shown.text,
                subject=shown.notice.texts.subject if shown.row.channel is Channel.EMAIL else None,
                encoding=shown.size.encoding if shown.size else None,
                units=shown.size.units if shown.size else None,
            ),
            version=shown.row.version,
        )

    return run_query(answer)


def shown_with_names(context: Context, rows: Sequence[Delivery]) -> list[MessageView]:
    """The rows with their people's names, after noting in the access log whose they are; one's own are not noted."""
    others = sorted({row.person_id for row in rows} - {principal().person_id or ""})
    if others:
        record_access(context, "deliveries.read", rows[0].unit_ids[0], others, unit_path=rows[0].unit_path)
    names = names_of(store(), rows)
    return [view_of(row, names) for row in rows]


def view_of(row: Delivery, names: Mapping[str, str]) -> MessageView:
    return MessageView(
        id=row.id,
        about=row.about,
        person_id=row.person_id,
        person_name=names.get(row.person_id),
        channel=row.channel,
        state=row.state,
        reason=row.reason,
        reason_text=in_vietnamese(row.reason),
        attempts=row.attempts,
        parts=row.parts,
        price_vnd=row.price_vnd,
        created_at=row.created,
        next_look_at=row.due,
        sent_at=row.sent_at,
        done_at=row.done_at,
    )
