"""`/v1/access-log`: who was shown whose personal data in this service."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from flask import Response
from pydantic import BaseModel, ConfigDict, Field

from chassis.context import Context
from chassis.storage.documents import Filter
from chassis.web.access_log import ACCESS_LOG, AccessRow
from chassis.web.app import blueprint, example
from chassis.web.commands import Reply, run_query
from chassis.web.identifiers import Id
from chassis.web.paging import Listing, PageQuery, page
from members.application.authority import within
from members.web.parts import ACCOUNT, BRANCH, PERSON, store

access_log = blueprint("access_log", "/v1/access-log", tag="access log", about="Nhật ký truy cập dữ liệu cá nhân")


class AccessView(BaseModel):
    """One read. Of lists, `people` are those shown; of imports, `count` says how many rows."""

    id: str
    at: datetime
    account_id: str
    by_person_id: str | None
    what: str = Field(description="The verb of the read")
    unit_id: str
    people: list[str]
    count: int

    @classmethod
    def of(cls, row: AccessRow) -> Self:
        return cls(
            **row.model_dump(include={"id", "at", "account_id", "what", "unit_id", "people", "count"}),
            by_person_id=row.person_id,
        )


class AccessQuery(PageQuery):
    model_config = ConfigDict(extra="forbid")

    person_id: Id | None = Field(default=None, description="Whose data was shown")
    account_id: Id | None = Field(default=None, description="To whom")
    under: Id | None = Field(default=None, description="Of people of this unit and everything below it")


_EXAMPLE = AccessView(
    id="0190a1b2-0000-7000-8000-000000000701",
    at=datetime.fromisoformat("2026-11-20T02:00:00Z"),
    account_id=ACCOUNT,
    by_person_id=PERSON,
    what="people.read",
    unit_id=BRANCH,
    people=[PERSON],
    count=1,
)


@access_log.get("", summary="Reads of personal data, latest first", responses={200: Listing[AccessView]})
@example(response=Listing[AccessView](items=[_EXAMPLE]))
def list_reads(query: AccessQuery) -> Response:
    """Of the units whose log the caller may read. Rows are kept for two years and never changed."""

    def answer(context: Context) -> Reply:
        parts: list[Filter] = [within(context, "access-log.read")]
        told = {"people": query.person_id, "account_id": query.account_id, "unit_path": query.under}
        parts.extend({name: value} for name, value in told.items() if value is not None)
        found = page(store(), ACCESS_LOG, {"$and": parts}, sort=(("_id", -1),), limit=query.limit, cursor=query.cursor)
        return Reply(found.listed(Listing[AccessView], AccessView.of))

    return run_query(answer)
