"""Name the host of each month of a year for a commune's branches; excuse a branch; exchange two months."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

from chassis.context import Context
from chassis.failures import Refusal, missing
from chassis.messaging.outbox import publish
from chassis.outcome import Outcome
from chassis.permissions import reach
from chassis.storage.changes import Changes
from chassis.storage.documents import Filter
from chassis.storage.store import Store
from contracts.scheduling_events import HostRotationPlanned
from scheduling.application.organisation import BRANCH_KINDS, require_commune, unit
from scheduling.application.permitted import actor_of, as_expected, may, require_may, require_on
from scheduling.application.read_models import UNITS, UnitSeen
from scheduling.application.records import ROTATIONS
from scheduling.domain.policy import Policy
from scheduling.domain.rotation import EVERY_MONTH, Candidate, Excuse, HostOfMonth, Plan, Rotation, plan_hosts
from scheduling.domain.told_texts import free_text

YEARS_LOOKED_BACK = 5
"""How many years of earlier rotations count as history."""

ROTATION_WHAT = ("lịch luân phiên", "rotation")


def plan_rotation(
    store: Store, context: Context, policy: Policy, commune_id: str, year: int, *, excuses: Sequence[Excuse] = ()
) -> Outcome[Rotation]:
    """The first plan of a commune's year → HostRotationPlanned. Months before the present one stay without a host."""
    commune = unit(store, commune_id)
    require_on(context, "rotation.plan", commune.path, seen_with="units.read", what=("đơn vị", "unit"))
    require_commune(commune, max(context.today, date(year, 1, 1)))
    _require_plannable(year, context.today)
    if rotation_of(store, commune_id, year) is not None:
        raise Refusal(
            "rotation-exists",
            vi=f"Năm {year} đã có lịch luân phiên: hãy đổi lượt hoặc miễn lượt trong lịch đó.",
            en=f"{year} has its rotation already: exchange or excuse turns in it.",
            because="conflict",
        )
    first = context.today.month if year == context.today.year else 1
    clean = [Excuse(branch_id=one.branch_id, month=one.month, reason=_reason(one.reason)) for one in excuses]
    candidates = _candidates(store, policy, commune_id, year, excuses=clean, kept=())
    _require_known(clean, candidates)
    plan = plan_hosts(year, candidates, from_month=first)
    past = tuple(_unplanned(month) for month in range(1, first))
    rotation = Rotation(
        id=context.new_id(),
        unit_id=commune.id,
        unit_path=commune.path,
        year=year,
        hosts=(*past, *plan.hosts),
        debts=plan.debts,
        excuses=tuple(clean),
    )
    return Outcome(rotation, _told(context, Changes().insert(ROTATIONS, rotation), rotation))


def excuse_host(
    store: Store, context: Context, policy: Policy, rotation_id: str, excuse: Excuse, *, expected: int | None = None
) -> Outcome[Rotation]:
    """Free a branch from a month, with the reason, and plan anew from that month on → HostRotationPlanned.

    It owes the turn. What was exchanged by hand from that month on is planned anew, too.
    """
    rotation = _managed(store, context, rotation_id, expected)
    _require_ahead(rotation, (excuse.month,), context.today)
    clean = Excuse(branch_id=excuse.branch_id, month=excuse.month, reason=_reason(excuse.reason))
    excuses = (*rotation.excuses, clean)
    kept = rotation.hosts[: excuse.month - 1]
    candidates = _candidates(store, policy, rotation.unit_id, rotation.year, excuses=excuses, kept=kept)
    _require_known([clean], candidates)
    past_debts = [
        debt.model_copy(update={"repaid_in": debt.repaid_in if (debt.repaid_in or 13) < excuse.month else None})
        for debt in rotation.debts
        if debt.month < excuse.month
    ]
    owing = {debt.branch_id for debt in past_debts if debt.repaid_in is None}
    plan: Plan = plan_hosts(
        rotation.year,
        [replace(one, owes=one.owes or one.branch_id in owing) for one in candidates],
        from_month=excuse.month,
        debts=past_debts,
    )
    replanned = rotation.model_copy(
        update={
            "hosts": (*kept, *plan.hosts),
            "debts": plan.debts,
            "excuses": excuses,
            "version": rotation.version + 1,
        }
    )
    return Outcome(replanned, _told(context, Changes().replace(ROTATIONS, replanned), replanned))


def swap_hosts(
    store: Store,
    context: Context,
    rotation_id: str,
    month: int,
    with_month: int,
    *,
    reason: str,
    expected: int | None = None,
) -> Outcome[Rotation]:
    """Exchange the hosts of two months to come → HostRotationPlanned."""
    rotation = _managed(store, context, rotation_id, expected)
    _require_ahead(rotation, (month, with_month), context.today)
    swapped = rotation.swapped(month, with_month, _reason(reason))
    return Outcome(swapped, _told(context, Changes().replace(ROTATIONS, swapped), swapped))


def rotation_in_reach(store: Store, context: Context, rotation_id: str) -> Rotation:
    """The rotation. Raises Refusal `missing` where there is none, and the same where the actor may not see it."""
    rotation = store.get(ROTATIONS, rotation_id)
    if rotation is None or not may_read_rotation(store, context, rotation.unit_path):
        raise missing(*ROTATION_WHAT)
    return rotation


def may_read_rotation(store: Store, context: Context, commune_path: Sequence[str]) -> bool:
    """Who reads rotations of the commune, and who does of a branch under it: it tells that branch's turn."""
    if may(context, "rotation.read", commune_path):
        return True
    return commune_path[-1] in _communes_above(store, context)


def rotations_filter(store: Store, context: Context) -> Filter:
    """The same decision as a condition."""
    held = reach(actor_of(context), "rotation.read", context.today)
    return {"unit_path": {"$in": sorted(held.below | held.exactly | _communes_above(store, context))}}


def _communes_above(store: Store, context: Context) -> frozenset[str]:
    """The units directly above the branches that the actor reads rotations of."""
    held = reach(actor_of(context), "rotation.read", context.today)
    branches = store.get_many(UNITS, held.below | held.exactly).values()
    return frozenset(one.path[-2] for one in branches if len(one.path) > 1 and one.kind_now in BRANCH_KINDS)


def rotation_of(store: Store, commune_id: str, year: int) -> Rotation | None:
    found = store.find(ROTATIONS, {"unit_id": commune_id, "year": year}, sort=(("year", 1),), limit=1)
    return found[0] if found else None


def host_named(store: Store, commune_id: str, day: date) -> str | None:
    """The branch whose turn it is in the month of `day`, or None where nothing is planned."""
    rotation = rotation_of(store, commune_id, day.year)
    return rotation.host_of(day.month).branch_id if rotation else None


def _candidates(
    store: Store,
    policy: Policy,
    commune_id: str,
    year: int,
    *,
    excuses: Sequence[Excuse],
    kept: Sequence[HostOfMonth],
) -> list[Candidate]:
    """The commune's branches as they are in the year, with what they hosted in the years before and in `kept`."""
    earlier = store.find(
        ROTATIONS,
        {"unit_id": commune_id, "year": {"$gte": year - YEARS_LOOKED_BACK, "$lt": year}},
        sort=(("year", 1),),
    )
    turns = [(one.year, host) for one in earlier for host in one.hosts] + [(year, host) for host in kept]
    hosted: dict[str, list[int]] = {}
    for of_year, host in turns:
        if host.branch_id:
            hosted.setdefault(host.branch_id, []).append(of_year * 12 + host.month - 1)
    owing = earlier[-1].owing() if earlier else frozenset[str]()
    looked_back_to = date(earlier[0].year, 1, 1) if earlier else date(year, 1, 1)
    excused: dict[str, dict[int, str]] = {}
    for excuse in excuses:
        excused.setdefault(excuse.branch_id, {})[excuse.month] = excuse.reason
    found = store.find(UNITS, {"path": commune_id, "kind_now": {"$in": sorted(BRANCH_KINDS)}})
    return [
        _candidate(
            one,
            months,
            hosted=hosted.get(one.id, []),
            looked_back_to=looked_back_to,
            owes=one.id in owing,
            excused=excused.get(one.id, {}),
        )
        for one in found
        if (months := _months(one, policy, year))
    ]


def _candidate(
    branch: UnitSeen,
    months: frozenset[int],
    *,
    hosted: Sequence[int],
    looked_back_to: date,
    owes: bool,
    excused: Mapping[int, str],
) -> Candidate:
    latest = branch.latest
    return Candidate(
        branch_id=branch.id,
        name=latest.name,
        code=latest.code,
        months=months,
        hosted=len(hosted),
        last=max(hosted, default=None),
        owes=owes,
        newcomer=min(facts.starts for facts in branch.facts) > looked_back_to,
        excused=excused,
    )


def _months(branch: UnitSeen, policy: Policy, year: int) -> frozenset[int]:
    """The months in the middle of which the branch exists, and in which it meets."""
    quarterly = branch.meets_every_months == 3 and policy.remote_branches_host == "quarter_months"
    meets = frozenset(policy.quarter_months) if quarterly else EVERY_MONTH
    return frozenset(month for month in meets if branch.on(date(year, month, 15)) is not None)


def _managed(store: Store, context: Context, rotation_id: str, expected: int | None) -> Rotation:
    rotation = rotation_in_reach(store, context, rotation_id)
    require_may(context, "rotation.plan", rotation.unit_path)
    as_expected(ROTATIONS, rotation, expected)
    return rotation


def _told(context: Context, changes: Changes, rotation: Rotation) -> Changes:
    event = HostRotationPlanned(
        rotation_id=rotation.id,
        unit_id=rotation.unit_id,
        year=rotation.year,
        host_branch_ids=[host.branch_id or "" for host in rotation.hosts],
    )
    return publish(changes, context.message(event, key=rotation.id, sequence=rotation.version))


def _unplanned(month: int) -> HostOfMonth:
    return HostOfMonth(
        month=month,
        branch_id=None,
        reason_vi="Tháng này đã qua khi lập lịch.",
        reason_en="This month was over when the rotation was planned.",
    )


def _reason(reason: str) -> str:
    clean = " ".join(free_text(reason).split()).rstrip(".")
    if not clean:
        raise Refusal("text-missing", vi="Cần nhập lý do.", en="The reason is missing.", pointer="/reason")
    return clean


def _require_plannable(year: int, today: date) -> None:
    if not today.year <= year <= today.year + 1:
        raise Refusal(
            "year-out-of-range",
            vi=f"Chỉ lập lịch luân phiên cho năm {today.year} hoặc {today.year + 1}.",
            en=f"Rotations are planned for {today.year} or {today.year + 1}.",
            pointer="/year",
        )


def _require_ahead(rotation: Rotation, months: Sequence[int], today: date) -> None:
    if any((rotation.year, month) < (today.year, today.month) for month in months):
        raise Refusal(
            "month-is-over",
            vi="Tháng này đã qua nên không đổi chi đoàn đăng cai được nữa.",
            en="That month is over: its host can't be changed any more.",
            because="conflict",
        )


def _require_known(excuses: Sequence[Excuse], candidates: Sequence[Candidate]) -> None:
    unknown = {one.branch_id for one in excuses} - {one.branch_id for one in candidates}
    if unknown:
        raise Refusal(
            "foreign-branch",
            vi="Chi đoàn được miễn lượt không thuộc Đoàn xã này trong năm đó.",
            en="An excused branch does not belong to this commune in that year.",
            pointer="/excuses",
        )
