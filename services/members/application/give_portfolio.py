"""Put a committee member in charge of a branch (giao phụ trách chi đoàn), and take it back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from chassis.context import Context
from chassis.failures import Refusal, missing
from chassis.messaging.outbox import publish
from chassis.outcome import Outcome
from chassis.storage.changes import Changes
from chassis.storage.documents import Filter
from chassis.storage.store import Store
from contracts.grammar import grammar
from contracts.members_events import PortfolioGiven
from members.application.authority import PORTFOLIO, UNIT, as_read, at, demand, of_unit, within
from members.application.collections import CHARGES, PORTFOLIOS, POSTS
from members.application.end_post import void_tokens
from members.application.find_people import person_to
from members.application.find_units import the_unit
from members.application.states import tell_portfolio
from members.domain.portfolio import Charge, Portfolio, Turn, handed_over, laid_down
from members.domain.spans import holding, in_force, revised
from members.domain.unit import Unit


@dataclass(frozen=True)
class NewPortfolio:
    person_id: str
    branch_id: str
    starts: date
    decision: str | None = None


@dataclass(frozen=True)
class PortfoliosWanted:
    """What a list of portfolios is narrowed by. `ended` takes those that do not hold on `on` too."""

    on: date
    ended: bool = False
    under: str | None = None
    branch_id: str | None = None
    person_id: str | None = None


def give_portfolio(context: Context, store: Store, wanted: NewPortfolio) -> Outcome[Portfolio]:
    """The branch in this member's charge from a day on; a former one's turn ends that day.

    Raises Refusal unless the member is of the standing committee of the branch's commune on that day.
    """
    branch = the_unit(store, wanted.branch_id)
    demand(context, "portfolios.assign", of_unit(branch), seen_with="posts.read", what=UNIT)
    person, _ = person_to(context, store, wanted.person_id, "people.read")
    commune_id = _commune_of(branch, wanted.starts)
    _check_committee(store, person.id, commune_id, wanted.starts)
    id = context.new_id()
    stored = store.get(CHARGES, branch.id)
    turn = Turn(portfolio_id=id, person_id=person.id, starts=wanted.starts)
    charge, former = handed_over(stored or Charge(id=branch.id, version=0), turn)
    portfolio = Portfolio(
        id=id,
        person_id=person.id,
        commune_id=commune_id,
        branch_id=branch.id,
        unit_path=branch.unit_path,
        starts=wanted.starts,
        decision=wanted.decision,
    )
    changes = Changes().insert(PORTFOLIOS, portfolio)
    (changes.replace if stored else changes.insert)(CHARGES, charge)
    if former is not None:
        _end_former(context, store, former, changes)
    tell_portfolio(changes, context, portfolio)
    event = PortfolioGiven(portfolio_id=id, person_id=person.id, branch_id=branch.id, starts=wanted.starts)
    return Outcome(portfolio, publish(changes, context.message(event, key=id, sequence=portfolio.version)))


def end_portfolio(context: Context, store: Store, id: str, *, ends: date, expected: int | None) -> Outcome[Portfolio]:
    """The portfolio ended; `ends` is the first day on which the branch is in nobody's charge."""
    portfolio = store.get(PORTFOLIOS, id)
    if portfolio is None:
        raise missing(*PORTFOLIO)
    targets = at(portfolio.unit_path, portfolio.person_id)
    demand(context, "portfolios.assign", targets, seen_with="posts.read", what=PORTFOLIO)
    as_read(portfolio, PORTFOLIOS, expected)
    if portfolio.ends is not None or ends < portfolio.starts:
        raise Refusal(
            "portfolio-not-open",
            vi="Phân công này đã kết thúc, hoặc bắt đầu sau ngày đó.",
            en="The portfolio has ended, or begins after that day.",
            because="conflict",
        )
    changes = Changes()
    ended = ended_portfolio(context, portfolio, ends, changes)
    if (charge := store.get(CHARGES, portfolio.branch_id)) is not None:
        changes.replace(CHARGES, laid_down(charge, portfolio.id, ends))
    if ends <= context.today:
        void_tokens(context, store, portfolio.person_id, changes)
    return Outcome(ended, changes)


def ended_portfolio(context: Context, portfolio: Portfolio, ends: date, changes: Changes) -> Portfolio:
    """Add the ended portfolio and what is told of it; return it."""
    ended = revised(portfolio, ends=ends)
    tell_portfolio(changes.replace(PORTFOLIOS, ended), context, ended)
    return ended


def portfolios_wanted(context: Context, wanted: PortfoliosWanted) -> Filter:
    parts: list[Filter] = [within(context, "posts.read", unit="branch_id", person=None)]
    if not wanted.ended:
        parts.append(in_force(wanted.on))
    told = {"unit_path": wanted.under, "branch_id": wanted.branch_id, "person_id": wanted.person_id}
    parts.extend({name: value} for name, value in told.items() if value is not None)
    return parts[0] if len(parts) == 1 else {"$and": parts}


def branches_in_nobodys_charge(store: Store, branches: list[Unit], on: date) -> list[Unit]:
    """Those of the branches that no member is in charge of on a day."""
    charges = store.get_many(CHARGES, (branch.id for branch in branches))
    return [branch for branch in branches if branch.id not in charges or charges[branch.id].on(on) is None]


def _end_former(context: Context, store: Store, former: Turn, changes: Changes) -> None:
    portfolio = store.get(PORTFOLIOS, former.portfolio_id)
    assert portfolio is not None, "a turn is only ever made with its portfolio"
    assert former.ends is not None, "handed_over has ended it"
    ended_portfolio(context, portfolio, former.ends, changes)
    if former.ends <= context.today:
        void_tokens(context, store, portfolio.person_id, changes)


def _commune_of(branch: Unit, on: date) -> str:
    fact = branch.on(on)
    if fact is None or fact.kind not in ("branch", "direct_branch") or fact.parent_id is None:
        raise Refusal(
            "not-a-branch",
            vi="Chỉ giao phụ trách chi đoàn đang hoạt động vào ngày đó.",
            en="Only a branch that exists on that day can be given into somebody's charge.",
            pointer="/branch_id",
        )
    return fact.parent_id


def _check_committee(store: Store, person_id: str, commune_id: str, on: date) -> None:
    """The standing committee: thường trực and the members beside them, as grammar.yaml marks their posts."""
    counted = {name for name, post in grammar().posts.items() if post.standing or post.committee}
    held = holding(store.find(POSTS, {"person_id": person_id}), on)
    if not any(post.unit_id == commune_id and post.post in counted for post in held):
        raise Refusal(
            "not-of-the-committee",
            vi="Người phụ trách phải là thường trực hoặc Ủy viên Ban Thường vụ Đoàn xã vào ngày đó.",
            en="Who is in charge must be of the commune's standing committee on that day.",
            because="conflict",
            pointer="/person_id",
        )
