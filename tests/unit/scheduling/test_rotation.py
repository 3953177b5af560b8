"""The host rotation: fair, the same for the same facts, and whoever was excused owes."""

from __future__ import annotations

import itertools
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from scheduling.domain.rotation import Candidate, plan_hosts

YEAR = 2027


def branches(count: int) -> list[Candidate]:
    return [Candidate(f"b{number:02d}", f"Chi đoàn {number}", f"{number:02d}") for number in range(count)]


@given(st.integers(1, 30), st.randoms())
def test_counts_differ_by_at_most_one_where_all_are_available(count: int, shuffled: object) -> None:
    candidates = branches(count)
    shuffled.shuffle(candidates)  # type: ignore[attr-defined]  # hypothesis' Random
    hosts = [host.branch_id for host in plan_hosts(YEAR, candidates).hosts]
    counts = Counter({one.branch_id: 0 for one in candidates})
    counts.update(Counter(host for host in hosts if host))
    assert max(counts.values()) - min(counts.values()) <= 1


@given(st.permutations(branches(9)))
def test_the_order_in_which_branches_are_listed_does_not_matter(candidates: list[Candidate]) -> None:
    assert plan_hosts(YEAR, candidates) == plan_hosts(YEAR, branches(9))


@st.composite
def with_excuses(draw: st.DrawFn) -> list[Candidate]:
    count = draw(st.integers(1, 14))
    return [
        Candidate(
            f"b{number:02d}",
            f"Chi đoàn {number}",
            f"{number:02d}",
            months=draw(st.frozensets(st.integers(1, 12), min_size=1)),
            excused=dict.fromkeys(draw(st.frozensets(st.integers(1, 12), max_size=4)), "lũ"),
            hosted=(hosted := draw(st.integers(0, 3))),
            last=draw(st.integers(2026 * 12, 2026 * 12 + 11)) if hosted else None,
            owes=draw(st.booleans()),
        )
        for number in range(count)
    ]


@given(with_excuses())
def test_only_those_who_can_host_are_named_and_nobody_is_where_nobody_can(candidates: list[Candidate]) -> None:
    known = {one.branch_id: one for one in candidates}
    for host in plan_hosts(YEAR, candidates).hosts:
        able = [one for one in candidates if host.month in one.months and host.month not in one.excused]
        if host.branch_id is None:
            assert not able
        else:
            assert known[host.branch_id] in able


@given(with_excuses())
def test_nobody_hosts_twice_in_a_row_while_another_can(candidates: list[Candidate]) -> None:
    hosts = plan_hosts(YEAR, candidates).hosts
    for before, after in itertools.pairwise(hosts):
        others = [
            one
            for one in candidates
            if after.month in one.months and after.month not in one.excused and one.branch_id != before.branch_id
        ]
        assert not (others and before.branch_id is not None and before.branch_id == after.branch_id)


@given(with_excuses())
def test_a_debt_is_made_once_for_an_excuse_and_repaid_by_hosting(candidates: list[Candidate]) -> None:
    plan = plan_hosts(YEAR, candidates)
    hosted_in = {host.month: host.branch_id for host in plan.hosts}
    known = {one.branch_id: one for one in candidates}
    for debt in plan.debts:
        assert debt.month in known[debt.branch_id].excused
        if debt.repaid_in is not None:
            assert debt.repaid_in > debt.month
            assert hosted_in[debt.repaid_in] == debt.branch_id
    unpaid = [debt.branch_id for debt in plan.debts if debt.repaid_in is None]
    assert len(unpaid) == len(set(unpaid))


def test_an_excused_branch_owes_its_turn_and_makes_up_for_it_as_soon_as_it_can() -> None:
    first, *rest = branches(4)
    excused = Candidate(first.branch_id, first.name, first.code, excused={1: "lũ chia cắt", 2: "lũ chia cắt"})
    plan = plan_hosts(YEAR, [excused, *rest])
    assert [host.branch_id for host in plan.hosts[:4]] == ["b01", "b02", "b00", "b03"]
    (debt,) = plan.debts
    assert (debt.branch_id, debt.month, debt.repaid_in) == ("b00", 1, 3)
    assert "lũ chia cắt" in plan.hosts[0].reason_vi
    assert "owes" in plan.hosts[0].reason_en
    assert plan.hosts[2].reason_vi == "Đăng cai bù cho lượt còn nợ."


def test_who_hosted_least_recently_comes_first_among_equals() -> None:
    early = Candidate("b1", "A", "01", hosted=1, last=2026 * 12 + 2)
    late = Candidate("b2", "B", "00", hosted=1, last=2026 * 12 + 8)
    assert [host.branch_id for host in plan_hosts(YEAR, [late, early]).hosts[:2]] == ["b1", "b2"]


def test_a_newcomer_starts_level_and_does_not_host_for_months_to_catch_up() -> None:
    settled = [Candidate(f"b{n}", f"{n}", f"{n}", hosted=4, last=2026 * 12 + n) for n in range(3)]
    hosts = [host.branch_id for host in plan_hosts(YEAR, [*settled, Candidate("new", "N", "9", newcomer=True)]).hosts]
    assert hosts.count("new") == 3


def test_a_remote_branch_hosts_only_in_its_meeting_months() -> None:
    remote = Candidate("b9", "Z", "99", months=frozenset({3, 6, 9, 12}))
    plan = plan_hosts(YEAR, [*branches(5), remote])
    hosted = {host.month for host in plan.hosts if host.branch_id == "b9"}
    assert hosted
    assert hosted <= {3, 6, 9, 12}
    assert not plan.debts


def test_every_month_says_why_in_both_languages() -> None:
    for host in plan_hosts(YEAR, branches(3)).hosts:
        assert host.reason_vi
        assert host.reason_en
    (nobody,) = plan_hosts(YEAR, [], from_month=12).hosts
    assert nobody.reason_vi == "Không có chi đoàn nào đăng cai được trong tháng này."
