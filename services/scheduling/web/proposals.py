"""`/v1/proposals`: a joint activity from its proposal to the two consents, with which it is convened."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Self

from flask import Response
from pydantic import BaseModel, ConfigDict, Field

from chassis.context import Context
from chassis.permissions import reach
from chassis.web.app import blueprint, example
from chassis.web.commands import Reply, run_command, run_query
from chassis.web.conditions import expected_version
from chassis.web.fields import Day, Instant
from chassis.web.identifiers import Id, IdPath
from chassis.web.paging import Listing, PageQuery, page
from scheduling.application.decide_proposal import (
    PartyWord,
    decide_proposal,
    proposal_in_reach,
    record_party_consent,
    withdraw_proposal,
)
from scheduling.application.permitted import actor_of, seen_ways
from scheduling.application.records import PROPOSALS
from scheduling.application.submit_proposal import ProposalSaid, Proposed, submit_proposal
from scheduling.domain.proposal import Proposal, ProposalState
from scheduling.web.parts import (
    BRANCH,
    COMMUNE,
    MEETING,
    OTHER_BRANCH,
    PERSON,
    Advised,
    Body,
    Line,
    Text,
    Url,
    WarningView,
    policy,
    slots_of,
    store,
    warnings_of,
)

proposals = blueprint("proposals", "/v1/proposals", tag="proposals", about="Đề xuất sinh hoạt liên chi đoàn")


class SubmitBody(Body):
    """What the host branch proposes to chi bộ and Đoàn xã."""

    host_branch_id: Id
    partner_branch_ids: list[Id] = Field(min_length=1, max_length=200)
    title: Line
    theme: Text = ""
    starts_at: Instant
    ends_at: Instant
    place: Line
    online_url: Url | None = None
    budget_vnd: int = Field(default=0, ge=0, le=10_000_000_000, description="In đồng")

    def said(self) -> ProposalSaid:
        return ProposalSaid(**self.model_dump())


class DecideBody(Body):
    """Đoàn xã's word; declining needs a reason."""

    agreed: bool
    reason: Annotated[str, Field(max_length=1000)] | None = None


class ConsentBody(Body):
    """Chi bộ's word, said outside the system: by whom, when, how. Declining needs a note."""

    agreed: bool
    said_by: Annotated[str, Field(min_length=1, max_length=120)] = Field(examples=["Bí thư chi bộ thôn Trung Hạ"])
    said_on: Day
    how: Annotated[str, Field(min_length=1, max_length=120)] = Field(examples=["họp chi bộ", "điện thoại", "văn bản"])
    note: Annotated[str, Field(max_length=1000)] | None = None


class ProposalsQuery(PageQuery):
    model_config = ConfigDict(extra="forbid")

    unit_id: Id | None = Field(default=None, description="To this commune")
    branch_id: Id | None = Field(default=None, description="With this branch as host or partner")
    state: ProposalState | None = None


class PartyView(BaseModel):
    agreed: bool
    said_by: str
    said_on: date
    how: str
    note: str | None
    recorded_at: datetime


class CommuneView(BaseModel):
    agreed: bool
    decided_at: datetime
    reason: str | None


class ProposalView(BaseModel):
    """A proposal with both consents, as far as they are given. `meeting_id` is set once it is convened."""

    id: str
    version: int
    unit_id: str
    host_branch_id: str
    partner_branch_ids: list[str]
    state: ProposalState
    title: str
    theme: str
    starts_at: datetime
    ends_at: datetime
    place: str
    online_url: str | None
    budget_vnd: int
    proposed_by: str
    proposed_at: datetime
    party: PartyView | None
    commune: CommuneView | None
    meeting_id: str | None

    @classmethod
    def of(cls, proposal: Proposal) -> Self:
        return cls.model_validate(proposal.model_dump())


class ProposedView(Advised):
    """A proposal, with what its proposer or decider should know."""

    proposal: ProposalView


_PROPOSAL = ProposalView.model_validate(
    {
        "id": "0190a1b2-0000-7000-8000-000000000701",
        "version": 3,
        "unit_id": COMMUNE,
        "host_branch_id": BRANCH,
        "partner_branch_ids": [OTHER_BRANCH],
        "state": "approved",
        "title": "Giao lưu bóng chuyền và dọn vệ sinh bến đò",
        "theme": "Tuổi trẻ chung tay bảo vệ dòng Thu Bồn",
        "starts_at": "2026-12-26T12:00:00Z",
        "ends_at": "2026-12-26T14:00:00Z",
        "place": "Nhà văn hóa thôn Trung Hạ",
        "online_url": None,
        "budget_vnd": 3_000_000,
        "proposed_by": PERSON,
        "proposed_at": "2026-12-01T12:00:00Z",
        "party": {
            "agreed": True,
            "said_by": "Bí thư chi bộ thôn Trung Hạ",
            "said_on": "2026-12-03",
            "how": "họp chi bộ",
            "note": None,
            "recorded_at": "2026-12-04T01:00:00Z",
        },
        "commune": {"agreed": True, "decided_at": "2026-12-04T02:00:00Z", "reason": None},
        "meeting_id": MEETING,
    }
)
_PROPOSED = ProposedView(
    proposal=_PROPOSAL,
    warnings=[
        WarningView(code="not-the-host", text="Theo lịch luân phiên, tháng 12/2026 do Chi đoàn thôn Lộc Tây đăng cai.")
    ],
)
_SUBMIT = {
    "host_branch_id": BRANCH,
    "partner_branch_ids": [OTHER_BRANCH],
    "title": "Giao lưu bóng chuyền và dọn vệ sinh bến đò",
    "theme": "Tuổi trẻ chung tay bảo vệ dòng Thu Bồn",
    "starts_at": "2026-12-26T19:00:00+07:00",
    "ends_at": "2026-12-26T21:00:00+07:00",
    "place": "Nhà văn hóa thôn Trung Hạ",
    "budget_vnd": 3_000_000,
}


@proposals.post("", summary="Propose a joint activity", responses={201: ProposedView})
@example(request=_SUBMIT, response=_PROPOSED)
def submit(body: SubmitBody) -> Response:
    """By the host branch's secretary; thường trực Đoàn xã is asked to decide. Not this month's host: a warning."""
    return run_command(
        lambda context: submit_proposal(store(), context, policy(), body.said()),
        lambda proposed: Reply(
            _view(proposed),
            status=201,
            location=f"/v1/proposals/{proposed.proposal.id}",
            version=proposed.proposal.version,
        ),
    )


@proposals.get("", summary="Proposals within reach, newest first", responses={200: Listing[ProposalView]})
@example(response=Listing[ProposalView](items=[_PROPOSAL]))
def list_proposals(query: ProposalsQuery) -> Response:
    """A partner branch sees those that it is asked to join."""

    def answer(context: Context) -> Reply:
        asked = {"seen_from": query.branch_id, "unit_id": query.unit_id, "state": query.state}
        found = page(
            store(),
            PROPOSALS,
            {name: value for name, value in asked.items() if value is not None},
            among=seen_ways(reach(actor_of(context), "proposals.read", context.today)),
            sort=(("_id", -1),),
            limit=query.limit,
            cursor=query.cursor,
        )
        return Reply(found.listed(Listing[ProposalView], ProposalView.of))

    return run_query(answer)


@proposals.get("/<id>", summary="One proposal", responses={200: ProposalView})
@example(response=_PROPOSAL)
def read_proposal(path: IdPath) -> Response:
    """With both consents, as far as they are given."""

    def answer(context: Context) -> Reply:
        proposal = proposal_in_reach(store(), context, path.id)
        return Reply(ProposalView.of(proposal), version=proposal.version)

    return run_query(answer)


@proposals.post("/<id>/decision", summary="Đoàn xã's decision", responses={200: ProposedView})
@example(name="agreed", request={"agreed": True}, response=_PROPOSED)
@example(name="declined", request={"agreed": False, "reason": "Trùng ngày tập huấn"})
def decide(path: IdPath, body: DecideBody) -> Response:
    """With chi bộ's consent there already, the joint activity is convened and all youth of its branches invited."""
    return run_command(
        lambda context: decide_proposal(
            store(),
            context,
            policy(),
            path.id,
            agreed=body.agreed,
            reason=body.reason,
            expected=expected_version(),
        ),
        _told,
    )


@proposals.post("/<id>/party-consent", summary="Record chi bộ's consent", responses={200: ProposedView})
@example(
    name="agreed",
    request={"agreed": True, "said_by": "Bí thư chi bộ thôn Trung Hạ", "said_on": "2026-12-03", "how": "họp chi bộ"},
    response=_PROPOSED,
)
@example(
    name="declined",
    request={
        "agreed": False,
        "said_by": "Bí thư chi bộ thôn Trung Hạ",
        "said_on": "2026-12-03",
        "how": "điện thoại",
        "note": "Thôn có việc tang",
    },
)
def party_consent(path: IdPath, body: ConsentBody) -> Response:
    """Said outside the system, written down by an officer: who said it, when and how."""
    return run_command(
        lambda context: record_party_consent(
            store(), context, policy(), path.id, PartyWord(**body.model_dump()), expected=expected_version()
        ),
        _told,
    )


@proposals.post("/<id>/withdraw", summary="Take a proposal back", responses={200: ProposedView})
@example(response=_PROPOSED)
def withdraw(path: IdPath) -> Response:
    """By the host, while it is not decided."""
    return run_command(lambda context: withdraw_proposal(store(), context, path.id, expected=expected_version()), _told)


def _told(proposed: Proposed) -> Reply:
    return Reply(_view(proposed), version=proposed.proposal.version)


def _view(proposed: Proposed) -> ProposedView:
    return ProposedView(
        proposal=ProposalView.of(proposed.proposal),
        warnings=warnings_of(proposed.notices),
        better_slots=slots_of(proposed.better),
    )
