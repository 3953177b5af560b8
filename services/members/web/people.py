"""`/v1/people`: people, where they belong, how to reach them. Every read is written to the access log."""

from __future__ import annotations

from datetime import date

from flask import Response
from pydantic import ConfigDict, Field

from chassis.context import Context
from chassis.web.app import blueprint, example
from chassis.web.commands import Reply, run_command, run_query
from chassis.web.conditions import expected_version
from chassis.web.idempotency import idempotency_key
from chassis.web.identifiers import Id, IdPath
from chassis.web.paging import DEFAULT_LIMIT, MAX_LIMIT, Listing, PageQuery, page
from members.application.collections import PEOPLE
from members.application.edit_person import (
    change_standing,
    edit_person,
    join_branch,
    leave_branch,
    replace_contact_points,
    replace_refusals,
)
from members.application.erase_person import erase_person
from members.application.find_people import (
    BY_GIVEN_NAME,
    PeopleWanted,
    may_see_contacts,
    people_in_reach,
    people_wanted,
    read_person,
)
from members.application.find_units import units_by_id
from members.application.register_person import register_person
from members.domain.person import Person, Standing
from members.domain.unit import Unit
from members.web.parts import BRANCH, Body, Day, note_access, store
from members.web.person_views import (
    NEW_PERSON_EXAMPLE,
    PERSON_EXAMPLE,
    ROW_EXAMPLE,
    LeaveBody,
    MembershipBody,
    NewPersonBody,
    PersonBody,
    PersonRow,
    PersonView,
    PointsBody,
    RefusalsBody,
    StandingBody,
)

_ABOUT = "Đoàn viên, thanh niên"
people = blueprint("people", "/v1/people", tag="people", about=_ABOUT)
people_search = blueprint("people_search", "/v1/people-search", tag="people", about=_ABOUT)

_LIST_EXAMPLE = Listing[PersonRow](items=[ROW_EXAMPLE])


class PeopleQuery(PageQuery):
    """Which people: those who belong on the day `as_of`, today without it."""

    model_config = ConfigDict(extra="forbid")

    as_of: Day | None = None
    include_ended: bool = Field(default=False, description="Also people who did not belong on that day")
    unit_id: Id | None = Field(default=None, description="Of this unit and everything below it")
    kind: Standing | None = None
    works_away: bool | None = None

    def wanted(self, today: date) -> PeopleWanted:
        return PeopleWanted(
            on=self.as_of or today,
            ended=self.include_ended,
            unit_id=self.unit_id,
            kind=self.kind,
            works_away=self.works_away,
        )


class SearchBody(Body):
    """What is looked for. Names stand in the body, since addresses end up in logs."""

    q: str = Field(
        min_length=1, max_length=100, description="Words of the name, or how the given name begins; marks don't matter"
    )
    unit_id: Id | None = None
    include_ended: bool = False
    limit: int = Field(default=DEFAULT_LIMIT, ge=1, le=MAX_LIMIT)
    cursor: str | None = Field(default=None, max_length=200)

    def wanted(self, today: date) -> PeopleWanted:
        return PeopleWanted(on=today, ended=self.include_ended, unit_id=self.unit_id, text=self.q)


@people.post("", summary="Register a person", responses={201: PersonView})
@example(request=NEW_PERSON_EXAMPLE, response=PERSON_EXAMPLE)
def register(body: NewPersonBody) -> Response:
    """A person who belongs to a branch. Telephones may be written in any way; old 11-digit ones are migrated."""
    return run_command(
        lambda context: register_person(context, store(), body.wanted()),
        lambda person: _told(person, status=201, location=f"/v1/people/{person.id}"),
    )


@people.get("", summary="People, by given name", responses={200: Listing[PersonRow]})
@example(response=_LIST_EXAMPLE)
def list_people(query: PeopleQuery) -> Response:
    """Those whom the caller may read, by post or portfolio, and oneself. To look for a name: POST /v1/people-search."""
    return run_query(lambda context: _listed(context, query.wanted(context.today), query.limit, query.cursor))


@people_search.post("", summary="Look for people by name", responses={200: Listing[PersonRow]})
@example(request={"q": "hoa", "unit_id": BRANCH}, response=_LIST_EXAMPLE)
def search(body: SearchBody) -> Response:
    """`hoa` finds Hòa, Hoà and Hóa; `nguyen hoa` finds Nguyễn Thị Hòa. Changes nothing: the answer is always fresh."""
    idempotency_key()  # there must be one on every POST
    return run_query(lambda context: _listed(context, body.wanted(context.today), body.limit, body.cursor))


@people.get("/<id>", summary="One person", responses={200: PersonView})
@example(response=PERSON_EXAMPLE)
def read(path: IdPath) -> Response:
    """The person; `contacts` for who may see how to reach them."""

    def answer(context: Context) -> Reply:
        person, units = read_person(context, store(), path.id)
        contacts = may_see_contacts(context, person, units)
        note_access(context, "contacts.read" if contacts else "people.read", [person])
        view = PersonView.told(person, units, context.today, contacts=contacts)
        return Reply(view, version=person.version)

    return run_query(answer)


@people.patch("/<id>", summary="Correct a person's data", responses={200: PersonView})
@example(request={"works_away": True}, response=PERSON_EXAMPLE)
def edit(path: IdPath, body: PersonBody) -> Response:
    """Name, birth, sex, whether they work or study away."""
    return run_command(lambda context: edit_person(context, store(), path.id, body.change(), expected_version()), _told)


@people.put("/<id>/contact-points", summary="Replace the ways to reach a person", responses={200: PersonView})
@example(request={"points": NEW_PERSON_EXAMPLE["points"]}, response=PERSON_EXAMPLE)
def put_contact_points(path: IdPath, body: PointsBody) -> Response:
    """All of them, the first first. Everyone may do this for themselves."""
    given = [(point.channel, point.address) for point in body.points]
    return run_command(
        lambda context: replace_contact_points(context, store(), path.id, given, expected_version()), _told
    )


@people.put("/<id>/refusals", summary="Replace the channels a person refuses", responses={200: PersonView})
@example(request={"refused": ["sms"]}, response=PERSON_EXAMPLE)
def put_refusals(path: IdPath, body: RefusalsBody) -> Response:
    """All of them; messages on these channels stop at once. Everyone may do this for themselves."""
    return run_command(
        lambda context: replace_refusals(context, store(), path.id, body.refused, expected_version()), _told
    )


@people.post("/<id>/memberships", summary="Add a membership", responses={200: PersonView})
@example(
    request={"unit_id": BRANCH, "kind": "member", "starts": "2026-01-01"},
    response=PERSON_EXAMPLE,
)
def join(path: IdPath, body: MembershipBody) -> Response:
    """The person belongs to one more branch from a day on."""
    return run_command(
        lambda context: join_branch(context, store(), path.id, body.membership(), expected_version()), _told
    )


@people.post("/<id>/memberships/end", summary="End a membership", responses={200: PersonView})
@example(request={"unit_id": BRANCH, "ends": "2026-06-01"}, response=PERSON_EXAMPLE)
def leave(path: IdPath, body: LeaveBody) -> Response:
    """From a day on the person no longer belongs to the branch; it stays on record that they did."""
    return run_command(
        lambda context: leave_branch(
            context, store(), path.id, unit_id=body.unit_id, ends=body.ends, expected=expected_version()
        ),
        _told,
    )


@people.post("/<id>/memberships/standing", summary="Admit to the Union", responses={200: PersonView})
@example(request={"unit_id": BRANCH, "kind": "member", "starts": "2026-03-26"}, response=PERSON_EXAMPLE)
def stand(path: IdPath, body: StandingBody) -> Response:
    """From a day on the person belongs to the branch as a member (kết nạp), or as one of its youth."""
    return run_command(
        lambda context: change_standing(
            context,
            store(),
            path.id,
            unit_id=body.unit_id,
            kind=body.kind,
            starts=body.starts,
            expected=expected_version(),
        ),
        _told,
    )


@people.delete("/<id>", summary="Erase a person's data", responses={204: None})
def erase(path: IdPath) -> Response:
    """For good, here and in every service that has copies. Posts held stay on record with a bare id."""
    return run_command(
        lambda context: erase_person(context, store(), path.id, expected_version()), lambda _: Reply(status=204)
    )


def _listed(context: Context, wanted: PeopleWanted, limit: int, cursor: str | None) -> Reply:
    where, reach = people_wanted(wanted), people_in_reach(context)
    found = page(store(), PEOPLE, where, among=reach, sort=BY_GIVEN_NAME, limit=limit, cursor=cursor)
    units = _units_of(found.items)
    note_access(context, "people.read", found.items)
    return Reply(found.listed(Listing[PersonRow], lambda person: PersonRow.of(person, units, wanted.on)))


def _told(person: Person, *, status: int = 200, location: str | None = None) -> Reply:
    """The person to whom just changed them."""
    day = person.memberships[-1].starts if person.memberships else date.max
    view = PersonView.told(person, _units_of([person]), day, contacts=True)
    return Reply(view, status=status, location=location, version=person.version)


def _units_of(listed: list[Person]) -> dict[str, Unit]:
    return units_by_id(store(), (one.unit_id for person in listed for one in person.memberships))
