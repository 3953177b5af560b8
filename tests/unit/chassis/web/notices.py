"""A small API that uses all that the chassis offers: notices that units put up. The web tests call it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Literal

from flask import Response
from flask_openapi3.models.file import FileStorage
from flask_openapi3.openapi import OpenAPI
from pydantic import BaseModel, ConfigDict, Field

from chassis.context import Context
from chassis.failures import Refusal, Unavailable, VersionConflict, missing
from chassis.outcome import Outcome
from chassis.permissions import reach
from chassis.runtime.readiness import ALWAYS_READY, Readiness
from chassis.storage.changes import Changes
from chassis.storage.documents import Document, Index, Kind
from chassis.storage.memory import MemoryStore
from chassis.storage.store import Store
from chassis.web.access_log import record_access
from chassis.web.access_log_routes import access_log_routes
from chassis.web.app import Routes, accepts_up_to, blueprint, create_app, example, public
from chassis.web.authentication import principal
from chassis.web.commands import Reply, run_command, run_query
from chassis.web.conditions import expected_version
from chassis.web.dead_letters import dead_letter_routes
from chassis.web.fields import Day, Instant
from chassis.web.identifiers import Id, IdPath
from chassis.web.paging import Listing, PageQuery, page
from chassis.web.rate_limits import RateLimit
from chassis.web.token_claims import Rights
from tests.support.web import TokenOffice

RIGHTS = Rights(
    posts={
        "secretary": ["notices.read@unit_and_below", "notices.write@unit_and_below", "access-log.read@unit_and_below"],
        "operator": [
            "dead-letters.read@unit_and_below",
            "dead-letters.release@unit_and_below",
            "dead-letters.drop@unit_and_below",
        ],
    },
    everyone=["notices.read@unit"],
    partner_scopes=["notices.read"],
)


class Notice(Document):
    unit_id: str
    unit_path: tuple[str, ...]
    title: str
    code: str | None
    shown_on: date
    at: datetime


NOTICES: Kind[Notice] = Kind("notices", Notice, (Index((("code", 1),), unique=True, only={"code": {"$gt": ""}}),))


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class NewNotice(BaseModel):
    model_config = ConfigDict(extra="forbid")

    unit_id: Id
    title: str = Field(min_length=1, max_length=80)
    shown_on: Day
    at: Instant
    code: str | None = Field(default=None, max_length=20)
    colours: list[Colour] = Field(default_factory=list, max_length=3)
    weight: int = Field(default=1, ge=1, le=10)


class NoticeView(BaseModel):
    id: str
    title: str
    shown_on: date

    @classmethod
    def of(cls, notice: Notice) -> NoticeView:
        return cls(id=notice.id, title=notice.title, shown_on=notice.shown_on)


class NewTitle(BaseModel):
    title: str = Field(min_length=1, max_length=80)


class NoticesQuery(PageQuery):
    model_config = ConfigDict(extra="forbid")

    order: Literal["title", "shown_on"] = "title"
    colour: list[Colour] = Field(default_factory=list)
    since: Day | None = None
    pinned: bool = False


class Sheet(BaseModel):
    file: FileStorage
    note: str | None = None


class Taken(BaseModel):
    size: int
    note: str | None


UNIT = "0190a1b2-0000-7000-8000-0000000000aa"
SHOWN = {"id": "0190a1b2-0000-7000-8000-000000000001", "title": "Ra quân", "shown_on": "2026-03-26"}
NEW = {"unit_id": UNIT, "title": "Ra quân", "shown_on": "2026-03-26", "at": "2026-03-26T19:30:00+07:00"}


def put_up(context: Context, body: NewNotice) -> Outcome[Notice]:
    notice = Notice(
        id=context.new_id(),
        unit_id=body.unit_id,
        unit_path=("root", body.unit_id),
        title=body.title,
        code=body.code,
        shown_on=body.shown_on,
        at=body.at,
    )
    return Outcome(notice, Changes().insert(NOTICES, notice))


def retitle(context: Context, store: Store, id: str, title: str, expected: int | None) -> Outcome[Notice]:
    notice = store.get(NOTICES, id)
    if notice is None:
        raise missing("thông báo", "notice")
    if expected is not None and notice.version != expected:
        raise VersionConflict("notices", id)
    if title == notice.title:
        raise Refusal("same-title", vi="Tiêu đề không đổi.", en="The title is the same.", pointer="/title")
    changed = notice.model_copy(update={"title": title, "version": notice.version + 1})
    return Outcome(changed, Changes().replace(NOTICES, changed))


def notice_routes(store: Store) -> Routes:
    routes = blueprint("notices", "/v1/notices", about="Thông báo")

    @routes.post("", summary="Đăng thông báo", responses={201: NoticeView})
    @example(request=NEW, response=SHOWN)
    def create(body: NewNotice) -> Response:
        return run_command(
            lambda context: put_up(context, body),
            lambda notice: Reply(NoticeView.of(notice), 201, f"/v1/notices/{notice.id}", notice.version),
        )

    @routes.get("", summary="Các thông báo", responses={200: Listing[NoticeView]})
    @example(response={"items": [SHOWN], "next_cursor": None})
    def listed(query: NoticesQuery) -> Response:
        def answer(context: Context) -> Reply:
            where = reach(principal(), "notices.read", context.today).as_filter(person=None)
            found = page(store, NOTICES, where, sort=((query.order, 1),), limit=query.limit, cursor=query.cursor)
            return Reply(found.listed(Listing[NoticeView], NoticeView.of))

        return run_query(answer)

    @routes.get("/<id>", summary="Một thông báo", responses={200: NoticeView})
    @example(response=SHOWN)
    def read(path: IdPath) -> Response:
        def answer(context: Context) -> Reply:
            notice = store.get(NOTICES, path.id)
            if notice is None:
                raise missing("thông báo", "notice")
            record_access(context, "notices.read", notice.unit_id, [notice.id], unit_path=notice.unit_path)
            return Reply(NoticeView.of(notice), version=notice.version)

        return run_query(answer)

    @routes.patch("/<id>", summary="Đổi tiêu đề", responses={200: NoticeView})
    @example(request={"title": "Ra quân sớm"}, response=SHOWN | {"title": "Ra quân sớm"})
    def change(path: IdPath, body: NewTitle) -> Response:
        return run_command(
            lambda context: retitle(context, store, path.id, body.title, expected_version()),
            lambda notice: Reply(NoticeView.of(notice), version=notice.version),
        )

    @routes.post("/<id>/sheets", summary="Tải lên", responses={200: Taken})
    @accepts_up_to(3_000_000)
    @example(response={"size": 3, "note": None})
    def upload(path: IdPath, form: Sheet) -> Response:
        read = form.file.read()
        return run_command(lambda _: Outcome(len(read)), lambda size: Reply(Taken(size=size, note=form.note)))

    return routes


def other_routes() -> Routes:
    routes = blueprint("others", "/v1", about="Những lối khác")
    tries = RateLimit("2/minute")

    @routes.post("/sign-in", summary="Đăng nhập", responses={200: Taken})
    @public
    @example(request={"title": "a"}, response={"size": 1, "note": None})
    def sign_in(body: NewTitle) -> Response:
        tries.spend(body.title)
        return run_command(lambda _: Outcome(1), lambda size: Reply(Taken(size=size, note=None)))

    @routes.get("/broken", summary="Hỏng", responses={200: Taken})
    @example(response={"size": 1, "note": None})
    def broken() -> Response:
        raise RuntimeError("the inside of this service")

    @routes.get("/away", summary="Vắng", responses={200: Taken})
    @example(response={"size": 1, "note": None})
    def away() -> Response:
        raise Unavailable("MongoDB: AutoReconnect")

    return routes


def notices_app(
    store: Store | None = None, office: TokenOffice | None = None, readiness: Readiness = ALWAYS_READY
) -> tuple[OpenAPI, Store, TokenOffice]:
    store = store or MemoryStore()
    office = office or TokenOffice(RIGHTS)
    app = create_app(
        service="notices",
        title="Thông báo",
        description="Thử khung web",
        store=store,
        authenticator=office.authenticator(),
        readiness=readiness,
        blueprints=[notice_routes(store), other_routes(), dead_letter_routes(), access_log_routes()],
    )
    return app, store, office


def a_notice(id: str, title: str, *, unit: str = UNIT, shown_on: str = "2026-03-26", code: str | None = None) -> Notice:
    return Notice(
        id=id,
        unit_id=unit,
        unit_path=("root", unit),
        title=title,
        code=code,
        shown_on=date.fromisoformat(shown_on),
        at=datetime(2026, 3, 26, tzinfo=UTC),
    )
