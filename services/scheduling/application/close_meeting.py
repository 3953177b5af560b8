"""What follows a meeting: its minutes (biên bản), closing it, or saying that it did not take place."""

from __future__ import annotations

from collections.abc import Sequence

from chassis.context import Context
from chassis.failures import Refusal
from chassis.outcome import Outcome
from chassis.storage.changes import Changes
from chassis.storage.store import Store
from scheduling.application.meeting_sight import meeting_in_reach
from scheduling.application.permitted import acting_as, as_expected, require_may
from scheduling.application.records import MEETINGS
from scheduling.domain.meeting import Direction, Meeting, Minutes
from scheduling.domain.told_texts import free_text, told_text


def write_minutes(
    store: Store,
    context: Context,
    meeting_id: str,
    conclusions: str,
    directions: Sequence[Direction] = (),
    *,
    expected: int | None = None,
) -> Outcome[Meeting]:
    """The conclusions and a direction per branch. Written again, they replace what was there."""
    meeting = _managed(store, context, meeting_id, expected)
    text = free_text(conclusions)
    if not text:
        raise Refusal(
            "text-missing", vi="Cần nhập kết luận.", en="The conclusions are missing.", pointer="/conclusions"
        )
    foreign = {one.branch_id for one in directions} - set(meeting.branch_ids)
    if foreign:
        raise Refusal(
            "foreign-branch",
            vi="Định hướng chỉ ghi cho các chi đoàn của cuộc họp này.",
            en="Directions are for branches that this meeting concerns.",
            pointer="/directions",
        )
    minutes = Minutes(
        conclusions=text,
        directions=tuple(Direction(branch_id=one.branch_id, text=free_text(one.text)) for one in directions),
        written_by=acting_as(context),
        written_at=context.now,
    )
    return _changed(meeting.minuted(minutes))


def close_meeting(store: Store, context: Context, meeting_id: str, *, expected: int | None = None) -> Outcome[Meeting]:
    """Held, for good. Needs minutes: only meetings with minutes count for the year."""
    return _changed(_managed(store, context, meeting_id, expected).closed())


def miss_meeting(
    store: Store, context: Context, meeting_id: str, reason: str, *, expected: int | None = None
) -> Outcome[Meeting]:
    """Its time passed and it did not take place; nobody is told anew."""
    meeting = _managed(store, context, meeting_id, expected)
    return _changed(meeting.missed(told_text(reason, pointer="/reason", called_vi="lý do", called_en="reason")))


def _managed(store: Store, context: Context, meeting_id: str, expected: int | None) -> Meeting:
    meeting = meeting_in_reach(store, context, meeting_id)
    require_may(context, "meetings.manage", meeting.unit_path)
    as_expected(MEETINGS, meeting, expected)
    return meeting


def _changed(meeting: Meeting) -> Outcome[Meeting]:
    return Outcome(meeting, Changes().replace(MEETINGS, meeting))
