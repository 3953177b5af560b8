"""Answers by web, officer and SMS; attendance in bulk; what follows a meeting; what time does."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from chassis.failures import Refusal
from chassis.storage.memory import MemoryStore
from contracts.notifications_events import ReplyMeaning, ReplyReceived
from contracts.scheduling_events import AttendanceRecorded, InvitationAnswered
from scheduling.application.answer_invitation import answer_invitation, reply_received
from scheduling.application.change_meeting import cancel_meeting
from scheduling.application.close_meeting import close_meeting, miss_meeting, write_minutes
from scheduling.application.convene_meeting import convene_briefing
from scheduling.application.count_answers import count_answers
from scheduling.application.record_attendance import RollCall, record_attendance
from scheduling.application.records import IGNORED_REPLIES, INVITATIONS, MEETINGS
from scheduling.domain.invitation import AnsweredBy, AnswerState, Invitation, Presence, invitation_id
from scheduling.domain.meeting import Direction, Guests, Meeting, MeetingState
from scheduling.workers.what_time_does import pass_meetings
from tests.unit.scheduling.commune import (
    BRANCH_DEPUTY,
    BRANCH_SECRETARY,
    BRANCHES,
    CLERK,
    COMMUNE,
    DEPUTY,
    MEMBER,
    NOW,
    OTHER_SECRETARY,
    POLICY,
    SECRETARY,
    context_of,
    done,
    incoming,
    plan,
    published,
    settled_commune,
    uid,
)


def briefing() -> tuple[MemoryStore, Meeting]:
    store = settled_commune()
    return store, done(store, convene_briefing(store, context_of(), POLICY, COMMUNE, plan())).meeting


def invitation(store: MemoryStore, meeting: Meeting, person_id: str) -> Invitation:
    found = store.get(INVITATIONS, invitation_id(meeting.id, person_id))
    assert found is not None
    return found


def reply(meeting: Meeting, person_id: str, *, at: datetime, coming: bool = True, number: int = 1) -> ReplyReceived:
    return ReplyReceived(
        reply_id=uid(9000 + number),
        meeting_id=meeting.id,
        person_id=person_id,
        meaning=ReplyMeaning.COMING if coming else ReplyMeaning.NOT_COMING,
        received_at=at,
    )


def hear(store: MemoryStore, event: ReplyReceived) -> list[object]:
    changes = reply_received(event, incoming(event), store)
    store.commit(changes)
    return list(published(changes))


def test_a_person_answers_for_himself_and_everyone_is_told() -> None:
    store, meeting = briefing()
    outcome = answer_invitation(store, context_of(BRANCH_SECRETARY), meeting.id, BRANCH_SECRETARY, coming=True)
    (event,) = published(outcome.changes)
    assert event == InvitationAnswered(meeting_id=meeting.id, person_id=BRANCH_SECRETARY, coming=True, by="web")
    assert done(store, outcome).answer is AnswerState.COMING


def test_an_officer_records_what_he_was_told_by_phone() -> None:
    store, meeting = briefing()
    outcome = answer_invitation(
        store, context_of(CLERK), meeting.id, BRANCH_DEPUTY, coming=False, note="Đi làm xa đến Tết"
    )
    answered = done(store, outcome)
    assert (answered.answer, answered.answered_by) == (AnswerState.NOT_COMING, AnsweredBy.OFFICER)
    assert answered.answer_note == "Đi làm xa đến Tết"


def test_nobody_answers_for_another_branch_and_the_uninvited_do_not_answer() -> None:
    store, meeting = briefing()
    cases = [(BRANCH_SECRETARY, BRANCH_DEPUTY), (OTHER_SECRETARY, BRANCH_DEPUTY), (SECRETARY, MEMBER)]
    for actor, person_id in cases:
        with pytest.raises(Refusal) as refused:
            answer_invitation(store, context_of(actor), meeting.id, person_id, coming=True)
        assert refused.value.because == "missing"


def test_a_reply_by_sms_becomes_the_answer() -> None:
    store, meeting = briefing()
    (event,) = hear(store, reply(meeting, DEPUTY, at=NOW))
    assert event == InvitationAnswered(meeting_id=meeting.id, person_id=DEPUTY, coming=True, by="sms")
    assert invitation(store, meeting, DEPUTY).answered_by is AnsweredBy.SMS


def test_the_latest_answer_by_time_of_receipt_wins_whatever_order_they_come_in() -> None:
    store, meeting = briefing()
    hear(store, reply(meeting, DEPUTY, at=NOW + timedelta(minutes=5), coming=False))
    assert hear(store, reply(meeting, DEPUTY, at=NOW + timedelta(minutes=1), coming=True, number=2)) == []
    assert invitation(store, meeting, DEPUTY).answer is AnswerState.NOT_COMING
    assert [row.reason for row in store.find(IGNORED_REPLIES, {"meeting_id": meeting.id})] == ["older"]


def test_a_reply_after_the_end_or_from_the_uninvited_is_counted_aside() -> None:
    store, meeting = briefing()
    assert hear(store, reply(meeting, DEPUTY, at=meeting.ends_at)) == []
    assert hear(store, reply(meeting, MEMBER, at=NOW, number=2)) == []
    assert invitation(store, meeting, DEPUTY).answer is AnswerState.SILENT
    assert count_answers(store, context_of(), meeting.id).late == 2


def test_after_the_meeting_answers_are_refused_with_what_to_do_instead() -> None:
    store, meeting = briefing()
    with pytest.raises(Refusal) as over:
        answer_invitation(store, context_of(SECRETARY, meeting.ends_at), meeting.id, DEPUTY, coming=True)
    assert over.value.code == "answers-closed"
    done(store, cancel_meeting(store, context_of(), meeting.id, "Mưa lũ"))
    with pytest.raises(Refusal) as cancelled:
        answer_invitation(store, context_of(SECRETARY), meeting.id, DEPUTY, coming=True)
    assert cancelled.value.code == "wrong-state"


def test_who_is_coming_is_counted_in_all_and_by_branch_as_far_as_one_may_see() -> None:
    store, meeting = briefing()
    hear(store, reply(meeting, BRANCH_SECRETARY, at=NOW))
    hear(store, reply(meeting, DEPUTY, at=NOW, coming=False, number=2))
    board = count_answers(store, context_of(), meeting.id)
    assert (board.total.coming, board.total.not_coming, board.total.silent) == (1, 1, 2)
    assert board.by_unit[BRANCHES[0]].coming == 1
    assert board.by_unit[COMMUNE].silent == 1
    own = count_answers(store, context_of(BRANCH_SECRETARY), meeting.id)
    assert list(own.by_unit) == [BRANCHES[0]]
    assert (own.total.coming, own.total.silent, own.late) == (1, 0, 0)


def test_attendance_is_recorded_in_bulk_with_reasons_and_guests() -> None:
    store, meeting = briefing()
    call = RollCall(
        [SECRETARY, BRANCH_SECRETARY], [(BRANCH_DEPUTY, "works_away")], [Guests(count=3, name="Hội Nông dân")]
    )
    outcome = record_attendance(store, context_of(CLERK, meeting.starts_at), POLICY, meeting.id, call)
    (event,) = published(outcome.changes)
    assert event == AttendanceRecorded(meeting_id=meeting.id, present=2, absent=1, guests=3)
    assert done(store, outcome).state is MeetingState.AWAITING_MINUTES
    assert invitation(store, meeting, BRANCH_DEPUTY).absent_because == "works_away"
    corrected = RollCall(present=[BRANCH_DEPUTY], absent=[(SECRETARY, "ill")])
    again = record_attendance(store, context_of(CLERK, meeting.starts_at), POLICY, meeting.id, corrected)
    (event,) = published(again.changes)
    assert event == AttendanceRecorded(meeting_id=meeting.id, present=2, absent=1, guests=3)
    done(store, again)
    assert invitation(store, meeting, BRANCH_DEPUTY).presence is Presence.PRESENT
    assert invitation(store, meeting, BRANCH_DEPUTY).absent_because is None


def test_roll_call_opens_an_hour_before_the_start() -> None:
    store, meeting = briefing()
    early = context_of(CLERK, meeting.starts_at - timedelta(minutes=61))
    with pytest.raises(Refusal) as refused:
        record_attendance(store, early, POLICY, meeting.id, RollCall([SECRETARY]))
    assert refused.value.code == "too-early"
    on_time = context_of(CLERK, meeting.starts_at - timedelta(minutes=60))
    assert record_attendance(store, on_time, POLICY, meeting.id, RollCall([SECRETARY])).result.attendance


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (RollCall([SECRETARY, SECRETARY]), "named-twice"),
        (RollCall([SECRETARY], [(SECRETARY, "ill")]), "named-twice"),
        (RollCall([], [(SECRETARY, "bored")]), "unknown-absence-reason"),
        (RollCall([MEMBER]), "not-invited"),
        (RollCall([], [], [Guests(count=1, name="anh Ba 0912345678")]), "contact-in-text"),
    ],
)
def test_a_roll_call_that_cannot_be_true_is_refused(call: RollCall, code: str) -> None:
    store, meeting = briefing()
    with pytest.raises(Refusal) as refused:
        record_attendance(store, context_of(CLERK, meeting.starts_at), POLICY, meeting.id, call)
    assert refused.value.code == code


def test_a_branch_secretary_records_his_own_branch_alone() -> None:
    store, meeting = briefing()
    context = context_of(BRANCH_SECRETARY, meeting.starts_at)
    assert done(store, record_attendance(store, context, POLICY, meeting.id, RollCall([BRANCH_SECRETARY]))).attendance
    for call in (RollCall([BRANCH_SECRETARY, BRANCH_DEPUTY]), RollCall([BRANCH_DEPUTY])):
        with pytest.raises(Refusal):
            record_attendance(store, context, POLICY, meeting.id, call)
    with pytest.raises(Refusal) as guests:
        record_attendance(store, context, POLICY, meeting.id, RollCall([BRANCH_SECRETARY], [], [Guests(count=2)]))
    assert guests.value.because == "forbidden"


def test_a_meeting_counts_only_once_it_was_closed_with_minutes() -> None:
    store, meeting = briefing()
    later = context_of(SECRETARY, meeting.ends_at)
    assert pass_meetings(store, later) == 1
    assert pass_meetings(store, later) == 0
    with pytest.raises(Refusal) as without:
        close_meeting(store, later, meeting.id)
    assert without.value.code == "minutes-missing"
    direction = Direction(branch_id=BRANCHES[0], text="Dọn bến đò")
    minuted = done(store, write_minutes(store, later, meeting.id, "Kết luận của bí thư", [direction]))
    assert minuted.minutes is not None
    assert minuted.minutes.directions == (direction,)
    assert done(store, close_meeting(store, later, meeting.id)).state is MeetingState.HELD


def test_directions_are_for_branches_of_the_meeting_and_conclusions_are_not_empty() -> None:
    store, meeting = briefing()
    later = context_of(SECRETARY, meeting.ends_at)
    pass_meetings(store, later)
    with pytest.raises(Refusal) as foreign:
        write_minutes(store, later, meeting.id, "x", [Direction(branch_id=uid(21), text="x")])
    assert foreign.value.code == "foreign-branch"
    with pytest.raises(Refusal) as empty:
        write_minutes(store, later, meeting.id, "  \n ")
    assert empty.value.code == "text-missing"


def test_a_meeting_that_passed_without_taking_place_is_missed() -> None:
    store, meeting = briefing()
    later = context_of(SECRETARY, meeting.ends_at)
    pass_meetings(store, later)
    missed = done(store, miss_meeting(store, later, meeting.id, "Không đủ người dự"))
    assert (missed.state, missed.ended_because) == (MeetingState.MISSED, "Không đủ người dự")


def test_a_meeting_that_was_moved_while_the_timer_ran_is_left_alone() -> None:
    store, meeting = briefing()
    later = context_of(None, meeting.ends_at)
    moved = meeting.model_copy(update={"version": 2, "ends_at": meeting.ends_at + timedelta(days=7)})
    store.project(MEETINGS, [moved])
    assert pass_meetings(store, later) == 0
