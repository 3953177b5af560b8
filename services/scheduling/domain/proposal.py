"""A proposal of a joint activity (đề xuất sinh hoạt liên chi đoàn): two consents, chi bộ's and Đoàn xã's."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any, Self

from chassis.storage.documents import Document
from contracts.scheduling_events import LinkProposalApproved, LinkProposalDeclined
from scheduling.domain.meeting import Value
from scheduling.domain.state_table import StateTable, Step


class ProposalState(StrEnum):
    SUBMITTED = "submitted"
    COMMUNE_AGREED = "commune_agreed"  # chi bộ is still to answer
    PARTY_AGREED = "party_agreed"  # Đoàn xã is still to answer
    APPROVED = "approved"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


class ProposalCommand(StrEnum):
    COMMUNE_APPROVE = "commune-approve"
    COMMUNE_DECLINE = "commune-decline"
    PARTY_CONSENT = "party-consent"
    PARTY_DECLINE = "party-decline"
    WITHDRAW = "withdraw"


_S, _C = ProposalState, ProposalCommand
_DECLINED = Step(_S.DECLINED, LinkProposalDeclined)
_APPROVED = Step(_S.APPROVED, LinkProposalApproved)

PROPOSAL = StateTable(
    vi="đề xuất",
    en="proposal",
    states={
        _S.SUBMITTED: "đang chờ chi bộ và Đoàn xã",
        _S.COMMUNE_AGREED: "đã được Đoàn xã đồng ý, đang chờ chi bộ",
        _S.PARTY_AGREED: "đã được chi bộ đồng ý, đang chờ Đoàn xã",
        _S.APPROVED: "đã được duyệt",
        _S.DECLINED: "đã bị từ chối",
        _S.WITHDRAWN: "đã được rút lại",
    },
    commands={
        _C.COMMUNE_APPROVE: "ghi nhận Đoàn xã đồng ý",
        _C.COMMUNE_DECLINE: "ghi nhận Đoàn xã không đồng ý",
        _C.PARTY_CONSENT: "ghi nhận chi bộ đồng ý",
        _C.PARTY_DECLINE: "ghi nhận chi bộ không đồng ý",
        _C.WITHDRAW: "rút đề xuất",
    },
    steps={
        (_S.SUBMITTED, _C.COMMUNE_APPROVE): Step(_S.COMMUNE_AGREED),
        (_S.SUBMITTED, _C.COMMUNE_DECLINE): _DECLINED,
        (_S.SUBMITTED, _C.PARTY_CONSENT): Step(_S.PARTY_AGREED),
        (_S.SUBMITTED, _C.PARTY_DECLINE): _DECLINED,
        (_S.SUBMITTED, _C.WITHDRAW): Step(_S.WITHDRAWN),
        (_S.COMMUNE_AGREED, _C.PARTY_CONSENT): _APPROVED,
        (_S.COMMUNE_AGREED, _C.PARTY_DECLINE): _DECLINED,
        (_S.COMMUNE_AGREED, _C.WITHDRAW): Step(_S.WITHDRAWN),
        (_S.PARTY_AGREED, _C.COMMUNE_APPROVE): _APPROVED,
        (_S.PARTY_AGREED, _C.COMMUNE_DECLINE): _DECLINED,
        (_S.PARTY_AGREED, _C.WITHDRAW): Step(_S.WITHDRAWN),
    },
)


class PartyConsent(Value):
    """What chi bộ said, outside the system: its secretary is usually no user (domain §2.1 G).

    `said_by` is the post or name of who said it, `said_on` when, `how` e.g. `họp chi bộ`, `điện thoại`, `văn bản`.
    """

    agreed: bool
    said_by: str
    said_on: date
    how: str
    note: str | None = None
    recorded_by: str
    recorded_at: datetime


class CommuneDecision(Value):
    """What Đoàn xã decided, by which officer, and why where it declined."""

    agreed: bool
    decided_by: str
    decided_at: datetime
    reason: str | None = None


class Proposal(Document):
    """`unit_id` is the commune; `unit_path` ends in the host branch; `seen_from` adds the partner branches.

    `budget_vnd` is in đồng.
    """

    unit_id: str
    host_branch_id: str
    partner_branch_ids: tuple[str, ...]
    unit_path: tuple[str, ...]
    seen_from: tuple[str, ...]
    state: ProposalState = ProposalState.SUBMITTED
    title: str
    theme: str
    starts_at: datetime
    ends_at: datetime
    place: str
    online_url: str | None = None
    budget_vnd: int = 0
    proposed_by: str
    proposed_at: datetime
    party: PartyConsent | None = None
    commune: CommuneDecision | None = None
    meeting_id: str | None = None

    @property
    def branch_ids(self) -> tuple[str, ...]:
        """The host, then its partners."""
        return (self.host_branch_id, *self.partner_branch_ids)

    def decided(self, decision: CommuneDecision) -> Self:
        """With Đoàn xã's word."""
        return self._after(_C.COMMUNE_APPROVE if decision.agreed else _C.COMMUNE_DECLINE, commune=decision)

    def consented(self, consent: PartyConsent) -> Self:
        """With chi bộ's word."""
        return self._after(_C.PARTY_CONSENT if consent.agreed else _C.PARTY_DECLINE, party=consent)

    def withdrawn(self) -> Self:
        return self._after(_C.WITHDRAW)

    def convened(self, meeting_id: str) -> Self:
        """Approved, with the meeting that was convened in the same transaction (no version of its own)."""
        return self.model_copy(update={"meeting_id": meeting_id})

    def _after(self, command: ProposalCommand, **changes: Any) -> Self:
        state = PROPOSAL.after(self.state, command)
        return self.model_copy(update={**changes, "state": state, "version": self.version + 1})
