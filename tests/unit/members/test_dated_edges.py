"""Posts, portfolios and units over time: the rules of their days."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.failures import Refusal
from members.domain.office import Seat, Tenure, taken, vacated
from members.domain.portfolio import Charge, Turn, handed_over
from members.domain.spans import Span, holds_on, in_force, overlap
from members.domain.unit import UnitFact, dissolved, new_unit, with_fact

FIRST = date(2025, 1, 1)
DAYS = st.integers(0, 60).map(lambda days: FIRST + timedelta(days=days))
SPANS = st.tuples(DAYS, st.one_of(st.none(), st.integers(1, 30))).map(
    lambda pair: Span(starts=pair[0], ends=None if pair[1] is None else pair[0] + timedelta(days=pair[1]))
)


@given(SPANS, SPANS)
def test_spans_overlap_when_they_have_a_day_in_common(one: Span, other: Span) -> None:
    days = (FIRST + timedelta(days=number) for number in range(200))
    assert overlap(one, other) == any(holds_on(one, day) and holds_on(other, day) for day in days)


@given(SPANS, DAYS)
def test_the_query_of_what_is_in_force_agrees_with_the_rule(span: Span, day: date) -> None:
    from chassis.storage.memory import matches

    row = {"starts": span.starts.isoformat(), "ends": span.ends.isoformat() if span.ends else None}
    assert matches(row, in_force(day)) == holds_on(span, day)


@given(st.lists(st.tuples(SPANS, st.integers(1, 6)), max_size=12), st.integers(1, 3))
def test_a_post_is_never_held_by_more_than_it_has_places(wanted: list[tuple[Span, int]], places: int) -> None:
    seat = Seat(id="u:p")
    for number, (span, person) in enumerate(wanted):
        tenure = Tenure(post_id=f"t{number}", person_id=f"p{person}", starts=span.starts, ends=span.ends)
        try:
            seat = taken(seat, tenure, places)
        except Refusal:
            continue
    for day in (FIRST + timedelta(days=number) for number in range(100)):
        held = [one for one in seat.tenures if holds_on(one, day)]
        assert len(held) <= places
        assert len({one.person_id for one in held}) == len(held)


def test_a_place_left_is_free_from_that_day_on() -> None:
    seat = taken(Seat(id="u:p"), Tenure(post_id="t1", person_id="p1", starts=FIRST), 1)
    seat = vacated(seat, "t1", date(2025, 6, 1))
    with pytest.raises(Refusal):
        taken(seat, Tenure(post_id="t2", person_id="p2", starts=date(2025, 5, 31)), 1)
    assert taken(seat, Tenure(post_id="t2", person_id="p2", starts=date(2025, 6, 1)), 1).version == 4


@given(st.lists(st.tuples(DAYS, st.integers(1, 4)), max_size=12))
def test_a_branch_is_in_one_members_charge_on_each_day(given_: list[tuple[date, int]]) -> None:
    charge = Charge(id="branch")
    for number, (starts, person) in enumerate(given_):
        try:
            charge, _ = handed_over(charge, Turn(portfolio_id=f"t{number}", person_id=f"p{person}", starts=starts))
        except Refusal:
            continue
    first = min((turn.starts for turn in charge.turns), default=None)
    for day in (FIRST + timedelta(days=number) for number in range(100)):
        in_charge = [turn for turn in charge.turns if holds_on(turn, day)]
        assert len(in_charge) == (1 if first is not None and day >= first else 0)


def test_facts_of_a_unit_leave_no_gap_and_end_with_it() -> None:
    unit = new_unit("u", fact("Đoàn xã Quế Lộc", FIRST), ("root",))
    unit = with_fact(unit, fact("Đoàn xã Nông Sơn", date(2025, 7, 1)))
    assert [(one.starts, one.ends) for one in unit.facts] == [
        (FIRST, date(2025, 7, 1)),
        (date(2025, 7, 1), None),
    ]
    ended = dissolved(unit, date(2026, 1, 1), "Số 1")
    assert (ended.dissolved, ended.on(date(2026, 1, 1)), ended.version) == (date(2026, 1, 1), None, 3)
    assert ended.nearest(date(2030, 1, 1)).name == "Đoàn xã Nông Sơn"
    with pytest.raises(Refusal):
        with_fact(ended, fact("Khác", date(2027, 1, 1)))
    assert {"que", "loc", "nong", "son"} <= set(ended.words), "found by every name it ever had"


def fact(name: str, starts: date) -> UnitFact:
    return UnitFact(name=name, short_name=name, kind="commune", parent_id="root", starts=starts)
