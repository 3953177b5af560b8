"""Joint activities: proposed by the host, two consents, convened in the same transaction; the rotation behind them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from chassis.failures import Refusal
from chassis.storage.memory import MemoryStore
from contracts.scheduling_events import (
    HostRotationPlanned,
    LinkProposalApproved,
    LinkProposalDeclined,
    LinkProposalSubmitted,
    MeetingKind,
    MeetingScheduled,
)
from scheduling.application.decide_proposal import (
    PartyWord,
    decide_proposal,
    record_party_consent,
    withdraw_proposal,
)
from scheduling.application.name_next_hosts import name_next_hosts
from scheduling.application.plan_rotation import excuse_host, plan_rotation, swap_hosts
from scheduling.application.record_attendance import RollCall, record_attendance
from scheduling.application.records import INVITATIONS, MEETINGS
from scheduling.application.submit_proposal import ProposalSaid, submit_proposal
from scheduling.domain.meeting import Guests
from scheduling.domain.proposal import Proposal, ProposalState
from scheduling.domain.rotation import Excuse, Rotation
from tests.unit.scheduling.commune import (
    BRANCH_DEPUTY,
    BRANCH_SECRETARY,
    BRANCHES,
    CLERK,
    COMMUNE,
    DEPUTY,
    MEMBER,
    NOW,
    OTHER_BRANCH,
    OTHER_SECRETARY,
    POLICY,
    SECRETARY,
    context_of,
    done,
    in_days,
    member_of,
    person_state,
    published,
    settled_commune,
    told,
    uid,
    unit_state,
    youth,
)


def said(**changes: Any) -> ProposalSaid:
    values: dict[str, Any] = {
        "host_branch_id": BRANCHES[0],
        "partner_branch_ids": [BRANCHES[1]],
        "title": "Giao lưu bóng chuyền",
        "theme": "Bảo vệ dòng Thu Bồn",
        "starts_at": in_days(26),
        "ends_at": in_days(26, 21),
        "place": "Nhà văn hóa thôn Trung Hạ",
        "budget_vnd": 3_000_000,
    }
    return ProposalSaid(**(values | changes))


def submitted(store: MemoryStore, **changes: Any) -> Proposal:
    return done(store, submit_proposal(store, context_of(BRANCH_SECRETARY), POLICY, said(**changes))).proposal


def word(**changes: Any) -> PartyWord:
    values: dict[str, Any] = {
        "agreed": True,
        "said_by": "Bí thư chi bộ thôn",
        "said_on": date(2026, 11, 1),
        "how": "họp chi bộ",
    }
    return PartyWord(**(values | changes))


def test_the_host_proposes_and_thuong_truc_is_asked() -> None:
    store = settled_commune()
    outcome = submit_proposal(store, context_of(BRANCH_SECRETARY), POLICY, said())
    (event,) = published(outcome.changes)
    assert isinstance(event, LinkProposalSubmitted)
    assert event.decider_ids == [SECRETARY, DEPUTY]
    assert (event.host_branch_id, event.partner_branch_ids) == (BRANCHES[0], [BRANCHES[1]])
    assert outcome.result.notices == ()


@pytest.mark.parametrize("party_first", [True, False])
def test_with_the_second_consent_all_youth_of_the_branches_are_invited_and_nobody_else(party_first: bool) -> None:
    store = settled_commune()
    id = submitted(store).id

    def party() -> Any:
        return record_party_consent(store, context_of(CLERK), POLICY, id, word())

    def commune() -> Any:
        return decide_proposal(store, context_of(), POLICY, id, agreed=True)

    first, second = (party, commune) if party_first else (commune, party)
    outcome = first()
    assert published(outcome.changes) == []
    done(store, outcome)
    outcome = second()
    approved, scheduled = published(outcome.changes)
    assert isinstance(approved, LinkProposalApproved)
    assert isinstance(scheduled, MeetingScheduled)
    assert approved.meeting_id == scheduled.meeting_id
    assert approved.proposer_id == BRANCH_SECRETARY
    assert {one.person_id for one in scheduled.invitees} == set(youth(1) + youth(2))
    assert {one.reason.value for one in scheduled.invitees} == {"branch_youth"}
    proposal = done(store, outcome).proposal
    assert (proposal.state, proposal.meeting_id) == (ProposalState.APPROVED, scheduled.meeting_id)
    meeting = store.get(MEETINGS, scheduled.meeting_id)
    assert meeting is not None
    assert (meeting.kind, meeting.unit_id, meeting.host_branch_id) == (
        MeetingKind.JOINT_ACTIVITY,
        COMMUNE,
        BRANCHES[0],
    )


def test_memberships_count_as_they_are_on_the_day_of_the_activity() -> None:
    store = settled_commune()
    leaves, comes = youth(1)[0], uid(7000)
    moved = person_state(leaves, "Đi xa", member_of(BRANCHES[0], ends=in_days(20).date()), version=2)
    told(store, moved, person_state(comes, "Mới về", member_of(BRANCHES[0], starts=in_days(10).date())))
    id = submitted(store).id
    done(store, record_party_consent(store, context_of(), POLICY, id, word()))
    scheduled = published(decide_proposal(store, context_of(), POLICY, id, agreed=True).changes)[1]
    assert isinstance(scheduled, MeetingScheduled)
    invited = {one.person_id for one in scheduled.invitees}
    assert comes in invited
    assert leaves not in invited


@pytest.mark.parametrize("by", ["commune", "party_cell"])
def test_declining_needs_a_reason_and_tells_the_proposer(by: str) -> None:
    store = settled_commune()
    id = submitted(store).id

    def declined(reason: str | None) -> Any:
        if by == "commune":
            return decide_proposal(store, context_of(), POLICY, id, agreed=False, reason=reason)
        return record_party_consent(store, context_of(), POLICY, id, word(agreed=False, note=reason))

    with pytest.raises(Refusal) as refused:
        declined(None)
    assert refused.value.code == "text-missing"
    outcome = declined("Thôn có việc tang")
    (event,) = published(outcome.changes)
    assert isinstance(event, LinkProposalDeclined)
    assert (event.declined_by, event.proposer_id) == (by, BRANCH_SECRETARY)
    done(store, outcome)
    with pytest.raises(Refusal) as over:
        decide_proposal(store, context_of(), POLICY, id, agreed=True)
    assert over.value.code == "wrong-state"


def test_chi_bo_cannot_have_said_it_tomorrow_and_the_words_are_kept() -> None:
    store = settled_commune()
    id = submitted(store).id
    with pytest.raises(Refusal) as refused:
        record_party_consent(store, context_of(), POLICY, id, word(said_on=date(2026, 11, 3)))
    assert refused.value.pointer == "/said_on"
    kept = done(store, record_party_consent(store, context_of(CLERK), POLICY, id, word())).proposal.party
    assert kept is not None
    assert (kept.said_by, kept.how, kept.recorded_by) == ("Bí thư chi bộ thôn", "họp chi bộ", CLERK)


def test_who_may_propose_decide_and_take_back() -> None:
    store = settled_commune()
    for actor in (BRANCH_DEPUTY, OTHER_SECRETARY, MEMBER):
        with pytest.raises(Refusal):
            submit_proposal(store, context_of(actor), POLICY, said())
    id = submitted(store).id
    for actor, because in ((CLERK, "forbidden"), (BRANCH_DEPUTY, "forbidden"), (OTHER_SECRETARY, "missing")):
        with pytest.raises(Refusal) as refused:
            decide_proposal(store, context_of(actor), POLICY, id, agreed=True)
        assert refused.value.because == because
    assert done(store, withdraw_proposal(store, context_of(BRANCH_SECRETARY), id)).proposal.state == "withdrawn"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"partner_branch_ids": []}, "no-partner"),
        ({"partner_branch_ids": [BRANCHES[0]]}, "no-partner"),
        ({"partner_branch_ids": [OTHER_BRANCH]}, "foreign-branch"),
        ({"starts_at": NOW - timedelta(days=1)}, "in-the-past"),
        ({"title": "gọi 0912345678"}, "contact-in-text"),
    ],
)
def test_what_cannot_be_proposed_is_refused(changes: dict[str, Any], code: str) -> None:
    with pytest.raises(Refusal) as refused:
        submitted(settled_commune(), **changes)
    assert refused.value.code == code


def test_a_proposal_whose_day_has_passed_is_not_convened() -> None:
    store = settled_commune()
    id = submitted(store).id
    done(store, record_party_consent(store, context_of(), POLICY, id, word()))
    with pytest.raises(Refusal) as refused:
        decide_proposal(store, context_of(SECRETARY, NOW + timedelta(days=40)), POLICY, id, agreed=True)
    assert refused.value.code == "in-the-past"


def planned(store: MemoryStore, year: int = 2026, **options: Any) -> Rotation:
    return done(store, plan_rotation(store, context_of(), POLICY, COMMUNE, year, **options))


def test_not_being_the_months_host_is_warned_of_and_names_the_host() -> None:
    store = settled_commune()
    planned(store)
    notices = submit_proposal(store, context_of(DEPUTY), POLICY, said(host_branch_id=BRANCHES[3])).result.notices
    assert [notice.code for notice in notices] == ["not-the-host"]
    assert notices[0].vi == "Theo lịch luân phiên, tháng 11/2026 do Chi đoàn thôn Trung Hạ đăng cai."


def test_the_host_records_everyones_attendance_with_guests() -> None:
    store = settled_commune()
    id = submitted(store).id
    done(store, record_party_consent(store, context_of(), POLICY, id, word()))
    meeting_id = done(store, decide_proposal(store, context_of(), POLICY, id, agreed=True)).proposal.meeting_id
    assert meeting_id is not None
    call = RollCall(youth(1) + youth(2)[:2], [(youth(2)[2], "works_away")], [Guests(count=7)])
    attended = done(
        store, record_attendance(store, context_of(BRANCH_SECRETARY, in_days(26)), POLICY, meeting_id, call)
    )
    assert attended.attendance is not None
    assert attended.attendance.model_dump() == {"present": 7, "absent": 1, "guests": 7}
    assert store.count(INVITATIONS, {"meeting_id": meeting_id, "presence": "unknown"}) == 2


def test_a_year_is_planned_once_from_the_present_month_on() -> None:
    store = settled_commune()
    outcome = plan_rotation(store, context_of(), POLICY, COMMUNE, 2026)
    (event,) = published(outcome.changes)
    assert isinstance(event, HostRotationPlanned)
    assert event.host_branch_ids == [""] * 10 + [BRANCHES[0], BRANCHES[1]]
    done(store, outcome)
    with pytest.raises(Refusal) as twice:
        plan_rotation(store, context_of(), POLICY, COMMUNE, 2026)
    assert twice.value.code == "rotation-exists"
    with pytest.raises(Refusal) as far:
        plan_rotation(store, context_of(), POLICY, COMMUNE, 2030)
    assert far.value.code == "year-out-of-range"


def test_the_next_year_goes_on_where_the_last_one_ended_and_debts_are_carried_over() -> None:
    store = settled_commune()
    planned(
        store,
        excuses=[
            Excuse(branch_id=BRANCHES[0], month=11, reason="Lũ"),
            Excuse(branch_id=BRANCHES[0], month=12, reason="Lũ"),
        ],
    )
    next_year = planned(store, 2027)
    assert [next_year.host_of(month).branch_id for month in (1, 2, 3)] == [BRANCHES[0], BRANCHES[3], BRANCHES[1]]
    assert next_year.host_of(1).reason_vi == "Đăng cai bù cho lượt còn nợ."


def test_a_quarterly_branch_hosts_in_its_meeting_months_and_a_dissolved_one_no_more() -> None:
    store = settled_commune()
    told(store, unit_state(BRANCHES[0], "Chi đoàn thôn Trung Hạ", "branch", code="01", version=2, meets_every_months=3))
    gone = unit_state(BRANCHES[1], "Chi đoàn thôn Trung Thượng", "branch", code="02", version=2, ends=date(2027, 4, 1))
    told(store, gone)
    rotation = planned(store, 2027)
    hosted = {
        branch_id: {host.month for host in rotation.hosts if host.branch_id == branch_id} for branch_id in BRANCHES
    }
    assert hosted[BRANCHES[0]] <= {3, 6, 9, 12}
    assert hosted[BRANCHES[1]] <= {1, 2, 3}


def test_an_excuse_plans_the_rest_of_the_year_anew() -> None:
    store = settled_commune()
    rotation = planned(store, 2027)
    before = [host.branch_id for host in rotation.hosts]
    host_of_march = before[2]
    assert host_of_march is not None
    excused = done(
        store,
        excuse_host(
            store, context_of(), POLICY, rotation.id, Excuse(branch_id=host_of_march, month=3, reason="Lũ chia cắt.")
        ),
    )
    after = [host.branch_id for host in excused.hosts]
    assert after[:2] == before[:2]
    assert after[2] != host_of_march
    assert after[3] == host_of_march
    assert [(debt.month, debt.repaid_in) for debt in excused.debts] == [(3, 4)]
    assert excused.version == 2


def test_two_months_to_come_exchange_hosts_with_a_reason() -> None:
    store = settled_commune()
    rotation = planned(store, 2027)
    one, other = rotation.host_of(5).branch_id, rotation.host_of(6).branch_id
    outcome = swap_hosts(store, context_of(), rotation.id, 5, 6, reason="Đám giỗ chung")
    (event,) = published(outcome.changes)
    assert isinstance(event, HostRotationPlanned)
    assert (event.host_branch_ids[4], event.host_branch_ids[5]) == (other, one)
    assert done(store, outcome).host_of(5).reason_vi == "Đổi lượt với tháng 6: Đám giỗ chung."
    with pytest.raises(Refusal) as same:
        swap_hosts(store, context_of(), rotation.id, 5, 5, reason="x")
    assert same.value.code == "nothing-to-swap"
    past = context_of(SECRETARY, NOW + timedelta(days=365))
    with pytest.raises(Refusal) as over:
        swap_hosts(store, past, rotation.id, 1, 12, reason="x")
    assert over.value.code == "month-is-over"


def test_the_next_six_months_and_who_owes_are_seen_by_the_branches_too() -> None:
    store = settled_commune()
    planned(store, excuses=[Excuse(branch_id=BRANCHES[0], month=11, reason="Lũ")])
    planned(store, 2027)
    for actor in (SECRETARY, MEMBER, BRANCH_SECRETARY):
        found = name_next_hosts(store, context_of(actor), COMMUNE)
        assert [(year, host.month) for year, host in found.hosts] == [
            (2026, 11),
            (2026, 12),
            (2027, 1),
            (2027, 2),
            (2027, 3),
            (2027, 4),
        ]
    with pytest.raises(Refusal) as missing:
        name_next_hosts(store, context_of(OTHER_SECRETARY), COMMUNE)
    assert missing.value.because == "missing"
