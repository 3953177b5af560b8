"""`/v1/replies`: what people wrote back, above all what no rule understood."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from flask import Response
from pydantic import BaseModel, ConfigDict, Field

from chassis.context import Context
from chassis.web.access_log import record_access
from chassis.web.app import blueprint, example
from chassis.web.commands import Reply, run_query
from chassis.web.identifiers import Id
from chassis.web.paging import Listing, PageQuery, page
from notifications.application.read_models import CONTACTS
from notifications.application.receive_reply import REPLIES, ReplyRow
from notifications.web.parts import PERSON, reach_of, store

replies = blueprint("replies", "/v1/replies", about="Tin trả lời")

Became = Literal["answer", "opt_out", "asked_which", "unclear", "unknown_phone", "nothing_open"]


class RepliesQuery(PageQuery):
    model_config = ConfigDict(extra="forbid")

    became: Became = Field(default="unclear", description="`unclear`: an officer should read it")


class PersonView(BaseModel):
    id: str
    name: str | None


class ReplyView(BaseModel):
    """A reply with whose phone it came from; several people where a family shares one."""

    id: str
    text: str
    became: Became
    received_at: datetime
    people: list[PersonView]
    meeting_id: Id | None
    meaning: Literal["coming", "not_coming"] | None


@replies.get("", summary="Replies, the newest first", responses={200: Listing[ReplyView]})
@example(
    response=Listing[ReplyView](
        items=[
            ReplyView(
                id="5f0c1d2e3a4b5c6d7e8f901234567890",
                text="Toi den tre 15 phut duoc khong?",
                became="unclear",
                received_at=datetime.fromisoformat("2026-06-08T02:10:00+00:00"),
                people=[PersonView(id=PERSON, name="Lê Thị Hoa")],
                meeting_id=None,
                meaning=None,
            )
        ]
    )
)
def list_replies(query: RepliesQuery) -> Response:
    """Of people of one's own units. The read is written to the access log."""

    def answer(context: Context) -> Reply:
        within = reach_of("deliveries.read", context).as_filter(unit="unit_ids", person="person_ids")
        found = page(
            store(),
            REPLIES,
            {"$and": [within, {"became": query.became}]},
            sort=(("received_at", -1), ("_id", -1)),
            limit=query.limit,
            cursor=query.cursor,
        )
        people = sorted({person for row in found.items for person in row.person_ids})
        if people:
            first = found.items[0]
            unit = first.unit_ids[0] if first.unit_ids else first.unit_path[0]
            record_access(context, "deliveries.read", unit, people, unit_path=first.unit_path)
        names = {id: contact.full_name for id, contact in store().get_many(CONTACTS, people).items()}
        return Reply(found.listed(Listing[ReplyView], lambda row: _view(row, names)))

    return run_query(answer)


def _view(row: ReplyRow, names: dict[str, str]) -> ReplyView:
    return ReplyView.model_validate(
        {
            **row.model_dump(include={"id", "text", "became", "received_at", "meeting_id", "meaning"}),
            "people": [PersonView(id=id, name=names.get(id)) for id in row.person_ids],
        }
    )
