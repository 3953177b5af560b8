"""Who hosts the joint activity of each month (luân phiên đăng cai): fair, the same for the same facts, with the reason.

Rule: of the branches that can host in a month, the one that owes a turn; then the one that hosted least often; then
least recently; ties by code, name, id. Nobody hosts twice in a row while another can. A branch that was excused
when its turn came owes one turn. Source: “mỗi tháng luân phiên ở các địa bàn khác nhau” (domain §2 H, §2.1).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Self

from chassis.failures import Refusal
from chassis.storage.documents import Document
from scheduling.domain.meeting import Value

EVERY_MONTH = frozenset(range(1, 13))


@dataclass(frozen=True, slots=True)
class Candidate:
    """A branch that may host in the planned year.

    months    the months of the year in which it can host: it exists, and meets in them
    hosted    how often it hosted in the years looked back on; last: when, as year × 12 + month − 1, or None
    owes      it was excused when its turn came and has not made up for it
    newcomer  it did not exist in the years looked back on: it starts level with those who hosted least
    excused   month of the planned year → why it does not host then
    """

    branch_id: str
    name: str
    code: str | None = None
    months: frozenset[int] = EVERY_MONTH
    hosted: int = 0
    last: int | None = None
    owes: bool = False
    newcomer: bool = False
    excused: Mapping[int, str] = field(default_factory=dict)


class HostOfMonth(Value):
    """The host of a month, or None where no branch can host; why, in both languages."""

    month: int
    branch_id: str | None
    reason_vi: str
    reason_en: str


class Debt(Value):
    """A turn that a branch was excused from; `repaid_in` is the month in which it hosted for it, or None."""

    branch_id: str
    month: int
    reason: str
    repaid_in: int | None = None


class Excuse(Value):
    """A branch that does not host in a month, and why (lũ lụt, tang gia, khuyết bí thư …)."""

    branch_id: str
    month: int
    reason: str


class Swap(Value):
    """Two months that exchanged hosts, and why."""

    month: int
    with_month: int
    reason: str


class Rotation(Document):
    """The hosts of a commune's year. `hosts` has twelve entries, January first."""

    unit_id: str
    unit_path: tuple[str, ...]
    year: int
    hosts: tuple[HostOfMonth, ...]
    debts: tuple[Debt, ...] = ()
    excuses: tuple[Excuse, ...] = ()
    swaps: tuple[Swap, ...] = ()

    def host_of(self, month: int) -> HostOfMonth:
        return self.hosts[month - 1]

    def owing(self) -> frozenset[str]:
        """The branches that still owe a turn at the end of this plan."""
        return frozenset(debt.branch_id for debt in self.debts if debt.repaid_in is None)

    def swapped(self, month: int, with_month: int, reason: str) -> Self:
        """With two months' hosts exchanged. Raises Refusal when there is nothing to exchange."""
        one, other = self.host_of(month), self.host_of(with_month)
        if one.branch_id is None or other.branch_id is None or one.branch_id == other.branch_id:
            raise Refusal(
                "nothing-to-swap",
                vi="Hai tháng này không có hai chi đoàn khác nhau để đổi lượt.",
                en="These months have no two different hosts to exchange.",
                because="conflict",
            )
        hosts = list(self.hosts)
        hosts[month - 1] = _exchanged(other, month, with_month, reason)
        hosts[with_month - 1] = _exchanged(one, with_month, month, reason)
        swap = Swap(month=month, with_month=with_month, reason=reason)
        return self.model_copy(
            update={"hosts": tuple(hosts), "swaps": (*self.swaps, swap), "version": self.version + 1}
        )


@dataclass(frozen=True, slots=True)
class Plan:
    """Hosts for each month from the first planned one to December, and the debts that the year knows."""

    hosts: tuple[HostOfMonth, ...]
    debts: tuple[Debt, ...]


def plan_hosts(year: int, candidates: Sequence[Candidate], *, from_month: int = 1, debts: Sequence[Debt] = ()) -> Plan:
    """Name a host for each month from `from_month` on. `debts` are those already made this year.

    What was hosted before `from_month` this year must be counted in the candidates.
    """
    state = _level_newcomers(candidates)
    book = list(debts)
    hosts = []
    previous: str | None = _latest(state, year * 12 + from_month - 2)
    for month in range(from_month, 13):
        order = sorted((one for one in state.values() if month in one.months), key=lambda one: _turn(one, previous))
        host = next((one for one in order if month not in one.excused), None)
        passed_over = order[: order.index(host)] if host else order
        hosts.append(_named(month, host, passed_over))
        for one in passed_over:
            if not one.owes:
                book.append(Debt(branch_id=one.branch_id, month=month, reason=one.excused[month]))
                state[one.branch_id] = replace(one, owes=True)
        if host is not None:
            book = [_repaid(debt, host.branch_id, month) for debt in book]
            state[host.branch_id] = replace(host, hosted=host.hosted + 1, last=year * 12 + month - 1, owes=False)
            previous = host.branch_id
    return Plan(tuple(hosts), tuple(book))


def _level_newcomers(candidates: Sequence[Candidate]) -> dict[str, Candidate]:
    """A new branch must not host for months on end to catch up with those who hosted for years."""
    settled = [one.hosted for one in candidates if not one.newcomer]
    level = min(settled, default=0)
    return {one.branch_id: replace(one, hosted=max(one.hosted, level)) if one.newcomer else one for one in candidates}


def _latest(state: Mapping[str, Candidate], index: int) -> str | None:
    """Who hosted in the month before the first planned one."""
    return next((one.branch_id for one in state.values() if one.last == index), None)


def _turn(one: Candidate, previous: str | None) -> tuple[bool, bool, int, int, str, str, str]:
    return (
        one.branch_id == previous,
        not one.owes,
        one.hosted,
        -1 if one.last is None else one.last,
        one.code or "",
        one.name,
        one.branch_id,
    )


def _repaid(debt: Debt, branch_id: str, month: int) -> Debt:
    if debt.branch_id == branch_id and debt.repaid_in is None:
        return debt.model_copy(update={"repaid_in": month})
    return debt


def _named(month: int, host: Candidate | None, passed_over: Sequence[Candidate]) -> HostOfMonth:
    vi, en = _why(host)
    for one in passed_over:
        vi += f" {one.name} được miễn tháng này ({one.excused[month]}), còn nợ một lượt."
        en += f" {one.name} is excused this month ({one.excused[month]}) and owes a turn."
    return HostOfMonth(month=month, branch_id=host.branch_id if host else None, reason_vi=vi, reason_en=en)


def _why(host: Candidate | None) -> tuple[str, str]:
    if host is None:
        return "Không có chi đoàn nào đăng cai được trong tháng này.", "No branch can host this month."
    if host.owes:
        return "Đăng cai bù cho lượt còn nợ.", "Makes up for the turn it owes."
    if host.last is None:
        return "Chưa đăng cai lần nào; đến lượt theo mã chi đoàn.", "Has not hosted yet; next in order of code."
    when = f"{host.last % 12 + 1}/{host.last // 12}"
    return (
        f"Đăng cai ít nhất ({host.hosted} lần) và lần gần nhất đã lâu nhất (tháng {when}).",
        f"Hosted least often ({host.hosted} times) and least recently ({when}).",
    )


def _exchanged(host: HostOfMonth, month: int, with_month: int, reason: str) -> HostOfMonth:
    return HostOfMonth(
        month=month,
        branch_id=host.branch_id,
        reason_vi=f"Đổi lượt với tháng {with_month}: {reason}.",
        reason_en=f"Exchanged with month {with_month}: {reason}.",
    )
