"""`/v1/model-calendar`: the year of “2 giao, 1 liên kết”, of one commune or of many; and days set by an officer."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Self

from flask import Response
from pydantic import BaseModel, ConfigDict, Field

from chassis.context import Context
from chassis.web.app import blueprint, example
from chassis.web.commands import Reply, run_command, run_query
from chassis.web.fields import Day
from chassis.web.identifiers import Id
from chassis.web.paging import PageQuery, page
from contracts.scheduling_events import MeetingKind
from scheduling.application.organisation import COMMUNE_KINDS, name_on, unit
from scheduling.application.permitted import require_on
from scheduling.application.read_models import UNITS
from scheduling.application.set_day import set_day
from scheduling.application.survey_year import survey_commune, survey_communes
from scheduling.domain.days_off import DayOverride
from scheduling.domain.year_plan import Period, PeriodState, half_years_missed
from scheduling.web.parts import COMMUNE, MEETING, Body, Year, policy, store

calendar = blueprint(
    "model_calendar",
    "/v1/model-calendar",
    tag="model calendar",
    about="Năm của mô hình: 2 giao ban, 12 họp Ban Thường vụ, 12 sinh hoạt liên chi đoàn",
)


class YearQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    unit_id: Id = Field(description="The commune")
    year: Year


class CoverageQuery(PageQuery):
    model_config = ConfigDict(extra="forbid")

    unit_id: Id = Field(description="The province, or a commune")
    year: Year


class DayBody(Body):
    """What a day is for a unit and everything under it: a holiday with this name, or (null) an ordinary day."""

    unit_id: Id
    day: Day
    name: Annotated[str, Field(min_length=1, max_length=120)] | None = None


class PeriodView(BaseModel):
    """A half-year or month `[starts, ends)` in which one meeting of the kind is wanted."""

    kind: MeetingKind
    starts: date
    ends: date
    state: PeriodState
    meeting_ids: list[str]

    @classmethod
    def of(cls, period: Period) -> Self:
        return cls(
            kind=period.kind,
            starts=period.starts,
            ends=period.ends,
            state=period.state,
            meeting_ids=list(period.meeting_ids),
        )


class YearView(BaseModel):
    unit_id: str
    year: int
    periods: list[PeriodView]


class KeptView(BaseModel):
    """How many of the wanted meetings of a kind are done, planned, missing."""

    kind: MeetingKind
    wanted: int
    done: int
    planned: int
    missing: int

    @classmethod
    def of(cls, kind: MeetingKind, periods: list[Period]) -> Self:
        def count(*states: PeriodState) -> int:
            return sum(one.state in states for one in periods)

        return cls(
            kind=kind,
            wanted=len(periods),
            done=count(PeriodState.DONE),
            planned=count(PeriodState.PLANNED, PeriodState.AWAITING_MINUTES),
            missing=count(PeriodState.MISSING),
        )


class CommuneYearView(BaseModel):
    """`half_years_without_briefing`: first days of half-years that passed without a giao ban with minutes."""

    unit_id: str
    unit_name: str
    kept: list[KeptView]
    half_years_without_briefing: list[date]


class CoverageView(BaseModel):
    items: list[CommuneYearView]
    next_cursor: str | None = None


class DayView(BaseModel):
    unit_id: str
    day: date
    name: str | None


_PERIOD = PeriodView(
    kind=MeetingKind.BRIEFING,
    starts=date(2026, 7, 1),
    ends=date(2027, 1, 1),
    state=PeriodState.PLANNED,
    meeting_ids=[MEETING],
)


@calendar.get("", summary="The model's year of a commune", responses={200: YearView})
@example(response=YearView(unit_id=COMMUNE, year=2026, periods=[_PERIOD]))
def year(query: YearQuery) -> Response:
    """26 periods: 2 half-years for giao ban, 12 months each for họp BTV and liên chi đoàn."""

    def answer(context: Context) -> Reply:
        periods = survey_commune(store(), context, policy(), query.unit_id, query.year)
        return Reply(YearView(unit_id=query.unit_id, year=query.year, periods=[PeriodView.of(one) for one in periods]))

    return run_query(answer)


@calendar.get("/coverage", summary="Which communes keep the cycle", responses={200: CoverageView})
@example(
    response=CoverageView(
        items=[
            CommuneYearView(
                unit_id=COMMUNE,
                unit_name="Đoàn xã Nông Sơn",
                kept=[KeptView(kind=MeetingKind.BRIEFING, wanted=2, done=1, planned=1, missing=0)],
                half_years_without_briefing=[],
            )
        ]
    )
)
def coverage(query: CoverageQuery) -> Response:
    """In numbers, for every commune under a unit; and which let a half-year pass without a giao ban."""

    def answer(context: Context) -> Reply:
        above = unit(store(), query.unit_id)
        require_on(context, "meetings.read", above.path, seen_with="units.read", what=("đơn vị", "unit"))
        found = page(
            store(),
            UNITS,
            {"path": query.unit_id, "kind_now": {"$in": sorted(COMMUNE_KINDS)}},
            limit=query.limit,
            cursor=query.cursor,
        )
        years = survey_communes(store(), context, policy(), [one.id for one in found.items], query.year)
        return Reply(
            CoverageView(
                items=[_kept(one.id, name_on(one, context.today), years[one.id]) for one in found.items],
                next_cursor=found.next_cursor,
            )
        )

    return run_query(answer)


@calendar.put("/days", summary="Set a day as holiday or ordinary day", responses={200: DayView})
@example(
    request={"unit_id": COMMUNE, "day": "2027-02-11", "name": "Lễ hội Bà Thu Bồn"},
    response=DayView(unit_id=COMMUNE, day=date(2027, 2, 11), name="Lễ hội Bà Thu Bồn"),
)
def set_a_day(body: DayBody) -> Response:
    """Wins over the official calendar, for the unit and everything under it."""
    return run_command(lambda context: set_day(store(), context, body.unit_id, body.day, body.name), _day_told)


def _day_told(override: DayOverride) -> Reply:
    return Reply(DayView(unit_id=override.unit_id, day=override.day, name=override.name), version=override.version)


def _kept(commune_id: str, name: str, periods: list[Period]) -> CommuneYearView:
    kinds = dict.fromkeys(one.kind for one in periods)
    return CommuneYearView(
        unit_id=commune_id,
        unit_name=name,
        kept=[KeptView.of(kind, [one for one in periods if one.kind is kind]) for kind in kinds],
        half_years_without_briefing=[one.starts for one in half_years_missed(periods)],
    )
