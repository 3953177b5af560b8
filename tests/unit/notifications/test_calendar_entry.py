"""The calendar entry of a meeting: the same entry for good, in local time."""

from __future__ import annotations

from datetime import datetime, timedelta

from icalendar import Calendar

from notifications.application.calendar_entry import calendar_entry

STARTS = datetime.fromisoformat("2026-06-13T12:30:00+00:00")


def entry(*, sequence: int = 1, cancelled: bool = False) -> Calendar:
    return Calendar.from_ical(
        calendar_entry(
            "m-1",
            sequence=sequence,
            summary="Giao ban: 6 tháng đầu năm; phần 1, 2",
            place="Hội trường UBND xã, tầng 2",
            starts_at=STARTS,
            ends_at=STARTS + timedelta(hours=1, minutes=30),
            organiser="Đoàn xã Nông Sơn",
            online_url="https://meet.example.vn/giao-ban",
            stamped=STARTS - timedelta(days=5),
            cancelled=cancelled,
        )
    )


def test_it_is_a_request_at_the_local_hour() -> None:
    calendar = entry()
    [event] = calendar.walk("VEVENT")
    assert calendar["METHOD"] == "REQUEST"
    assert event["DTSTART"].params["TZID"] == "Asia/Ho_Chi_Minh"
    assert event["DTSTART"].to_ical() == b"20260613T193000"
    assert event["DTEND"].to_ical() == b"20260613T210000"
    [zone] = calendar.walk("VTIMEZONE")
    assert zone["TZID"] == "Asia/Ho_Chi_Minh"
    assert event["SUMMARY"] == "Giao ban: 6 tháng đầu năm; phần 1, 2"
    assert event["LOCATION"] == "Hội trường UBND xã, tầng 2"
    assert event["STATUS"] == "CONFIRMED"


def test_what_comes_later_replaces_what_came_before() -> None:
    first, moved, cancelled = entry(), entry(sequence=2), entry(sequence=3, cancelled=True)
    events = [calendar.walk("VEVENT")[0] for calendar in (first, moved, cancelled)]
    assert {str(event["UID"]) for event in events} == {"m-1@nhipdoan.vn"}
    assert [int(str(event["SEQUENCE"])) for event in events] == [1, 2, 3]
    assert (cancelled["METHOD"], events[2]["STATUS"]) == ("CANCEL", "CANCELLED")


def test_lines_are_short_enough_for_every_program() -> None:
    for line in entry().to_ical().split(b"\r\n"):
        assert len(line) <= 75
