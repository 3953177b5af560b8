"""When meetings are held: the impossible is refused, the unusual warned of, the better named."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from chassis.context import LOCAL_ZONE
from chassis.failures import Refusal
from contracts.scheduling_events import MeetingKind
from scheduling.domain.days_off import DaysOff
from scheduling.domain.timing import Slot, free_slots, require_possible, said, timing_notices
from scheduling.domain.told_texts import has_contact, told_text
from tests.unit.scheduling.commune import NOW, POLICY, in_days


def slot(days: int, hour: int, hours: float = 2) -> Slot:
    starts = in_days(days, hour)
    return Slot(starts, starts + timedelta(hours=hours))


def codes(kind: MeetingKind, wanted: Slot, days_off: DaysOff | None = None) -> list[str]:
    return [notice.code for notice in timing_notices(kind, wanted, NOW, POLICY, days_off or DaysOff())]


def test_a_saturday_evening_two_weeks_ahead_is_nothing_unusual() -> None:
    for kind in (MeetingKind.BRIEFING, MeetingKind.JOINT_ACTIVITY):
        assert codes(kind, slot(12, 19)) == []


def test_the_standing_committee_meets_in_office_hours_and_villagers_need_not() -> None:
    assert codes(MeetingKind.ASSIGNMENT_MEETING, slot(7, 8)) == []
    assert codes(MeetingKind.ASSIGNMENT_MEETING, slot(7, 19)) == ["unusual-hours"]
    assert codes(MeetingKind.JOINT_ACTIVITY, slot(7, 8)) == ["unusual-hours"]


def test_short_notice_holidays_and_days_to_avoid_are_warned_of() -> None:
    assert codes(MeetingKind.BRIEFING, slot(1, 19)) == ["short-notice", "better-avoided"]  # 3 November: chi bộ meets
    assert codes(MeetingKind.BRIEFING, slot(22, 19)) == ["holiday"]  # 24 November, Ngày Văn hóa Việt Nam


def test_an_officers_word_on_a_day_wins_over_the_calendar() -> None:
    assert codes(MeetingKind.BRIEFING, slot(22, 19), DaysOff({date(2026, 11, 24): None})) == []
    assert codes(MeetingKind.BRIEFING, slot(12, 19), DaysOff({date(2026, 11, 14): "Lễ hội làng"})) == ["holiday"]


def test_free_slots_are_usual_free_and_on_three_days() -> None:
    busy = [slot(12, 7, 14)]
    found = free_slots(MeetingKind.BRIEFING, slot(12, 19), NOW, POLICY, days_off=DaysOff(), busy=busy)
    assert len({one.starts_at.astimezone(LOCAL_ZONE).date() for one in found}) == 3
    for one in found:
        assert codes(MeetingKind.BRIEFING, one) == []
        assert not any(one.overlaps(taken) for taken in busy)
        assert one.ends_at - one.starts_at == timedelta(hours=2)


def test_what_cannot_be_is_refused_with_where_and_the_next_free_slots() -> None:
    past = Slot(NOW - timedelta(hours=1), NOW + timedelta(hours=1))
    with pytest.raises(Refusal) as refused:
        require_possible(past, NOW, better=lambda: [slot(12, 19)])
    assert (refused.value.code, refused.value.pointer) == ("in-the-past", "/starts_at")
    assert "19:00 thứ Bảy 14/11/2026" in refused.value.vi
    backwards = Slot(in_days(12), in_days(12) - timedelta(minutes=1))
    with pytest.raises(Refusal, match="end must come after"):
        require_possible(backwards, NOW, better=list)
    with pytest.raises(Refusal, match="24 hours"):
        require_possible(slot(12, 19, 30), NOW, better=list)
    with pytest.raises(Refusal) as late:
        require_possible(slot(12, 19), NOW, better=list, answer_by=in_days(13))
    assert late.value.pointer == "/answer_by"


def test_an_instant_is_said_as_officers_read_it() -> None:
    assert said(in_days(13, 8)) == "08:00 Chủ nhật 15/11/2026"


@pytest.mark.parametrize(
    "text",
    ["gọi 0912 345 678", "ĐT 0912.345.678", "liên hệ a.b@danang.gov.vn", "+84 912-345-678", "0235 3650236"],
)
def test_ways_to_reach_a_person_do_not_travel_on_events(text: str) -> None:
    assert has_contact(text)
    with pytest.raises(Refusal) as refused:
        told_text(text, pointer="/title", called_vi="tên cuộc họp", called_en="title")
    assert refused.value.code == "contact-in-text"


@pytest.mark.parametrize("text", ["Giao ban 01.10.2026 19.00", "Họp ngày 02/09/2026", "Quyết định 1659", "26/3"])
def test_dates_and_numbers_of_decisions_are_no_phones(text: str) -> None:
    assert not has_contact(text)


def test_told_texts_are_one_clean_line_in_one_form() -> None:
    nfd = "Ho\u0323p\n  giao   ban"
    assert told_text(nfd, pointer="/title", called_vi="t", called_en="t") == "Họp giao ban"
    with pytest.raises(Refusal, match="missing"):
        told_text(" \n ", pointer="/title", called_vi="t", called_en="t")
