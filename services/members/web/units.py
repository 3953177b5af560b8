"""`/v1/units`: the organisation's units with their dated facts."""

from __future__ import annotations

from datetime import date

from flask import Response
from pydantic import ConfigDict, Field

from chassis.context import Context
from chassis.web.app import blueprint, example
from chassis.web.commands import Reply, run_command, run_query
from chassis.web.conditions import expected_version
from chassis.web.identifiers import Id, IdPath
from chassis.web.paging import Listing, PageQuery, page
from members.application.change_unit import change_traits, change_unit, dissolve_unit
from members.application.collections import UNITS
from members.application.create_unit import create_unit
from members.application.find_units import BY_NAME, UnitsWanted, read_unit, units_in_reach, units_wanted
from members.domain.unit import Unit
from members.web.parts import Body, Day, store
from members.web.unit_views import (
    BRANCH_EXAMPLE,
    COMMUNE_EXAMPLE,
    UNIT_EXAMPLE,
    DissolveBody,
    FactBody,
    NewUnitBody,
    TraitBody,
    UnitView,
)

units = blueprint("units", "/v1/units", tag="units", about="Đơn vị: Thành Đoàn, cụm, Đoàn xã, chi đoàn")


class AsOf(Body):
    as_of: Day | None = Field(default=None, description="What held on this day; today without it")


class UnitsQuery(PageQuery):
    """Which units. All conditions are about the day `as_of`, today without it."""

    model_config = ConfigDict(extra="forbid")

    as_of: Day | None = None
    include_ended: bool = Field(default=False, description="Also units that did not exist on that day")
    parent_id: Id | None = Field(default=None, description="Right under this unit")
    under: Id | None = Field(default=None, description="This unit and everything below it")
    kind: str | None = Field(default=None, max_length=40)
    code: str | None = Field(default=None, max_length=20, description="Official code; codes are used anew over time")
    cluster_id: Id | None = None
    q: str | None = Field(
        default=None, max_length=100, description="Words of the name, with or without diacritics: `nong son`"
    )
    pilot: bool | None = None

    def wanted(self, today: date) -> UnitsWanted:
        return UnitsWanted(
            on=self.as_of or today,
            ended=self.include_ended,
            parent_id=self.parent_id,
            under=self.under,
            kind=self.kind,
            code=self.code,
            cluster_id=self.cluster_id,
            text=self.q,
            pilot=self.pilot,
        )


@units.post("", summary="Create a unit", responses={201: UnitView})
@example(request=BRANCH_EXAMPLE, response=UNIT_EXAMPLE, name="branch")
@example(request=COMMUNE_EXAMPLE, response=UNIT_EXAMPLE, name="commune")
def create(body: NewUnitBody) -> Response:
    """A unit under a parent, of a kind that the grammar allows there (GET /v1/grammar)."""
    return run_command(
        lambda context: create_unit(context, store(), body.wanted()),
        lambda unit: Reply(
            UnitView.of(unit, body.starts), status=201, location=f"/v1/units/{unit.id}", version=unit.version
        ),
    )


@units.get("", summary="Units, by name", responses={200: Listing[UnitView]})
@example(response=Listing[UnitView](items=[UNIT_EXAMPLE]))
def list_units(query: UnitsQuery) -> Response:
    """The units that the caller may see and that existed on the day, sorted as the Vietnamese alphabet folds."""

    def answer(context: Context) -> Reply:
        wanted = query.wanted(context.today)
        reach = units_in_reach(context)
        found = page(
            store(), UNITS, units_wanted(wanted), among=reach, sort=BY_NAME, limit=query.limit, cursor=query.cursor
        )
        return Reply(found.listed(Listing[UnitView], lambda unit: UnitView.of(unit, wanted.on)))

    return run_query(answer)


@units.get("/<id>", summary="One unit", responses={200: UnitView})
@example(response=UNIT_EXAMPLE)
def read(path: IdPath, query: AsOf) -> Response:
    """The unit as it was on a day; `facts` holds its whole history."""

    def answer(context: Context) -> Reply:
        unit = read_unit(context, store(), path.id)
        return Reply(UnitView.of(unit, query.as_of or context.today), version=unit.version)

    return run_query(answer)


@units.post("/<id>/facts", summary="Rename, recode or move a unit", responses={200: UnitView})
@example(
    request={"starts": "2026-01-01", "name": "Chi đoàn thôn Trung Hạ 1", "decision": "Số 12-QĐ/ĐTN ngày 20/12/2025"},
    response=UNIT_EXAMPLE,
)
def change(path: IdPath, body: FactBody) -> Response:
    """New facts from a day on; the old ones stay on record. The level above decides.

    A move takes everything below along; lists by the new place follow within seconds, or on the day it begins.
    """
    return run_command(
        lambda context: change_unit(context, store(), path.id, body.change(), expected_version()),
        lambda unit: _told(unit, body.starts),
    )


@units.patch("/<id>", summary="Clusters, pilot flag and rhythm of a unit", responses={200: UnitView})
@example(
    request={"meets_every_months": 3, "meeting_consent": "Công văn số 07-CV/ĐTN ngày 12/9/2025"}, response=UNIT_EXAMPLE
)
def change_traits_of(path: IdPath, body: TraitBody) -> Response:
    """What a unit is beside its facts. The level above decides."""
    return run_command(
        lambda context: change_traits(context, store(), path.id, body.change(), expected_version()),
        lambda unit: _told(unit, unit.facts[-1].starts),
    )


@units.post("/<id>/dissolve", summary="Dissolve a unit", responses={200: UnitView})
@example(request={"on": "2026-07-01", "decision": "Số 30-QĐ/TĐTN ngày 15/6/2026"}, response=UNIT_EXAMPLE)
def dissolve(path: IdPath, body: DissolveBody) -> Response:
    """The unit ends on a day; nothing is deleted. Units below it and people in it must have moved before."""
    return run_command(
        lambda context: dissolve_unit(
            context, store(), path.id, on=body.on, decision=body.decision, expected=expected_version()
        ),
        lambda unit: _told(unit, body.on),
    )


def _told(unit: Unit, on: date) -> Reply:
    return Reply(UnitView.of(unit, on), version=unit.version)
