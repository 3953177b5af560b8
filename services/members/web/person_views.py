"""People as requests and answers say them."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Self

from pydantic import BaseModel, Field

from chassis.web.identifiers import Id
from members.application.edit_person import PersonChange
from members.application.register_person import MOST_POINTS, NewPerson
from members.domain.person import Channel, Membership, Person, Sex, Standing
from members.domain.unit import Unit
from members.web.parts import BRANCH, PERSON, Body, Day, Line

BirthYear = Annotated[int, Field(ge=1900, le=2100, description="Where only the year is known")]


class MembershipView(BaseModel):
    """Belonging to a branch on the days of `[starts, ends)`."""

    unit_id: str
    unit_name: str | None
    kind: Standing = Field(description="`member` (đoàn viên) or `youth` (thanh niên ngoài Đoàn)")
    starts: date
    ends: date | None

    @classmethod
    def of(cls, membership: Membership, units: dict[str, Unit], on: date) -> Self:
        unit = units.get(membership.unit_id)
        return cls(
            unit_id=membership.unit_id,
            unit_name=unit.nearest(on).name if unit else None,
            kind=membership.kind,
            starts=membership.starts,
            ends=membership.ends,
        )


class PersonRow(BaseModel):
    """A person in a list."""

    id: Id
    version: int
    full_name: str
    birth_date: date | None
    birth_year: int | None
    sex: Sex | None
    works_away: bool
    memberships: list[MembershipView]

    @classmethod
    def of(cls, person: Person, units: dict[str, Unit], on: date) -> Self:
        return cls(**_common(person, units, on))


class PointView(BaseModel):
    """A way to reach a person that messages use: SMS as E.164, e-mail in lower case."""

    channel: Channel
    address: str
    verified_on: date | None


class ContactsView(BaseModel):
    points: list[PointView]
    other_phones: list[str] = Field(description="Known but not used for messages: landlines, second numbers")
    refused: list[Channel] = Field(description="Channels on which the person wants no messages")


class PersonView(PersonRow):
    """A person. `contacts` is null for who may not see how to reach them."""

    contacts: ContactsView | None

    @classmethod
    def told(cls, person: Person, units: dict[str, Unit], on: date, *, contacts: bool) -> Self:
        return cls(**_common(person, units, on), contacts=_contacts(person) if contacts else None)


def _common(person: Person, units: dict[str, Unit], on: date) -> dict[str, object]:
    return {
        "id": person.id,
        "version": person.version,
        "full_name": person.full_name,
        "birth_date": person.birth_date,
        "birth_year": person.birth_year,
        "sex": person.sex,
        "works_away": person.works_away,
        "memberships": [MembershipView.of(one, units, on) for one in person.memberships],
    }


def _contacts(person: Person) -> ContactsView:
    return ContactsView(
        points=[PointView(**point.model_dump()) for point in person.points],
        other_phones=list(person.other_phones),
        refused=list(person.refused),
    )


class PointBody(Body):
    channel: Channel
    address: str = Field(
        min_length=3, max_length=254, description="A mobile number in any spelling, or an e-mail address"
    )


class NewPersonBody(Body):
    full_name: Line
    unit_id: Id = Field(description="The branch the person belongs to")
    kind: Standing
    starts: Day = Field(description="Since when")
    birth_date: Day | None = None
    birth_year: BirthYear | None = None
    sex: Sex | None = None
    points: list[PointBody] = Field(default_factory=list, max_length=MOST_POINTS)
    works_away: bool = False

    def wanted(self) -> NewPerson:
        points = tuple((point.channel, point.address) for point in self.points)
        return NewPerson(**{**dict(self), "points": points})


class PersonBody(Body):
    """What is absent stays as it is. A `birth_year` alone takes a wrong `birth_date` away."""

    full_name: Line | None = None
    birth_date: Day | None = None
    birth_year: BirthYear | None = None
    sex: Sex | None = None
    works_away: bool | None = None

    def change(self) -> PersonChange:
        return PersonChange(**dict(self))


class PointsBody(Body):
    points: list[PointBody] = Field(max_length=MOST_POINTS, description="All ways to reach the person, the first first")


class RefusalsBody(Body):
    refused: list[Channel] = Field(max_length=2, description="All channels that the person refuses")


class MembershipBody(Body):
    unit_id: Id
    kind: Standing
    starts: Day
    ends: Day | None = None

    def membership(self) -> Membership:
        return Membership(**dict(self))


class LeaveBody(Body):
    unit_id: Id
    ends: Day = Field(description="The first day on which the person no longer belongs to it")


class StandingBody(Body):
    unit_id: Id
    kind: Standing
    starts: Day = Field(description="From when on")


PERSON_EXAMPLE = PersonView(
    id=PERSON,
    version=1,
    full_name="Nguyễn Thị Hòa",
    birth_date=date(2004, 3, 12),
    birth_year=2004,
    sex=Sex.FEMALE,
    works_away=False,
    memberships=[
        MembershipView(
            unit_id=BRANCH,
            unit_name="Chi đoàn thôn Trung Hạ",
            kind=Standing.MEMBER,
            starts=date(2025, 7, 1),
            ends=None,
        )
    ],
    contacts=ContactsView(
        points=[
            PointView(channel=Channel.SMS, address="+84590100101", verified_on=None),
            PointView(channel=Channel.EMAIL, address="hoa.nguyen@thanhnien.example", verified_on=None),
        ],
        other_phones=[],
        refused=[],
    ),
)
ROW_EXAMPLE = PersonRow(**PERSON_EXAMPLE.model_dump(exclude={"contacts"}))
NEW_PERSON_EXAMPLE = {
    "full_name": "Nguyễn Thị Hòa",
    "unit_id": BRANCH,
    "kind": "member",
    "starts": "2025-07-01",
    "birth_date": "2004-03-12",
    "sex": "female",
    "points": [
        {"channel": "sms", "address": "0590 100 101"},
        {"channel": "email", "address": "hoa.nguyen@thanhnien.example"},
    ],
}
