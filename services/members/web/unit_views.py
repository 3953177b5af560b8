"""Units as requests and answers say them."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field

from chassis.web.identifiers import Id
from contracts.grammar import grammar
from members.application.change_unit import FactChange, TraitChange
from members.application.create_unit import NewUnit
from members.domain.unit import Unit, UnitFact
from members.web.parts import CITY, CLUSTER, COMMUNE, Body, Day, Decision, Line

ShortName = Annotated[
    str, Field(min_length=1, max_length=30, description="For SMS; without it the name cut to 30 characters")
]
Code = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9.-]{0,19}$", examples=["20656"])]
Kind = Annotated[str, Field(min_length=1, max_length=40, description="A key of `unit_kinds` in GET /v1/grammar")]
Months = Annotated[Literal[1, 3], Field(description="A branch meets monthly, or once in three months with consent")]


class FactView(BaseModel):
    """What a unit was called and where it stood on the days of `[starts, ends)`."""

    name: str
    short_name: str
    code: str | None
    kind: str
    parent_id: str | None
    starts: date
    ends: date | None
    decision: str | None

    @classmethod
    def of(cls, fact: UnitFact) -> Self:
        return cls(**fact.model_dump())


class UnitView(BaseModel):
    """A unit with what held on the day asked for, and all its history in `facts`."""

    id: Id
    version: int
    name: str
    short_name: str
    code: str | None
    kind: str
    kind_name: str = Field(description="The kind in Vietnamese")
    parent_id: str | None
    path: list[str] = Field(description="Ids from the root down to this unit, as the tree stands now")
    clusters: list[str]
    pilot: bool
    meets_every_months: int
    meeting_consent: str | None
    founded: date
    dissolved: date | None
    facts: list[FactView]

    @classmethod
    def of(cls, unit: Unit, on: date) -> Self:
        fact = unit.nearest(on)
        return cls(
            id=unit.id,
            version=unit.version,
            name=fact.name,
            short_name=fact.short_name,
            code=fact.code,
            kind=fact.kind,
            kind_name=grammar().unit_kinds[fact.kind].vi,
            parent_id=fact.parent_id,
            path=list(unit.unit_path),
            clusters=list(unit.clusters),
            pilot=unit.pilot,
            meets_every_months=unit.meets_every_months,
            meeting_consent=unit.meeting_consent,
            founded=unit.founded,
            dissolved=unit.dissolved,
            facts=[FactView.of(one) for one in unit.facts],
        )


class NewUnitBody(Body):
    """A unit to be. `code` is the official one; the unit's identity is an id of its own."""

    kind: Kind
    name: Line
    parent_id: Id
    starts: Day
    short_name: ShortName | None = None
    code: Code | None = None
    decision: Decision | None = None
    clusters: list[Id] = Field(default_factory=list, max_length=20)
    pilot: bool = Field(default=False, description="A branch that the commune leads first (chi đoàn chỉ đạo điểm)")
    meets_every_months: Months = 1
    meeting_consent: Decision | None = Field(
        default=None, description="The document that allows meeting every 3 months"
    )

    def wanted(self) -> NewUnit:
        return NewUnit(**{**dict(self), "clusters": tuple(self.clusters)})


class FactBody(Body):
    """New facts from a day on; what is absent stays as it is."""

    starts: Day
    name: Line | None = None
    short_name: ShortName | None = None
    code: Code | None = None
    kind: Kind | None = None
    parent_id: Id | None = Field(default=None, description="Moves the unit, and all below it")
    decision: Decision | None = None

    def change(self) -> FactChange:
        return FactChange(**dict(self))


class TraitBody(Body):
    """What is absent stays as it is."""

    clusters: list[Id] | None = Field(default=None, max_length=20)
    pilot: bool | None = None
    meets_every_months: Months | None = None
    meeting_consent: Decision | None = None

    def change(self) -> TraitChange:
        clusters = None if self.clusters is None else tuple(self.clusters)
        return TraitChange(clusters, self.pilot, self.meets_every_months, self.meeting_consent)


class DissolveBody(Body):
    on: Day = Field(description="The first day on which the unit no longer exists")
    decision: Decision | None = None


UNIT_EXAMPLE = UnitView(
    id=COMMUNE,
    version=1,
    name="Đoàn xã Nông Sơn",
    short_name="Đoàn xã Nông Sơn",
    code="20656",
    kind="commune",
    kind_name="Đoàn xã / phường",
    parent_id=CITY,
    path=[CITY, COMMUNE],
    clusters=[CLUSTER],
    pilot=False,
    meets_every_months=1,
    meeting_consent=None,
    founded=date(2025, 7, 1),
    dissolved=None,
    facts=[
        FactView(
            name="Đoàn xã Nông Sơn",
            short_name="Đoàn xã Nông Sơn",
            code="20656",
            kind="commune",
            parent_id=CITY,
            starts=date(2025, 7, 1),
            ends=None,
            decision="1659/NQ-UBTVQH15 ngày 16/06/2025",
        )
    ],
)
COMMUNE_EXAMPLE = {
    "kind": "commune",
    "name": "Đoàn xã Nông Sơn",
    "code": "20656",
    "parent_id": CITY,
    "starts": "2025-07-01",
    "decision": "1659/NQ-UBTVQH15 ngày 16/06/2025",
    "clusters": [CLUSTER],
}
BRANCH_EXAMPLE = {
    "kind": "branch",
    "name": "Chi đoàn thôn Trung Hạ",
    "parent_id": COMMUNE,
    "starts": "2025-07-01",
    "pilot": True,
}
