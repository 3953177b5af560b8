"""A host branch proposes a joint activity (sinh hoạt liên chi đoàn) to chi bộ and Đoàn xã → LinkProposalSubmitted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from chassis.context import Context, local_day
from chassis.failures import Refusal
from chassis.messaging.outbox import publish
from chassis.outcome import Outcome
from chassis.storage.changes import Changes
from chassis.storage.store import Store
from contracts.scheduling_events import LinkProposalSubmitted, MeetingKind
from scheduling.application.commune_calendar import better_slots, days_off
from scheduling.application.organisation import (
    branches_of,
    commune_of,
    require_branch,
    standing_secretaries,
    unit,
    unit_names,
)
from scheduling.application.permitted import acting_as, require_on
from scheduling.application.plan_rotation import host_named
from scheduling.application.read_models import UnitSeen
from scheduling.application.records import PROPOSALS
from scheduling.domain.notice import Notice
from scheduling.domain.policy import Policy
from scheduling.domain.proposal import Proposal
from scheduling.domain.timing import Slot, require_possible, timing_notices
from scheduling.domain.told_texts import free_text, told_text


@dataclass(frozen=True, slots=True)
class ProposalSaid:
    """What the host's secretary proposes. `budget_vnd` in đồng."""

    host_branch_id: str
    partner_branch_ids: Sequence[str]
    title: str
    theme: str
    starts_at: datetime
    ends_at: datetime
    place: str
    budget_vnd: int = 0
    online_url: str | None = None

    @property
    def slot(self) -> Slot:
        return Slot(self.starts_at, self.ends_at)


@dataclass(frozen=True, slots=True)
class Proposed:
    """A proposal with what its proposer should know, and better slots where its time is unusual."""

    proposal: Proposal
    notices: tuple[Notice, ...] = ()
    better: tuple[Slot, ...] = ()


def submit_proposal(store: Store, context: Context, policy: Policy, said: ProposalSaid) -> Outcome[Proposed]:
    """Ask thường trực and, outside the system, chi bộ. Not being this month's host is warned of, not refused."""
    host = unit(store, said.host_branch_id)
    require_on(context, "proposals.submit", host.path, seen_with="units.read", what=("đơn vị", "unit"))
    day = local_day(said.starts_at)
    require_branch(host, day)
    commune = commune_of(store, host, day)

    def better() -> list[Slot]:
        return better_slots(store, context, policy, kind=MeetingKind.JOINT_ACTIVITY, path=commune.path, slot=said.slot)

    require_possible(said.slot, context.now, better=better)
    partners = tuple(dict.fromkeys(said.partner_branch_ids))
    _require_partners(host.id, partners, {one.id for one in branches_of(store, commune.id, day)})
    proposal = _proposal(context, said, host=host, commune_id=commune.id, partners=partners)
    notices = _notices(store, context, policy, proposal, commune)
    event = LinkProposalSubmitted(
        proposal_id=proposal.id,
        unit_id=proposal.unit_id,
        host_branch_id=proposal.host_branch_id,
        partner_branch_ids=list(partners),
        title=proposal.title,
        starts_at=proposal.starts_at,
        decider_ids=standing_secretaries(store, commune.id, context.today),
    )
    changes = Changes().insert(PROPOSALS, proposal)
    publish(changes, context.message(event, key=proposal.id, sequence=proposal.version))
    return Outcome(Proposed(proposal, tuple(notices), tuple(better()) if notices else ()), changes)


def _proposal(
    context: Context, said: ProposalSaid, *, host: UnitSeen, commune_id: str, partners: tuple[str, ...]
) -> Proposal:
    return Proposal(
        id=context.new_id(),
        unit_id=commune_id,
        host_branch_id=host.id,
        partner_branch_ids=partners,
        unit_path=host.path,
        seen_from=(*host.path, *partners),
        title=told_text(said.title, pointer="/title", called_vi="tên buổi sinh hoạt", called_en="title"),
        theme=free_text(said.theme),
        starts_at=said.starts_at,
        ends_at=said.ends_at,
        place=told_text(said.place, pointer="/place", called_vi="địa điểm", called_en="place"),
        online_url=said.online_url,
        budget_vnd=said.budget_vnd,
        proposed_by=acting_as(context),
        proposed_at=context.now,
    )


def not_the_host(store: Store, commune_id: str, host_branch_id: str, starts_at: datetime) -> list[Notice]:
    """A notice that names the month's host where another branch proposes."""
    day = local_day(starts_at)
    turn = host_named(store, commune_id, day)
    if turn is None or turn == host_branch_id:
        return []
    name = unit_names(store, [turn], day).get(turn, turn)
    return [
        Notice(
            "not-the-host",
            f"Theo lịch luân phiên, tháng {day.month}/{day.year} do {name} đăng cai.",
            f"By the rotation, {name} hosts in {day.month}/{day.year}.",
        )
    ]


def _notices(store: Store, context: Context, policy: Policy, proposal: Proposal, commune: UnitSeen) -> list[Notice]:
    slot = Slot(proposal.starts_at, proposal.ends_at)
    notices = not_the_host(store, proposal.unit_id, proposal.host_branch_id, proposal.starts_at)
    if proposal.starts_at - context.now < timedelta(days=policy.proposal_notice_days):
        notices.append(
            Notice(
                "late-proposal",
                f"Nên đề xuất trước ít nhất {policy.proposal_notice_days} ngày để chi bộ và Đoàn xã kịp xem xét.",
                f"Better proposed {policy.proposal_notice_days} days ahead, so that both have time to decide.",
            )
        )
    off = days_off(store, commune.path, slot)
    return notices + timing_notices(MeetingKind.JOINT_ACTIVITY, slot, context.now, policy, off)


def _require_partners(host_id: str, partners: Sequence[str], branches: set[str]) -> None:
    if not partners or host_id in partners:
        raise Refusal(
            "no-partner",
            vi="Sinh hoạt liên chi đoàn cần ít nhất một chi đoàn khác cùng tham gia, không kể chi đoàn đăng cai.",
            en="A joint activity needs at least one branch beside its host.",
            pointer="/partner_branch_ids",
        )
    if not set(partners) <= branches:
        raise Refusal(
            "foreign-branch",
            vi="Chi đoàn tham gia phải thuộc cùng Đoàn xã và đang hoạt động vào ngày đó.",
            en="Partner branches must belong to the same commune and exist on that day.",
            pointer="/partner_branch_ids",
        )
