"""The model's year of a commune: 2 giao ban, 12 họp BTV, 12 liên chi đoàn. What is done, planned, missing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from chassis.context import local_day
from contracts.scheduling_events import MeetingKind
from scheduling.domain.meeting import Meeting, MeetingState
from scheduling.domain.policy import KindPolicy, Policy


class PeriodState(StrEnum):
    DONE = "done"  # a meeting was held, with minutes
    AWAITING_MINUTES = "awaiting_minutes"  # it took place; it counts once its minutes are written
    PLANNED = "planned"
    TO_PLAN = "to_plan"  # nothing planned, and there is still time
    MISSING = "missing"  # the period has passed without one


@dataclass(frozen=True, slots=True)
class Period:
    """A half-year or month `[starts, ends)` in which one meeting of `kind` is wanted, and what there is."""

    kind: MeetingKind
    starts: date
    ends: date
    state: PeriodState
    meeting_ids: tuple[str, ...]


_COUNTS_AS = {
    MeetingState.HELD: PeriodState.DONE,
    MeetingState.AWAITING_MINUTES: PeriodState.AWAITING_MINUTES,
    MeetingState.SCHEDULED: PeriodState.PLANNED,
}


def year_of(policy: Policy, year: int, meetings: Iterable[Meeting], today: date) -> list[Period]:
    """Every period of a calendar year, by kind and date. Cancelled and missed meetings count for nothing."""
    counted = [one for one in meetings if one.state in _COUNTS_AS]
    return [
        _period(kind, starts, ends, [one for one in counted if one.kind is kind], today)
        for kind, usual in policy.meetings.items()
        for starts, ends in _periods(usual, year)
    ]


def half_years_missed(periods: Sequence[Period]) -> list[Period]:
    """The half-years that passed without a giao ban with minutes (domain §2.1 B)."""
    passed = (PeriodState.MISSING, PeriodState.AWAITING_MINUTES)
    return [one for one in periods if one.kind is MeetingKind.BRIEFING and one.state in passed]


def _periods(usual: KindPolicy, year: int) -> list[tuple[date, date]]:
    found = []
    day = date(year, 1, 1)
    while day.year == year:
        starts, ends = usual.period_of(day)
        found.append((starts, ends))
        day = ends
    return found


def _period(kind: MeetingKind, starts: date, ends: date, meetings: Sequence[Meeting], today: date) -> Period:
    inside = [one for one in meetings if starts <= local_day(one.starts_at) < ends]
    states = {_COUNTS_AS[one.state] for one in inside}
    state = next((one for one in PeriodState if one in states), None)
    if state is None:
        state = PeriodState.MISSING if ends <= today else PeriodState.TO_PLAN
    return Period(kind, starts, ends, state, tuple(one.id for one in inside))
