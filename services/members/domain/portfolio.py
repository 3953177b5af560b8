"""Portfolios (phụ trách chi đoàn): which committee member is in charge of which branch, one at any date."""

from __future__ import annotations

from datetime import date

from chassis.failures import Refusal
from chassis.storage.documents import Document
from members.domain.spans import Span, holds_on, revised


class Portfolio(Document):
    """One member's time in charge of one branch, `[starts, ends)`. `unit_path` is the branch's."""

    person_id: str
    commune_id: str
    branch_id: str
    unit_path: tuple[str, ...]
    starts: date
    ends: date | None = None
    decision: str | None = None


class Turn(Span):
    """A portfolio's time, as the branch sees it."""

    portfolio_id: str
    person_id: str


class Charge(Document):
    """All portfolios of one branch (its id is the branch's), changed by compare-and-set: two can't overlap."""

    turns: tuple[Turn, ...] = ()

    def on(self, day: date) -> Turn | None:
        return next((turn for turn in self.turns if holds_on(turn, day)), None)


def handed_over(charge: Charge, turn: Turn) -> tuple[Charge, Turn | None]:
    """The charge with a new turn from its day on, and the former turn that this ends.

    Raises Refusal when that member has it already, or when somebody has it from that day or a later one.
    """
    if any(other.starts >= turn.starts for other in charge.turns):
        raise Refusal(
            "portfolio-given-later",
            vi="Chi đoàn này đã được giao phụ trách từ ngày đó hoặc sau đó; hãy chọn ngày muộn hơn.",
            en="The branch was given to somebody from that day or a later one; choose a later day.",
            because="conflict",
        )
    former = charge.on(turn.starts)
    if former is not None and former.person_id == turn.person_id:
        raise Refusal(
            "portfolio-held-already",
            vi="Người này đang phụ trách chi đoàn này.",
            en="This member is in charge of this branch already.",
            because="conflict",
        )
    kept = tuple(one for one in charge.turns if one is not former)
    ended = former.model_copy(update={"ends": turn.starts}) if former else None
    return revised(charge, turns=(*kept, *([ended] if ended else []), turn)), ended


def laid_down(charge: Charge, portfolio_id: str, ends: date) -> Charge:
    """The charge with one turn ended."""
    turns = (
        turn.model_copy(update={"ends": ends}) if turn.portfolio_id == portfolio_id else turn for turn in charge.turns
    )
    return revised(charge, turns=tuple(one for one in turns if one.ends is None or one.starts < one.ends))
