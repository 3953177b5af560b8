"""Convening: who is invited and why, what everyone is told, what is warned of and what is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from chassis.failures import Refusal
from contracts.scheduling_events import InvitationReason, MeetingCancelled, MeetingRescheduled, MeetingScheduled
from scheduling.application.change_meeting import NewTime, cancel_meeting, reschedule_meeting
from scheduling.application.convene_meeting import convene_assignment_meeting, convene_briefing
from scheduling.application.records import INVITATIONS, MEETINGS
from scheduling.application.set_day import set_day
from scheduling.domain.meeting import MeetingState
from tests.unit.scheduling.commune import (
    BRANCH_DEPUTY,
    BRANCH_SECRETARY,
    BRANCHES,
    CLERK,
    COMMUNE,
    DEPUTY,
    MEMBER,
    NOW,
    OTHER_COMMUNE,
    OTHER_MEMBER,
    OTHER_SECRETARY,
    POLICY,
    PROVINCE_OFFICER,
    SECRETARY,
    context_of,
    done,
    in_days,
    plan,
    post_state,
    published,
    settled_commune,
    told,
    unit_state,
)


def test_a_briefing_invites_thuong_truc_and_each_branchs_secretary_or_deputy_once_with_the_reason() -> None:
    store = settled_commune()
    outcome = convene_briefing(store, context_of(), POLICY, COMMUNE, plan())
    (event,) = published(outcome.changes)
    assert isinstance(event, MeetingScheduled)
    assert {one.person_id: one.reason for one in event.invitees} == {
        SECRETARY: InvitationReason.STANDING_SECRETARY,
        DEPUTY: InvitationReason.STANDING_SECRETARY,  # also branch 4's secretary: invited once, for the first reason
        BRANCH_SECRETARY: InvitationReason.BRANCH_SECRETARY,
        BRANCH_DEPUTY: InvitationReason.BRANCH_DEPUTY,
    }
    meeting = done(store, outcome).meeting
    assert (meeting.invited, meeting.state, meeting.zone) == (4, MeetingState.SCHEDULED, "Asia/Ho_Chi_Minh")
    assert store.count(INVITATIONS, {"meeting_id": meeting.id}) == 4


def test_a_branch_without_secretary_and_deputy_is_listed_and_told() -> None:
    arranged = convene_briefing(settled_commune(), context_of(), POLICY, COMMUNE, plan()).result
    assert [one.branch_id for one in arranged.meeting.unreached] == [BRANCHES[2]]
    (notice,) = [one for one in arranged.notices if one.code == "branch-unreached"]
    assert notice.vi == "Chi đoàn thôn Lộc Tây chưa có bí thư và phó bí thư nên chưa mời được ai."


def test_invitees_are_those_who_hold_the_posts_on_the_day_of_the_meeting() -> None:
    store = settled_commune()
    changes_on = in_days(10).date()
    told(store, post_state(50, MEMBER, BRANCHES[2], "branch_secretary", starts=changes_on))
    before = convene_briefing(store, context_of(), POLICY, COMMUNE, plan(days=6)).result.meeting
    after = convene_briefing(store, context_of(), POLICY, COMMUNE, plan(days=12)).result.meeting
    assert [one.branch_id for one in before.unreached] == [BRANCHES[2]]
    assert not after.unreached


def test_a_branch_dissolved_before_the_day_is_not_asked() -> None:
    store = settled_commune()
    gone = unit_state(BRANCHES[2], "Chi đoàn thôn Lộc Tây", "branch", ends=date(2026, 11, 10), version=2)
    told(store, gone)
    meeting = convene_briefing(store, context_of(), POLICY, COMMUNE, plan()).result.meeting
    assert BRANCHES[2] not in meeting.branch_ids
    assert not meeting.unreached


def test_who_is_invited_stays_frozen_when_posts_change() -> None:
    store = settled_commune()
    meeting = done(store, convene_briefing(store, context_of(), POLICY, COMMUNE, plan())).meeting
    told(store, post_state(51, MEMBER, BRANCHES[2], "branch_secretary"))
    assert store.count(INVITATIONS, {"meeting_id": meeting.id}) == 4


def test_an_assignment_meeting_invites_thuong_truc_and_committee_and_is_seen_by_the_commune_alone() -> None:
    outcome = convene_assignment_meeting(settled_commune(), context_of(), POLICY, COMMUNE, plan(days=7, hour=8))
    (event,) = published(outcome.changes)
    assert isinstance(event, MeetingScheduled)
    reasons = {one.person_id: one.reason.value for one in event.invitees}
    assert reasons == {
        SECRETARY: "standing_secretary",
        DEPUTY: "standing_secretary",
        MEMBER: "committee_member",
        OTHER_MEMBER: "committee_member",
    }
    assert outcome.result.meeting.seen_from == outcome.result.meeting.unit_path
    assert outcome.result.notices == ()


@pytest.mark.parametrize("person_id", [MEMBER, BRANCH_SECRETARY, PROVINCE_OFFICER])
def test_who_may_not_convene_is_told_so(person_id: str) -> None:
    with pytest.raises(Refusal) as refused:
        convene_briefing(settled_commune(), context_of(person_id), POLICY, COMMUNE, plan())
    assert refused.value.because in ("forbidden", "missing")


def test_another_commune_does_not_exist_for_an_officer() -> None:
    for unit_id, actor in ((OTHER_COMMUNE, SECRETARY), (COMMUNE, OTHER_SECRETARY)):
        with pytest.raises(Refusal) as refused:
            convene_briefing(settled_commune(), context_of(actor), POLICY, unit_id, plan())
        assert refused.value.because == "missing"


def test_only_a_commune_convenes_and_somebody_must_be_invited() -> None:
    store = settled_commune()
    with pytest.raises(Refusal) as not_a_commune:
        convene_briefing(store, context_of(), POLICY, BRANCHES[0], plan())
    assert not_a_commune.value.code == "wrong-unit-kind"
    lonely = settled_commune()
    for post in ("commune_secretary", "commune_deputy"):
        number = 1 if post == "commune_secretary" else 2
        state = post_state(number, SECRETARY, COMMUNE, post, ends=date(2026, 1, 1)).model_copy(update={"version": 2})
        told(lonely, state)
    for number in (3, 4):
        state = post_state(number, MEMBER, COMMUNE, "standing_member", ends=date(2026, 1, 1))
        told(lonely, state.model_copy(update={"version": 2}))
    with pytest.raises(Refusal) as nobody:
        convene_assignment_meeting(lonely, context_of(), POLICY, COMMUNE, plan())
    assert nobody.value.code == "no-invitees"


def test_titles_and_places_carry_no_way_to_reach_a_person() -> None:
    changes: list[dict[str, Any]] = [{"title": "Họp, gọi 0912 345 678"}, {"place": "Nhà anh Ba, ba@example.vn"}]
    for changed in changes:
        with pytest.raises(Refusal) as refused:
            convene_briefing(settled_commune(), context_of(), POLICY, COMMUNE, plan(**changed))
        assert refused.value.code == "contact-in-text"


def test_a_second_briefing_in_the_half_year_a_clash_and_a_taken_place_are_warned_of() -> None:
    store = settled_commune()
    done(store, convene_briefing(store, context_of(), POLICY, COMMUNE, plan()))
    again = convene_briefing(store, context_of(), POLICY, COMMUNE, plan(title="Giao ban bổ sung"))
    codes = [notice.code for notice in again.result.notices]
    assert codes == ["already-this-period", "clash", "place-taken", "branch-unreached"]
    assert any("4 người được mời" in notice.vi for notice in again.result.notices)
    assert len(again.result.better) == 3


def test_a_holiday_that_an_officer_set_is_warned_of() -> None:
    store = settled_commune()
    done(store, set_day(store, context_of(), COMMUNE, in_days(12).date(), "Lễ hội Bà Thu Bồn"))
    notices = convene_briefing(store, context_of(), POLICY, COMMUNE, plan()).result.notices
    assert any("Lễ hội Bà Thu Bồn" in notice.vi for notice in notices)


def test_a_commune_of_thousands_is_convened_in_one_transaction() -> None:
    store = settled_commune()
    for number in range(2600):
        branch_id = f"0190a1b2-0000-7000-9000-{number:012d}"
        path = [*unit_state(COMMUNE, "x", "commune").path, branch_id]
        told(store, unit_state(branch_id, f"Chi đoàn {number}", "branch", path=path))
        told(store, post_state(10_000 + number, branch_id.replace("9000", "a000"), branch_id, "branch_secretary"))
    meeting = done(store, convene_briefing(store, context_of(), POLICY, COMMUNE, plan())).meeting
    assert meeting.invited == 2604
    assert store.count(INVITATIONS, {"meeting_id": meeting.id}) == 2604


def new_time(**changes: object) -> NewTime:
    moved = NewTime(reason="Hội trường bận", starts_at=in_days(13, 8), ends_at=in_days(13, 10), place="Nhà văn hóa")
    return replace(moved, **changes)  # type: ignore[arg-type]  # fields by name


def test_moving_tells_where_it_was_and_why_and_keeps_the_invitees() -> None:
    store = settled_commune()
    meeting = done(store, convene_briefing(store, context_of(), POLICY, COMMUNE, plan())).meeting
    outcome = reschedule_meeting(store, context_of(CLERK), POLICY, meeting.id, new_time())
    (event,) = published(outcome.changes)
    assert isinstance(event, MeetingRescheduled)
    assert (event.was_at, event.was_place) == (meeting.starts_at, meeting.place)
    assert (event.meeting.starts_at, event.meeting.place, event.reason) == (
        in_days(13, 8),
        "Nhà văn hóa",
        "Hội trường bận",
    )
    moved = done(store, outcome).meeting
    assert (moved.version, moved.state, len(moved.moves)) == (2, MeetingState.SCHEDULED, 1)
    again = reschedule_meeting(
        store, context_of(), POLICY, meeting.id, new_time(starts_at=in_days(14, 19), ends_at=in_days(14, 21))
    )
    assert done(store, again).meeting.version == 3


def test_moving_nowhere_or_into_the_past_is_refused() -> None:
    store = settled_commune()
    meeting = done(store, convene_briefing(store, context_of(), POLICY, COMMUNE, plan())).meeting
    same = NewTime(reason="x", starts_at=meeting.starts_at, ends_at=meeting.ends_at)
    with pytest.raises(Refusal) as nowhere:
        reschedule_meeting(store, context_of(), POLICY, meeting.id, same)
    assert nowhere.value.code == "nothing-changed"
    with pytest.raises(Refusal) as past:
        reschedule_meeting(store, context_of(), POLICY, meeting.id, new_time(starts_at=NOW - timedelta(days=1)))
    assert past.value.code == "in-the-past"


def test_cancelling_tells_why_and_is_for_good() -> None:
    store = settled_commune()
    meeting = done(store, convene_briefing(store, context_of(), POLICY, COMMUNE, plan())).meeting
    outcome = cancel_meeting(store, context_of(), meeting.id, "Mưa lũ")
    (event,) = published(outcome.changes)
    assert isinstance(event, MeetingCancelled)
    assert event.reason == "Mưa lũ"
    done(store, outcome)
    cancelled = store.get(MEETINGS, meeting.id)
    assert cancelled is not None
    assert cancelled.state is MeetingState.CANCELLED
    with pytest.raises(Refusal) as twice:
        cancel_meeting(store, context_of(), meeting.id, "Mưa lũ")
    assert twice.value.code == "wrong-state"


def test_a_branch_secretary_sees_the_briefing_but_does_not_move_it_and_others_do_not_see_it() -> None:
    store = settled_commune()
    meeting = done(store, convene_briefing(store, context_of(), POLICY, COMMUNE, plan())).meeting
    with pytest.raises(Refusal) as forbidden:
        cancel_meeting(store, context_of(BRANCH_SECRETARY), meeting.id, "x")
    assert forbidden.value.because == "forbidden"
    with pytest.raises(Refusal) as missing:
        cancel_meeting(store, context_of(OTHER_SECRETARY), meeting.id, "x")
    assert missing.value.because == "missing"
