"""`/v1/previews`, `/v1/templates`, `/v1/costs`: what will be said and what it costs, before and after."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from flask import Response
from pydantic import BaseModel, ConfigDict, Field, model_validator

from chassis.context import LOCAL_ZONE, Context
from chassis.outcome import Outcome
from chassis.web.app import blueprint, example
from chassis.web.commands import Reply, run_command, run_query
from chassis.web.fields import Instant
from chassis.web.identifiers import Id
from contracts.scheduling_events import MeetingFacts, MeetingKind
from notifications.application.look_up import readable, things_told
from notifications.application.preview import Preview, Written, preview_invitation, preview_text, unit_in_reach
from notifications.domain.delivery import Channel, State
from notifications.domain.sms_text import Encoding
from notifications.web.deliveries import CountView
from notifications.web.parts import COMMUNE, Body, edge, reach_of, required, store

previews = blueprint("previews", "/v1/previews", about="Xem trước nội dung, số tin và tiền")
templates = blueprint("templates", "/v1/templates", tag="previews")
costs = blueprint("costs", "/v1/costs", about="Chi phí tin nhắn")

Line = Annotated[str, Field(min_length=1, max_length=120)]


class MeetingToPreview(Body):
    """A meeting as it would be convened."""

    kind: MeetingKind
    unit_id: Id
    title: Line
    starts_at: Instant
    ends_at: Instant
    place: Line

    def facts(self) -> MeetingFacts:
        return MeetingFacts(**self.model_dump())


class PreviewBody(Body):
    """A free text, or a meeting whose invitation is to be seen: one of the two."""

    text: Annotated[str, Field(min_length=1, max_length=2000)] | None = None
    meeting: MeetingToPreview | None = None
    recipients: int = Field(default=1, ge=1, le=100_000)

    @model_validator(mode="after")
    def _one_of_them(self) -> PreviewBody:
        if (self.text is None) == (self.meeting is None):
            raise ValueError("give text or meeting, one of the two")
        return self


class WrittenView(BaseModel):
    """An SMS as it would leave, with its parts and prices in đồng."""

    text: str
    encoding: Encoding
    units: int
    parts: int
    price_vnd: int = Field(description="Per recipient")
    total_vnd: int = Field(description="For all recipients")

    @classmethod
    def of(cls, written: Written, recipients: int) -> WrittenView:
        return cls(
            text=written.text,
            encoding=written.size.encoding,
            units=written.size.units,
            parts=written.size.parts,
            price_vnd=written.price_vnd,
            total_vnd=written.price_vnd * recipients,
        )


class PreviewView(BaseModel):
    recipients: int
    without_accents: WrittenView
    with_accents: WrittenView
    sent: str = Field(description="Which of the two this installation sends: `without_accents` or `with_accents`")


class TemplatesView(BaseModel):
    """The messages that this installation can say."""

    items: list[str]


class CostsQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    unit: Id = Field(description="The unit; those below are counted too")
    month: str = Field(pattern=r"^20\d\d-(0[1-9]|1[0-2])$", examples=["2026-06"])


class CostsView(BaseModel):
    """What a month's messages cost, in đồng."""

    unit_id: str
    month: str
    parts: int
    price_vnd: int
    counts: list[CountView]


_WRITTEN = WrittenView(
    text="Doan xa Nong Son moi dong chi Nguyen Thi Hong Nhung du giao ban: Giao ban 6 thang dau nam. 19h30 T7 13/6, "
    "Hoi truong UBND xa. Tra loi 1: du, 2: vang",
    encoding=Encoding.GSM7,
    units=152,
    parts=1,
    price_vnd=850,
    total_vnd=17000,
)


@previews.post("", summary="See text, parts and price before sending", responses={200: PreviewView})
@example(
    request={
        "meeting": {
            "kind": "briefing",
            "unit_id": COMMUNE,
            "title": "Giao ban 6 tháng đầu năm",
            "starts_at": "2026-06-13T19:30:00+07:00",
            "ends_at": "2026-06-13T21:00:00+07:00",
            "place": "Hội trường UBND xã",
        },
        "recipients": 20,
    },
    response=PreviewView(recipients=20, without_accents=_WRITTEN, with_accents=_WRITTEN, sent="without_accents"),
)
def preview(body: PreviewBody) -> Response:
    """Nothing is sent and nothing kept. A meeting's invitation is counted for a person with a long name."""

    def decide(context: Context) -> Outcome[Preview]:
        required("templates.read", context)
        desk = edge().desk
        if body.meeting is not None:
            shown = preview_invitation(body.meeting.facts(), store(), context, desk.composer, desk.policy)
        else:
            shown = preview_text(body.text or "", desk.policy)
        return Outcome(shown)

    def respond(shown: Preview) -> Reply:
        return Reply(
            PreviewView(
                recipients=body.recipients,
                without_accents=WrittenView.of(shown.plain, body.recipients),
                with_accents=WrittenView.of(shown.accented, body.recipients),
                sent="with_accents" if edge().desk.policy.diacritics else "without_accents",
            )
        )

    return run_command(decide, respond)


@templates.get("", summary="The templates", responses={200: TemplatesView})
@example(response=TemplatesView(items=["meeting_cancelled", "meeting_scheduled", "task_assigned"]))
def list_templates() -> Response:
    """By name; each is a folder of services/notifications/templates."""

    def answer(context: Context) -> Reply:
        required("templates.read", context)
        return Reply(TemplatesView(items=list(edge().desk.composer.templates())))

    return run_query(answer)


@costs.get("", summary="What a month's messages cost", responses={200: CostsView})
@example(
    response=CostsView(
        unit_id=COMMUNE,
        month="2026-06",
        parts=412,
        price_vnd=350200,
        counts=[
            CountView(
                channel=Channel.SMS,
                state=State.DELIVERED,
                reason=None,
                reason_text=None,
                deliveries=398,
                parts=412,
                price_vnd=350200,
            )
        ],
    )
)
def read_costs(query: CostsQuery) -> Response:
    """Counts alone, of what the unit and those below it sent in the month (local time)."""

    def answer(context: Context) -> Reply:
        unit_in_reach(store(), context, query.unit, "deliveries.read")
        year, month = (int(part) for part in query.month.split("-"))
        since = datetime(year, month, 1, tzinfo=LOCAL_ZONE)
        until = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=LOCAL_ZONE)
        about = sorted(things_told(store(), query.unit, since, until))
        within = readable(reach_of("deliveries.read", context))
        when = {"created": {"$gte": since, "$lt": until}}
        counts = edge().counter.count({"$and": [{"about": {"$in": about}}, when, within]}) if about else []
        return Reply(
            CostsView(
                unit_id=query.unit,
                month=query.month,
                parts=sum(count.parts for count in counts),
                price_vnd=sum(count.price_vnd for count in counts),
                counts=[CountView.of(count) for count in counts],
            )
        )

    return run_query(answer)
