"""Whether a meeting is well timed, and which slots would be better. Refuses the impossible, warns of the unusual."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from chassis.context import LOCAL_ZONE
from chassis.failures import Refusal
from contracts.scheduling_events import MeetingKind
from scheduling.domain.days_off import DaysOff
from scheduling.domain.notice import Notice
from scheduling.domain.policy import Policy

LONGEST = timedelta(hours=24)
"""A meeting does not last longer; a longer one is a typing error."""

_LOOK_AHEAD_DAYS = 60
_WEEKDAYS = ("thứ Hai", "thứ Ba", "thứ Tư", "thứ Năm", "thứ Sáu", "thứ Bảy", "Chủ nhật")


@dataclass(frozen=True, slots=True)
class Slot:
    """From when to when, in UTC."""

    starts_at: datetime
    ends_at: datetime

    def overlaps(self, other: Slot) -> bool:
        return self.starts_at < other.ends_at and other.starts_at < self.ends_at


def said(instant: datetime) -> str:
    """An instant as an officer reads it: `19:00 thứ Bảy 14/11/2026`."""
    local = instant.astimezone(LOCAL_ZONE)
    return f"{local:%H:%M} {_WEEKDAYS[local.weekday()]} {local:%d/%m/%Y}"


def require_possible(
    slot: Slot, now: datetime, *, better: Callable[[], Sequence[Slot]], answer_by: datetime | None = None
) -> None:
    """Raise Refusal for a slot in the past (it names `better` ones), that ends before it starts, or is too long."""
    if slot.starts_at <= now:
        raise _in_the_past(slot, better())
    if slot.ends_at <= slot.starts_at:
        raise Refusal(
            "ends-before-start",
            vi="Giờ kết thúc phải sau giờ bắt đầu.",
            en="The end must come after the start.",
            pointer="/ends_at",
        )
    if slot.ends_at - slot.starts_at > LONGEST:
        raise Refusal(
            "too-long",
            vi="Cuộc họp dài hơn 24 giờ: hãy kiểm tra lại giờ kết thúc.",
            en="The meeting would last more than 24 hours: check its end.",
            pointer="/ends_at",
        )
    if answer_by is not None and not now < answer_by <= slot.starts_at:
        raise Refusal(
            "answer-by-out-of-range",
            vi="Hạn trả lời phải sau hiện tại và không muộn hơn giờ họp.",
            en="The answer is due after now and not later than the start.",
            pointer="/answer_by",
        )


def _in_the_past(slot: Slot, better: Sequence[Slot]) -> Refusal:
    hint_vi = f" Khung giờ còn trống: {'; '.join(said(one.starts_at) for one in better)}." if better else ""
    hint_en = f" Free slots: {', '.join(one.starts_at.isoformat() for one in better)}." if better else ""
    return Refusal(
        "in-the-past",
        vi=f"Giờ bắt đầu {said(slot.starts_at)} đã qua.{hint_vi}",
        en=f"The start {slot.starts_at.isoformat()} has passed.{hint_en}",
        pointer="/starts_at",
    )


def timing_notices(kind: MeetingKind, slot: Slot, now: datetime, policy: Policy, days_off: DaysOff) -> list[Notice]:
    """What is unusual about this time for this kind of meeting."""
    usual = policy.meetings[kind]
    starts, ends = slot.starts_at.astimezone(LOCAL_ZONE), slot.ends_at.astimezone(LOCAL_ZONE)
    notices = []
    if slot.starts_at - now < usual.notice:
        notices.append(
            Notice(
                "short-notice",
                f"Báo trước chưa đủ {usual.notice_hours} giờ theo thông lệ {usual.vi}; có người có thể không kịp dự.",
                f"Less than the usual {usual.notice_hours} hours of notice.",
            )
        )
    if not any(window.holds(starts, ends) for window in usual.windows):
        notices.append(
            Notice(
                "unusual-hours",
                f"{said(slot.starts_at)} nằm ngoài khung giờ thường dùng cho {usual.vi}.",
                "Outside the hours usual for this kind of meeting.",
            )
        )
    if (holiday := days_off.name_of(starts.date())) is not None:
        notices.append(
            Notice("holiday", f"Ngày {starts:%d/%m/%Y} là ngày nghỉ: {holiday}.", f"A public holiday: {holiday}.")
        )
    notices += [
        Notice("better-avoided", f"Nên tránh: {avoid.vi}.", f"Better avoided: {avoid.en}.")
        for avoid in policy.avoid
        if avoid.covers(kind, starts.date())
    ]
    return notices


def free_slots(
    kind: MeetingKind,
    wanted: Slot,
    now: datetime,
    policy: Policy,
    *,
    days_off: DaysOff,
    busy: Sequence[Slot],
    how_many: int = 3,
) -> list[Slot]:
    """The next slots of the same length, one a day, that no notice would be given for and that clash with nothing."""
    length = min(max(wanted.ends_at - wanted.starts_at, timedelta(minutes=30)), LONGEST)
    found: list[Slot] = []
    day = max(wanted.starts_at, now + policy.meetings[kind].notice).astimezone(LOCAL_ZONE).date()
    for ahead in range(_LOOK_AHEAD_DAYS):
        for slot in _slots_of(
            kind, policy, datetime.combine(day, datetime.min.time(), LOCAL_ZONE) + timedelta(ahead), length
        ):
            if not timing_notices(kind, slot, now, policy, days_off) and not any(slot.overlaps(one) for one in busy):
                found.append(slot)
                break
        if len(found) == how_many:
            break
    return found


def _slots_of(kind: MeetingKind, policy: Policy, midnight: datetime, length: timedelta) -> Iterator[Slot]:
    """Every half hour of the day's windows, latest window first: evenings suit those who work."""
    for window in reversed(policy.meetings[kind].windows):
        if midnight.weekday() not in window.days:
            continue
        starts = midnight.replace(hour=window.opens.hour, minute=window.opens.minute)
        closes = midnight.replace(hour=window.closes.hour, minute=window.closes.minute)
        while starts + length <= closes:
            yield Slot(starts.astimezone(UTC), (starts + length).astimezone(UTC))
            starts += timedelta(minutes=30)
