"""Nobody's phone rings at night, but for one-time codes and disasters."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from notifications.domain.message_class import MessageClass
from notifications.domain.quiet_hours import QuietHours

NIGHT = QuietHours.parse("22:00-07:00")


def local(text: str) -> datetime:
    return datetime.fromisoformat(text + "+07:00")


@pytest.mark.parametrize(
    ("at", "allowed"),
    [
        ("2026-06-08T21:59:59", "2026-06-08T21:59:59"),
        ("2026-06-08T22:00:00", "2026-06-09T07:00:00"),
        ("2026-06-08T23:30:00", "2026-06-09T07:00:00"),
        ("2026-06-09T03:00:00", "2026-06-09T07:00:00"),
        ("2026-06-09T07:00:00", "2026-06-09T07:00:00"),
        ("2026-12-31T22:30:00", "2027-01-01T07:00:00"),
    ],
)
def test_a_notice_waits_for_the_morning(at: str, allowed: str) -> None:
    assert NIGHT.next_allowed(local(at), MessageClass.DIRECTING) == local(allowed)


@pytest.mark.parametrize("exempt", [MessageClass.ONE_TIME_CODE, MessageClass.EMERGENCY])
def test_codes_and_disaster_messages_go_at_once(exempt: MessageClass) -> None:
    assert NIGHT.next_allowed(local("2026-06-09T03:00:00"), exempt) == local("2026-06-09T03:00:00")


def test_hours_of_one_day_end_on_that_day() -> None:
    noon = QuietHours.parse("11:30-13:30")
    assert noon.next_allowed(local("2026-06-09T12:00:00"), MessageClass.CARE) == local("2026-06-09T13:30:00")
    assert noon.next_allowed(local("2026-06-09T14:00:00"), MessageClass.CARE) == local("2026-06-09T14:00:00")


def test_no_quiet_hours_at_all() -> None:
    never = QuietHours.parse("")
    for hour in range(24):
        at = local("2026-06-09T00:00:00") + timedelta(hours=hour)
        assert never.next_allowed(at, MessageClass.DIRECTING) == at


@pytest.mark.parametrize("wrong", ["22-7", "25:00-07:00", "22:00", "22:00-07:60", "đêm"])
def test_hours_that_cannot_be_read_are_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="22:00-07:00"):
        QuietHours.parse(wrong)
