"""The model's year: 2 giao ban, 12 họp BTV, 12 liên chi đoàn, each done, planned, to plan or missing."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

from contracts.scheduling_events import MeetingKind
from scheduling.application.close_meeting import close_meeting, write_minutes
from scheduling.application.convene_meeting import convene_assignment_meeting, convene_briefing
from scheduling.application.survey_year import survey_commune
from scheduling.domain.year_plan import PeriodState, half_years_missed
from scheduling.workers.what_time_does import pass_meetings
from tests.unit.scheduling.commune import COMMUNE, NOW, POLICY, SECRETARY, context_of, done, plan, settled_commune


def test_a_year_wants_two_briefings_and_twelve_of_each_other_kind() -> None:
    periods = survey_commune(settled_commune(), context_of(), POLICY, COMMUNE, 2026)
    assert Counter(period.kind for period in periods) == {
        MeetingKind.BRIEFING: 2,
        MeetingKind.ASSIGNMENT_MEETING: 12,
        MeetingKind.JOINT_ACTIVITY: 12,
    }


def test_what_passed_is_missing_and_what_is_to_come_is_to_plan() -> None:
    periods = survey_commune(settled_commune(), context_of(), POLICY, COMMUNE, 2026)
    months = [one for one in periods if one.kind is MeetingKind.ASSIGNMENT_MEETING]
    assert [one.state for one in months] == [PeriodState.MISSING] * 10 + [PeriodState.TO_PLAN] * 2
    assert [one.starts for one in half_years_missed(periods)] == [date(2026, 1, 1)]


def test_a_meeting_counts_as_done_only_with_minutes() -> None:
    store = settled_commune()
    briefing = done(store, convene_briefing(store, context_of(), POLICY, COMMUNE, plan())).meeting
    done(store, convene_assignment_meeting(store, context_of(), POLICY, COMMUNE, plan(7, 8)))

    def states() -> tuple[PeriodState, PeriodState]:
        periods = survey_commune(store, context_of(SECRETARY, NOW + timedelta(days=100)), POLICY, COMMUNE, 2026)
        by_kind = [one for one in periods if one.meeting_ids]
        return by_kind[0].state, by_kind[1].state

    assert states() == (PeriodState.PLANNED, PeriodState.PLANNED)
    later = context_of(SECRETARY, NOW + timedelta(days=30))
    assert pass_meetings(store, later) == 2
    assert states() == (PeriodState.AWAITING_MINUTES, PeriodState.AWAITING_MINUTES)
    done(store, write_minutes(store, later, briefing.id, "Kết luận"))
    done(store, close_meeting(store, later, briefing.id))
    assert states() == (PeriodState.DONE, PeriodState.AWAITING_MINUTES)
