"""`/v1/portfolios`: which committee member is in charge of which branch."""

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
from members.application.collections import PEOPLE, PORTFOLIOS, UNITS
from members.application.find_units import BY_NAME, UnitsWanted, units_by_id, units_in_reach, units_wanted
from members.application.give_portfolio import (
    NewPortfolio,
    PortfoliosWanted,
    branches_in_nobodys_charge,
    end_portfolio,
    give_portfolio,
    portfolios_wanted,
)
from members.domain.person import Person
from members.domain.portfolio import Portfolio
from members.domain.unit import Unit
from members.web.parts import BRANCH, COMMUNE, PERSON, PORTFOLIO, Body, Day, Decision, note_access, store
from members.web.unit_views import UNIT_EXAMPLE, UnitView

portfolios = blueprint("portfolios", "/v1/portfolios", tag="portfolios", about="Phân công phụ trách chi đoàn")


class PortfolioView(BaseModel):
    """A branch in a member's charge on the days of `[starts, ends)`."""

    id: Id
    version: int
    person_id: str
    person_name: str | None
    commune_id: str
    branch_id: str
    branch_name: str | None
    starts: date
    ends: date | None
    decision: str | None

    @classmethod
    def of(cls, portfolio: Portfolio, people: dict[str, Person], units: dict[str, Unit]) -> Self:
        person, branch = people.get(portfolio.person_id), units.get(portfolio.branch_id)
        return cls(
            **portfolio.model_dump(exclude={"unit_path"}),
            person_name=person.full_name if person else None,
            branch_name=branch.nearest(portfolio.starts).name if branch else None,
        )


class GiveBody(Body):
    person_id: Id = Field(description="Of the standing committee of the branch's commune")
    branch_id: Id
    starts: Day
    decision: Decision | None = None

    def wanted(self) -> NewPortfolio:
        return NewPortfolio(**dict(self))


class EndBody(Body):
    ends: Day = Field(description="The first day on which the branch is in nobody's charge")


class PortfoliosQuery(PageQuery):
    """Which portfolios: those that hold on the day `as_of`, today without it."""

    model_config = ConfigDict(extra="forbid")

    as_of: Day | None = None
    include_ended: bool = Field(default=False, description="Also portfolios that don't hold on that day")
    under: Id | None = Field(default=None, description="Of branches of this unit and everything below it")
    branch_id: Id | None = None
    person_id: Id | None = None

    def wanted(self, today: date) -> PortfoliosWanted:
        return PortfoliosWanted(
            on=self.as_of or today,
            ended=self.include_ended,
            under=self.under,
            branch_id=self.branch_id,
            person_id=self.person_id,
        )


class UngivenQuery(PageQuery):
    """Pages go by branches: a page looks at `limit` branches and shows those in nobody's charge."""

    model_config = ConfigDict(extra="forbid")

    as_of: Day | None = None
    under: Id | None = Field(default=None, description="Of this unit and everything below it")


PORTFOLIO_EXAMPLE = PortfolioView(
    id=PORTFOLIO,
    version=1,
    person_id=PERSON,
    person_name="Nguyễn Thị Hòa",
    commune_id=COMMUNE,
    branch_id=BRANCH,
    branch_name="Chi đoàn thôn Trung Hạ",
    starts=date(2025, 10, 1),
    ends=None,
    decision="04-TB/ĐTN ngày 30/9/2025",
)


@portfolios.post("", summary="Put a member in charge of a branch", responses={201: PortfolioView})
@example(
    request={
        "person_id": PERSON,
        "branch_id": BRANCH,
        "starts": "2025-10-01",
        "decision": "04-TB/ĐTN ngày 30/9/2025",
    },
    response=PORTFOLIO_EXAMPLE,
)
def give(body: GiveBody) -> Response:
    """From that day on this member alone is in charge; whoever was before ends that day."""
    return run_command(
        lambda context: give_portfolio(context, store(), body.wanted()),
        lambda given: Reply(
            _view(given), status=201, location=f"/v1/portfolios?branch_id={given.branch_id}", version=given.version
        ),
    )


@portfolios.get("", summary="Portfolios on a day", responses={200: Listing[PortfolioView]})
@example(response=Listing[PortfolioView](items=[PORTFOLIO_EXAMPLE]))
def list_portfolios(query: PortfoliosQuery) -> Response:
    """Who is in charge of which branch."""

    def answer(context: Context) -> Reply:
        where = portfolios_wanted(context, query.wanted(context.today))
        found = page(store(), PORTFOLIOS, where, limit=query.limit, cursor=query.cursor)
        people = store().get_many(PEOPLE, {one.person_id for one in found.items})
        units = units_by_id(store(), (one.branch_id for one in found.items))
        note_access(context, "posts.read", list(people.values()))
        return Reply(found.listed(Listing[PortfolioView], lambda one: PortfolioView.of(one, people, units)))

    return run_query(answer)


@portfolios.get("/ungiven", summary="Branches in nobody's charge", responses={200: Listing[UnitView]})
@example(response=Listing[UnitView](items=[UNIT_EXAMPLE]))
def list_ungiven(query: UngivenQuery) -> Response:
    """Each branch should be in exactly one member's charge: these are in nobody's on the day."""

    def answer(context: Context) -> Reply:
        on = query.as_of or context.today
        where, reach = units_wanted(UnitsWanted(on=on, under=query.under, kind="branch")), units_in_reach(context)
        branches = page(store(), UNITS, where, among=reach, sort=BY_NAME, limit=query.limit, cursor=query.cursor)
        found = branches_in_nobodys_charge(store(), branches.items, on)
        items = [UnitView.of(branch, on) for branch in found]
        return Reply(Listing[UnitView](items=items, next_cursor=branches.next_cursor))

    return run_query(answer)


@portfolios.post("/<id>/end", summary="End a portfolio", responses={200: PortfolioView})
@example(request={"ends": "2026-06-01"}, response=PORTFOLIO_EXAMPLE)
def end(path: IdPath, body: EndBody) -> Response:
    """Without handing the branch to another; that is done by giving it."""
    return run_command(
        lambda context: end_portfolio(context, store(), path.id, ends=body.ends, expected=expected_version()),
        lambda ended: Reply(_view(ended), version=ended.version),
    )


def _view(portfolio: Portfolio) -> PortfolioView:
    people = store().get_many(PEOPLE, [portfolio.person_id])
    return PortfolioView.of(portfolio, people, units_by_id(store(), [portfolio.branch_id]))
