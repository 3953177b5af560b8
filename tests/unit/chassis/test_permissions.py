"""May this principal do this? One decision, the same for a question, a list and a partner."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chassis.failures import Refusal
from chassis.permissions import Grant, Portfolio, Principal, Scope, Target, permits, reach, require
from chassis.storage.memory import matches

TODAY = date(2026, 3, 26)
PEOPLE = ["p0", "p1", "p2"]
VERBS = ["meetings.read", "tasks.do"]

Tree = dict[str, tuple[str, ...]]
"""Each unit's path from the root down to itself."""


@st.composite
def trees(draw: st.DrawFn) -> Tree:
    """A tree of units, each under one that was there before."""
    paths: Tree = {"u0": ("u0",)}
    for number in range(1, draw(st.integers(1, 12))):
        above = draw(st.sampled_from(sorted(paths)))
        paths[f"u{number}"] = (*paths[above], f"u{number}")
    return paths


days = st.none() | st.integers(-3, 3).map(lambda offset: TODAY + timedelta(days=offset))
units = st.integers(0, 12).map(lambda number: f"u{number}")
grants = st.builds(
    Grant, verb=st.sampled_from(VERBS), scope=st.sampled_from(Scope), unit_id=st.none() | units, starts=days, ends=days
)
principals = st.builds(
    Principal,
    account_id=st.just("a"),
    person_id=st.none() | st.sampled_from(PEOPLE),
    grants=st.lists(grants, max_size=6).map(tuple),
    portfolios=st.lists(st.builds(Portfolio, branch_id=units, starts=days, ends=days), max_size=4).map(tuple),
)


@settings(max_examples=500)
@given(trees(), principals, st.sampled_from(VERBS), st.sampled_from(PEOPLE))
def test_a_list_shows_exactly_what_reading_one_by_one_permits(
    tree: Tree, principal: Principal, verb: str, person: str
) -> None:
    where = reach(principal, verb, TODAY).as_filter()
    for unit, path in tree.items():
        row = {"_id": unit, "unit_id": unit, "unit_path": list(path), "person_id": person}
        assert matches(row, where) is permits(principal, verb, Target(path, frozenset({person})), TODAY)


@given(trees(), principals, st.sampled_from(VERBS))
def test_a_list_without_people_shows_nothing_for_the_sake_of_the_own_person(
    tree: Tree, principal: Principal, verb: str
) -> None:
    where = reach(principal, verb, TODAY).as_filter(person=None)
    for unit, path in tree.items():
        row = {"_id": unit, "unit_id": unit, "unit_path": list(path)}
        assert matches(row, where) is permits(principal, verb, Target(path), TODAY)


@given(trees(), principals, st.sampled_from(VERBS))
def test_more_grants_never_take_anything_away(tree: Tree, principal: Principal, verb: str) -> None:
    fewer = Principal(principal.account_id, principal.person_id, principal.grants[:-1], principal.portfolios)
    for path in tree.values():
        if permits(fewer, verb, Target(path), TODAY):
            assert permits(principal, verb, Target(path), TODAY)


@given(trees(), principals)
def test_a_grant_of_one_verb_says_nothing_of_another(tree: Tree, principal: Principal) -> None:
    for path in tree.values():
        assert not permits(principal, "units.manage", Target(path, frozenset(PEOPLE)), TODAY)


@given(trees(), st.data())
def test_below_reaches_the_subtree_and_no_sibling(tree: Tree, data: st.DataObject) -> None:
    unit = data.draw(st.sampled_from(sorted(tree)))
    officer = Principal("a", grants=(Grant("meetings.read", Scope.UNIT_AND_BELOW, unit),))
    for path in tree.values():
        assert permits(officer, "meetings.read", Target(path), TODAY) is (unit in path)


@pytest.mark.parametrize(("offset", "held"), [(-1, False), (0, True), (9, True), (10, False)])
def test_a_grant_holds_from_its_first_day_until_the_day_before_its_end(offset: int, held: bool) -> None:
    grant = Grant("tasks.do", Scope.UNIT, "u1", TODAY, TODAY + timedelta(days=10))
    principal = Principal("a", grants=(grant,))
    assert permits(principal, "tasks.do", Target(("u0", "u1")), TODAY + timedelta(days=offset)) is held


def test_a_portfolio_that_ended_gives_nothing_though_the_grant_goes_on() -> None:
    grant = Grant("tasks.do", Scope.PORTFOLIO, "u0")
    ended = Principal("a", "p0", (grant,), (Portfolio("u1", ends=TODAY),))
    assert not permits(ended, "tasks.do", Target(("u0", "u1")), TODAY)
    assert permits(ended, "tasks.do", Target(("u0", "u1")), TODAY - timedelta(days=1))


def test_self_reaches_what_concerns_the_person_in_any_unit_and_nobody_else() -> None:
    youth = Principal("a", "p0", (Grant("tasks.do", Scope.SELF),))
    assert permits(youth, "tasks.do", Target(("u9",), frozenset({"p0", "p1"})), TODAY)
    assert not permits(youth, "tasks.do", Target(("u9",), frozenset({"p1"})), TODAY)


def test_a_client_without_a_person_has_no_self() -> None:
    client = Principal("a", None, (Grant("tasks.do", Scope.SELF),))
    assert not reach(client, "tasks.do", TODAY)
    assert not permits(client, "tasks.do", Target(("u1",), frozenset(PEOPLE)), TODAY)


def test_who_may_not_even_see_it_is_told_that_it_is_not_there() -> None:
    stranger = Principal("a", "p0", (Grant("meetings.read", Scope.UNIT, "elsewhere"),))
    with pytest.raises(Refusal) as refused:
        _manage(stranger)
    assert refused.value.because == "missing"


def test_who_may_see_it_but_not_do_it_is_told_so() -> None:
    reader = Principal("a", "p0", (Grant("meetings.read", Scope.UNIT, "u1"),))
    with pytest.raises(Refusal) as refused:
        _manage(reader)
    assert refused.value.because == "forbidden"


def test_who_may_do_it_is_not_asked_whether_he_may_see_it() -> None:
    _manage(Principal("a", "p0", (Grant("meetings.manage", Scope.UNIT, "u1"),)))


def _manage(principal: Principal) -> None:
    require(
        principal,
        "meetings.manage",
        Target(("u0", "u1")),
        TODAY,
        seen_with="meetings.read",
        what=("cuộc họp", "meeting"),
    )
