"""Who read whose data: the access log, for those who keep watch over a unit (Ủy ban Kiểm tra, thường trực)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Response
from pydantic import BaseModel, Field

from chassis.context import Context
from chassis.permissions import reach
from chassis.storage.documents import Filter
from chassis.web.access_log import ACCESS_LOG, AccessRow
from chassis.web.authentication import principal
from chassis.web.commands import Reply, run_query
from chassis.web.identifiers import Id
from chassis.web.paging import Listing, PageQuery, page
from chassis.web.routes import Routes, blueprint, example
from chassis.web.surroundings import surroundings

VERB = "access-log.read"

_SHOWN = {
    "id": "0190a1b2-0000-7000-8000-00000000000a",
    "at": "2026-03-26T12:30:00Z",
    "account_id": "0190a1b2-0000-7000-8000-00000000000b",
    "person_id": "0190a1b2-0000-7000-8000-00000000000c",
    "what": "people.read",
    "unit_id": "0190a1b2-0000-7000-8000-00000000000d",
    "people": ["0190a1b2-0000-7000-8000-00000000000e"],
    "count": 1,
}


class AccessQuery(PageQuery):
    person: Id | None = Field(default=None, description="Only reads of this person's data")


class AccessView(BaseModel):
    """One read: who (account and person), what verb, in which unit, whose data, when."""

    id: str
    at: datetime
    account_id: str
    person_id: str | None
    what: str
    unit_id: str
    people: list[str]
    count: int

    @classmethod
    def of(cls, row: AccessRow) -> AccessView:
        return cls.model_validate(row, from_attributes=True)


def access_log_routes() -> Routes:
    """/v1/access-log for a service. Verb: access-log.read; rows of the units that it reaches, newest first."""
    routes = blueprint("access_log", "/v1/access-log", about="Nhật ký truy cập dữ liệu cá nhân")

    @routes.get("", summary="Ai đã xem dữ liệu của ai", responses={200: Listing[AccessView]})
    @example(response={"items": [_SHOWN], "next_cursor": None})
    def list_reads(query: AccessQuery) -> Response:
        """Reads of personal data in this service, newest first; kept for two years, never changed."""

        def answer(context: Context) -> Reply:
            parts: list[Any] = [reach(principal(), VERB, context.today).as_filter(person=None)]
            if query.person is not None:
                parts.append({"people": query.person})
            where: Filter = {"$and": parts}
            store = surroundings().store
            found = page(store, ACCESS_LOG, where, sort=(("_id", -1),), limit=query.limit, cursor=query.cursor)
            return Reply(found.listed(Listing[AccessView], AccessView.of))

        return run_query(answer)

    return routes
