"""`/v1/posts`: who holds which post where, and which posts are vacant (khuyết)."""

from __future__ import annotations

from datetime import date
from typing import Self

from flask import Response
from pydantic import BaseModel, ConfigDict, Field

from chassis.context import Context
from chassis.web.app import blueprint, example
from chassis.web.commands import Reply, run_command, run_query
from chassis.web.conditions import expected_version
from chassis.web.identifiers import Id, IdPath
from chassis.web.paging import Listing, PageQuery, page
from contracts.grammar import grammar
from members.application.appoint import Appointment, appoint
from members.application.collections import PEOPLE, POSTS, UNITS
from members.application.end_post import end_post
from members.application.find_posts import PostsWanted, Vacancy, held_in, posts_wanted, read_post, vacancies
from members.application.find_units import BY_NAME, UnitsWanted, units_by_id, units_in_reach, units_wanted
from members.domain.office import Basis, Post
from members.domain.person import Person
from members.domain.unit import Unit
from members.web.parts import BRANCH, PERSON, POST, Body, Day, Decision, note_access, store

posts = blueprint("posts", "/v1/posts", tag="posts", about="Chức vụ")


class PostView(BaseModel):
    """A post on the days of `[starts, ends)`."""

    id: Id
    version: int
    person_id: str
    person_name: str | None
    unit_id: str
    unit_name: str | None
    post: str = Field(description="A key of `posts` in GET /v1/grammar")
    post_name: str = Field(description="The post in Vietnamese")
    basis: Basis = Field(description="`elected` (bầu), `appointed` (chỉ định), `confirmed` (chuẩn y)")
    decision: str | None
    starts: date
    ends: date | None
    ended_by: str | None

    @classmethod
    def of(cls, post: Post, people: dict[str, Person], units: dict[str, Unit]) -> Self:
        person, unit = people.get(post.person_id), units.get(post.unit_id)
        return cls(
            id=post.id,
            version=post.version,
            person_id=post.person_id,
            person_name=person.full_name if person else None,
            unit_id=post.unit_id,
            unit_name=unit.nearest(post.starts).name if unit else None,
            post=post.post,
            post_name=grammar().posts[post.post].vi,
            basis=post.basis,
            decision=post.decision,
            starts=post.starts,
            ends=post.ends,
            ended_by=post.ended_by,
        )


class VacancyView(BaseModel):
    """A post that nobody holds on the day."""

    unit_id: str
    unit_name: str
    post: str
    post_name: str
    at_most: int | None = Field(description="How many may hold it at once")

    @classmethod
    def of(cls, vacancy: Vacancy, on: date) -> Self:
        post = grammar().posts[vacancy.post]
        return cls(
            unit_id=vacancy.unit.id,
            unit_name=vacancy.unit.nearest(on).name,
            post=vacancy.post,
            post_name=post.vi,
            at_most=post.at_most,
        )


class AppointBody(Body):
    person_id: Id
    unit_id: Id
    post: str = Field(min_length=1, max_length=40, examples=["branch_secretary"])
    basis: Basis
    starts: Day
    ends: Day | None = Field(default=None, description="The first day on which it is no longer held")
    decision: Decision | None = None

    def wanted(self) -> Appointment:
        return Appointment(**dict(self))


class EndBody(Body):
    ends: Day = Field(description="The first day on which it is no longer held")
    decision: Decision | None = None


class PostsQuery(PageQuery):
    """Which posts: those held on the day `as_of`, today without it."""

    model_config = ConfigDict(extra="forbid")

    as_of: Day | None = None
    include_ended: bool = Field(default=False, description="Also posts not held on that day")
    unit_id: Id | None = Field(default=None, description="In exactly this unit")
    under: Id | None = Field(default=None, description="In this unit and everything below it")
    person_id: Id | None = None
    post: str | None = Field(default=None, max_length=40)

    def wanted(self, today: date) -> PostsWanted:
        return PostsWanted(
            on=self.as_of or today,
            ended=self.include_ended,
            unit_id=self.unit_id,
            under=self.under,
            person_id=self.person_id,
            post=self.post,
        )


class VacantQuery(PageQuery):
    """Pages go by units: a page holds the vacancies of `limit` units."""

    model_config = ConfigDict(extra="forbid")

    as_of: Day | None = None
    under: Id | None = Field(default=None, description="Of this unit and everything below it")
    kind: str | None = Field(default=None, max_length=40, description="Of units of this kind")
    post: str | None = Field(default=None, max_length=40, description="Of this post alone")


POST_EXAMPLE = PostView(
    id=POST,
    version=1,
    person_id=PERSON,
    person_name="Nguyễn Thị Hòa",
    unit_id=BRANCH,
    unit_name="Chi đoàn thôn Trung Hạ",
    post="branch_secretary",
    post_name="Bí thư chi đoàn",
    basis=Basis.CONFIRMED,
    decision="09-QĐ/ĐTN ngày 15/9/2025",
    starts=date(2025, 9, 15),
    ends=None,
    ended_by=None,
)
_VACANCY_EXAMPLE = VacancyView(
    unit_id=BRANCH,
    unit_name="Chi đoàn thôn Trung Hạ",
    post="branch_deputy",
    post_name="Phó Bí thư chi đoàn",
    at_most=None,
)


@posts.post("", summary="Appoint a person to a post", responses={201: PostView})
@example(
    request={
        "person_id": PERSON,
        "unit_id": BRANCH,
        "post": "branch_secretary",
        "basis": "confirmed",
        "starts": "2025-09-15",
        "decision": "09-QĐ/ĐTN ngày 15/9/2025",
    },
    response=POST_EXAMPLE,
)
def fill(body: AppointBody) -> Response:
    """The grammar says which posts a kind of unit has and how many may hold each at once; 409 when it is taken."""
    return run_command(
        lambda context: appoint(context, store(), body.wanted()),
        lambda post: Reply(_view(post), status=201, location=f"/v1/posts/{post.id}", version=post.version),
    )


@posts.get("", summary="Posts held on a day", responses={200: Listing[PostView]})
@example(response=Listing[PostView](items=[POST_EXAMPLE]))
def list_posts(query: PostsQuery) -> Response:
    """With the holders' names, which are written to the access log."""

    def answer(context: Context) -> Reply:
        where = posts_wanted(context, query.wanted(context.today))
        found = page(store(), POSTS, where, limit=query.limit, cursor=query.cursor)
        people = store().get_many(PEOPLE, {post.person_id for post in found.items})
        units = units_by_id(store(), (post.unit_id for post in found.items))
        note_access(context, "posts.read", list(people.values()))
        return Reply(found.listed(Listing[PostView], lambda post: PostView.of(post, people, units)))

    return run_query(answer)


@posts.get("/vacant", summary="Vacant posts", responses={200: Listing[VacancyView]})
@example(response=Listing[VacancyView](items=[_VACANCY_EXAMPLE]))
def list_vacant(query: VacantQuery) -> Response:
    """Posts that the grammar knows for a unit and that nobody holds on the day (khuyết)."""

    def answer(context: Context) -> Reply:
        on = query.as_of or context.today
        where, reach = units_wanted(UnitsWanted(on=on, under=query.under, kind=query.kind)), units_in_reach(context)
        units = page(store(), UNITS, where, among=reach, sort=BY_NAME, limit=query.limit, cursor=query.cursor)
        found = vacancies(units.items, held_in(store(), (unit.id for unit in units.items), on), on)
        items = [VacancyView.of(one, on) for one in found if query.post in (None, one.post)]
        return Reply(Listing[VacancyView](items=items, next_cursor=units.next_cursor))

    return run_query(answer)


@posts.get("/<id>", summary="One post", responses={200: PostView})
@example(response=POST_EXAMPLE)
def read(path: IdPath) -> Response:
    """Held now, later or in the past."""

    def answer(context: Context) -> Reply:
        post = read_post(context, store(), path.id)
        note_access(context, "posts.read", list(store().get_many(PEOPLE, [post.person_id]).values()))
        return Reply(_view(post), version=post.version)

    return run_query(answer)


@posts.post("/<id>/end", summary="End a post", responses={200: PostView})
@example(request={"ends": "2026-06-01", "decision": "18-QĐ/ĐTN ngày 25/5/2026"}, response=POST_EXAMPLE)
def end(path: IdPath, body: EndBody) -> Response:
    """From that day on nobody has it, and its former holder's tokens stop carrying its permissions."""
    return run_command(
        lambda context: end_post(
            context, store(), path.id, ends=body.ends, decision=body.decision, expected=expected_version()
        ),
        lambda post: Reply(_view(post), version=post.version),
    )


def _view(post: Post) -> PostView:
    return PostView.of(post, store().get_many(PEOPLE, [post.person_id]), units_by_id(store(), [post.unit_id]))
