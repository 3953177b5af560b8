"""The two consents to a joint activity; with the second, it is convened in the same transaction.

→ LinkProposalApproved and MeetingScheduled, or LinkProposalDeclined.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from chassis.context import Context, local_day
from chassis.failures import Refusal, missing
from chassis.messaging.outbox import publish
from chassis.outcome import Outcome
from chassis.storage.changes import Changes
from chassis.storage.store import Store
from contracts.scheduling_events import LinkProposalApproved, LinkProposalDeclined, MeetingKind
from scheduling.application.convening import Gathering, MeetingPlan, arrange
from scheduling.application.organisation import unit, youth_of
from scheduling.application.permitted import acting_as, as_expected, may_see, require_may
from scheduling.application.read_models import UNITS
from scheduling.application.records import PROPOSALS
from scheduling.application.submit_proposal import Proposed, not_the_host
from scheduling.domain.invitees import joint_activity_roll
from scheduling.domain.policy import Policy
from scheduling.domain.proposal import CommuneDecision, PartyConsent, Proposal, ProposalState
from scheduling.domain.told_texts import free_text


@dataclass(frozen=True, slots=True)
class PartyWord:
    """What chi bộ said outside the system: who said it, when and how an officer came to know."""

    agreed: bool
    said_by: str
    said_on: date
    how: str
    note: str | None = None


def proposal_in_reach(store: Store, context: Context, proposal_id: str) -> Proposal:
    """The proposal. Raises Refusal `missing` where there is none, and the same where the actor may not see it."""
    proposal = store.get(PROPOSALS, proposal_id)
    if proposal is None or not may_see(context, "proposals.read", proposal.seen_from):
        raise missing("đề xuất", "proposal")
    return proposal


def decide_proposal(
    store: Store,
    context: Context,
    policy: Policy,
    proposal_id: str,
    *,
    agreed: bool,
    reason: str | None = None,
    expected: int | None = None,
) -> Outcome[Proposed]:
    """Đoàn xã's decision. Declining needs a reason."""
    proposal = proposal_in_reach(store, context, proposal_id)
    require_may(context, "proposals.decide", proposal.unit_path)
    as_expected(PROPOSALS, proposal, expected)
    said = free_text(reason or "") or None
    if not agreed and said is None:
        raise _reason_missing("/reason")
    decision = CommuneDecision(agreed=agreed, decided_by=acting_as(context), decided_at=context.now, reason=said)
    return _settled(store, context, policy, proposal.decided(decision), declined_by="commune")


def record_party_consent(
    store: Store, context: Context, policy: Policy, proposal_id: str, word: PartyWord, *, expected: int | None = None
) -> Outcome[Proposed]:
    """Chi bộ's consent or refusal, as an officer was told it."""
    proposal = proposal_in_reach(store, context, proposal_id)
    require_may(context, "proposals.record-consent", proposal.unit_path)
    as_expected(PROPOSALS, proposal, expected)
    note = free_text(word.note or "") or None
    if not word.agreed and note is None:
        raise _reason_missing("/note")
    if word.said_on > context.today:
        raise Refusal(
            "said-in-the-future",
            vi="Ngày chi bộ cho ý kiến không thể sau hôm nay.",
            en="Chi bộ can't have said it after today.",
            pointer="/said_on",
        )
    consent = PartyConsent(
        agreed=word.agreed,
        said_by=_required(word.said_by, "/said_by", "người cho ý kiến", "name of who said it"),
        said_on=word.said_on,
        how=_required(word.how, "/how", "hình thức cho ý kiến", "way it was said"),
        note=note,
        recorded_by=acting_as(context),
        recorded_at=context.now,
    )
    return _settled(store, context, policy, proposal.consented(consent), declined_by="party_cell")


def withdraw_proposal(
    store: Store, context: Context, proposal_id: str, *, expected: int | None = None
) -> Outcome[Proposed]:
    """The host takes its proposal back before it is decided; nobody is told anew."""
    proposal = proposal_in_reach(store, context, proposal_id)
    require_may(context, "proposals.submit", proposal.unit_path)
    as_expected(PROPOSALS, proposal, expected)
    withdrawn = proposal.withdrawn()
    return Outcome(Proposed(withdrawn), Changes().replace(PROPOSALS, withdrawn))


def _settled(
    store: Store, context: Context, policy: Policy, proposal: Proposal, *, declined_by: str
) -> Outcome[Proposed]:
    """What follows from the state that the last word led to."""
    if proposal.state is ProposalState.APPROVED:
        return _convened(store, context, policy, proposal)
    changes = Changes().replace(PROPOSALS, proposal)
    if proposal.state is ProposalState.DECLINED:
        event = LinkProposalDeclined(
            proposal_id=proposal.id,
            unit_id=proposal.unit_id,
            host_branch_id=proposal.host_branch_id,
            title=proposal.title,
            declined_by=declined_by,
            proposer_id=proposal.proposed_by,
        )
        publish(changes, context.message(event, key=proposal.id, sequence=proposal.version))
    return Outcome(Proposed(proposal), changes)


def _convened(store: Store, context: Context, policy: Policy, proposal: Proposal) -> Outcome[Proposed]:
    """Invite all youth of host and partners, by their memberships on the day of the activity."""
    day = local_day(proposal.starts_at)
    known = store.get_many(UNITS, proposal.branch_ids)
    gathering = Gathering(
        kind=MeetingKind.JOINT_ACTIVITY,
        commune=unit(store, proposal.unit_id),
        roll=joint_activity_roll(proposal.branch_ids, youth_of(store, proposal.branch_ids, day)),
        branches=[known[id] for id in proposal.branch_ids if id in known],
        host_branch_id=proposal.host_branch_id,
        proposal_id=proposal.id,
        extra_notices=not_the_host(store, proposal.unit_id, proposal.host_branch_id, proposal.starts_at),
    )
    plan = MeetingPlan(
        title=proposal.title,
        starts_at=proposal.starts_at,
        ends_at=proposal.ends_at,
        place=proposal.place,
        agenda=proposal.theme,
        online_url=proposal.online_url,
    )
    arranged, scheduled = arrange(store, context, policy, gathering, plan)
    approved = proposal.convened(arranged.meeting.id)
    event = LinkProposalApproved(
        proposal_id=approved.id,
        unit_id=approved.unit_id,
        host_branch_id=approved.host_branch_id,
        partner_branch_ids=list(approved.partner_branch_ids),
        title=approved.title,
        starts_at=approved.starts_at,
        meeting_id=arranged.meeting.id,
        proposer_id=approved.proposed_by,
    )
    changes = Changes().replace(PROPOSALS, approved)
    publish(changes, context.message(event, key=approved.id, sequence=approved.version))
    return Outcome(Proposed(approved, arranged.notices, arranged.better), changes.extend(scheduled))


def _reason_missing(pointer: str) -> Refusal:
    return Refusal(
        "text-missing",
        vi="Khi không đồng ý, cần nhập lý do để chi đoàn biết.",
        en="Declining needs a reason, so that the branch knows.",
        pointer=pointer,
    )


def _required(text: str, pointer: str, vi: str, en: str) -> str:
    clean = free_text(text)
    if not clean:
        raise Refusal("text-missing", vi=f"Cần nhập {vi}.", en=f"The {en} is missing.", pointer=pointer)
    return clean
