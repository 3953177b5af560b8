"""Times and kinds as Vietnamese people say them. Instants are shown in Asia/Ho_Chi_Minh."""

from __future__ import annotations

from datetime import date, datetime

from notifications.domain.quiet_hours import ZONE

WEEKDAYS = ("thứ Hai", "thứ Ba", "thứ Tư", "thứ Năm", "thứ Sáu", "thứ Bảy", "Chủ nhật")
SHORT_WEEKDAYS = ("T2", "T3", "T4", "T5", "T6", "T7", "CN")

MEETING_KINDS = {
    "briefing": "giao ban",
    "assignment_meeting": "họp Ban Thường vụ giao nhiệm vụ",
    "joint_activity": "sinh hoạt liên chi đoàn",
}
SHORT_MEETING_KINDS = {
    "briefing": "giao ban",
    "assignment_meeting": "họp BTV",
    "joint_activity": "sinh hoạt liên chi đoàn",
}
DECLINED_BY = {"party_cell": "Chi bộ", "commune": "Đoàn xã"}


def clock(instant: datetime) -> str:
    """`19h`, `7h30`."""
    local = instant.astimezone(ZONE)
    return f"{local.hour}h{local.minute:02d}" if local.minute else f"{local.hour}h"


def long_day(day: datetime | date) -> str:
    """`thứ Bảy, ngày 14/6/2026`."""
    local = day.astimezone(ZONE).date() if isinstance(day, datetime) else day
    return f"{WEEKDAYS[local.weekday()]}, ngày {local.day}/{local.month}/{local.year}"


def short_day(day: datetime | date) -> str:
    """`T7 14/6`."""
    local = day.astimezone(ZONE).date() if isinstance(day, datetime) else day
    return f"{SHORT_WEEKDAYS[local.weekday()]} {local.day}/{local.month}"


def shortened(text: str, longest: int) -> str:
    """The text, cut at a word and marked with `...` where it is longer than `longest` characters."""
    text = " ".join(text.split())
    if len(text) <= longest:
        return text
    return text[: longest - 3].rsplit(" ", 1)[0].rstrip(" ,.;:") + "..."
