"""A meeting: giao ban (briefing), họp BTV (assignment meeting) or sinh hoạt liên chi đoàn (joint activity)."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Self

from pydantic import BaseModel, ConfigDict

from chassis.failures import Refusal
from chassis.storage.documents import Document
from contracts.scheduling_events import (
    AttendanceRecorded,
    InvitationAnswered,
    MeetingCancelled,
    MeetingFacts,
    MeetingKind,
    MeetingRescheduled,
)
from scheduling.domain.state_table import StateTable, Step


class MeetingState(StrEnum):
    SCHEDULED = "scheduled"
    AWAITING_MINUTES = "awaiting_minutes"  # it began or its time passed; minutes and closing are due
    HELD = "held"  # closed with minutes; only this counts for the year's figures
    CANCELLED = "cancelled"
    MISSED = "missed"  # its time passed and it did not take place


class MeetingCommand(StrEnum):
    RESCHEDULE = "reschedule"
    CANCEL = "cancel"
    ANSWER = "answer"
    PASS = "pass"  # noqa: S105  the timer's: the end of the meeting has passed; not a password
    RECORD_ATTENDANCE = "record-attendance"
    WRITE_MINUTES = "write-minutes"
    CLOSE = "close"
    MISS = "miss"


MEETING = StateTable(
    vi="cuộc họp",
    en="meeting",
    states={
        MeetingState.SCHEDULED: "đã lên lịch và chưa diễn ra",
        MeetingState.AWAITING_MINUTES: "đã qua giờ họp và đang chờ biên bản",
        MeetingState.HELD: "đã kết thúc, có biên bản",
        MeetingState.CANCELLED: "đã bị hủy",
        MeetingState.MISSED: "đã không diễn ra",
    },
    commands={
        MeetingCommand.RESCHEDULE: "dời cuộc họp",
        MeetingCommand.CANCEL: "hủy cuộc họp",
        MeetingCommand.ANSWER: "ghi nhận trả lời dự họp",
        MeetingCommand.PASS: "chuyển sang chờ biên bản",
        MeetingCommand.RECORD_ATTENDANCE: "điểm danh",
        MeetingCommand.WRITE_MINUTES: "ghi biên bản",
        MeetingCommand.CLOSE: "kết thúc cuộc họp",
        MeetingCommand.MISS: "ghi nhận cuộc họp không diễn ra",
    },
    steps={
        (MeetingState.SCHEDULED, MeetingCommand.RESCHEDULE): Step(MeetingState.SCHEDULED, MeetingRescheduled),
        (MeetingState.SCHEDULED, MeetingCommand.CANCEL): Step(MeetingState.CANCELLED, MeetingCancelled),
        (MeetingState.SCHEDULED, MeetingCommand.ANSWER): Step(MeetingState.SCHEDULED, InvitationAnswered),
        (MeetingState.SCHEDULED, MeetingCommand.PASS): Step(MeetingState.AWAITING_MINUTES),
        (MeetingState.SCHEDULED, MeetingCommand.RECORD_ATTENDANCE): Step(
            MeetingState.AWAITING_MINUTES, AttendanceRecorded
        ),
        (MeetingState.AWAITING_MINUTES, MeetingCommand.RECORD_ATTENDANCE): Step(
            MeetingState.AWAITING_MINUTES, AttendanceRecorded
        ),
        (MeetingState.AWAITING_MINUTES, MeetingCommand.WRITE_MINUTES): Step(MeetingState.AWAITING_MINUTES),
        (MeetingState.AWAITING_MINUTES, MeetingCommand.CLOSE): Step(MeetingState.HELD),
        (MeetingState.AWAITING_MINUTES, MeetingCommand.MISS): Step(MeetingState.MISSED),
    },
)


class Value(BaseModel):
    """A value inside an aggregate."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Unreached(Value):
    """A branch of which nobody could be invited, and why: `no_secretary_and_no_deputy`, `no_youth`."""

    branch_id: str
    reason: str


class Move(Value):
    """From where and when a meeting was moved, when that was decided, and why."""

    was_at: datetime
    was_place: str
    reason: str
    moved_at: datetime


class Guests(Value):
    """Guests outside the Union: how many, and a name or a group's name where one was given. Never a phone."""

    count: int
    name: str | None = None


class Tally(Value):
    """Attendance in numbers. `absent` counts those whose absence was recorded, not those nobody looked for."""

    present: int
    absent: int
    guests: int


class Direction(Value):
    """What a meeting gave one branch on the way (định hướng hoạt động)."""

    branch_id: str
    text: str


class Minutes(Value):
    """The thin minutes (biên bản): the conclusions, and a direction per branch."""

    conclusions: str
    directions: tuple[Direction, ...] = ()
    written_by: str
    written_at: datetime


class Meeting(Document):
    """One meeting. `unit_path` is that of the convening unit; `seen_from` adds the branches it concerns.

    Instants are UTC; `zone` is the one in which people read them.
    """

    kind: MeetingKind
    state: MeetingState = MeetingState.SCHEDULED
    unit_id: str
    unit_path: tuple[str, ...]
    seen_from: tuple[str, ...]
    branch_ids: tuple[str, ...] = ()
    title: str
    agenda: str = ""
    starts_at: datetime
    ends_at: datetime
    zone: str = "Asia/Ho_Chi_Minh"
    place: str
    online_url: str | None = None
    answer_by: datetime | None = None
    decision: str | None = None
    convened_by: str
    host_branch_id: str | None = None
    proposal_id: str | None = None
    invited: int
    unreached: tuple[Unreached, ...] = ()
    moves: tuple[Move, ...] = ()
    ended_because: str | None = None
    guests: tuple[Guests, ...] = ()
    attendance: Tally | None = None
    minutes: Minutes | None = None

    @property
    def facts(self) -> MeetingFacts:
        """What everyone invited is told."""
        return MeetingFacts(
            kind=self.kind,
            unit_id=self.unit_id,
            title=self.title,
            starts_at=self.starts_at,
            ends_at=self.ends_at,
            place=self.place,
            online_url=self.online_url,
        )

    def rescheduled(
        self,
        *,
        starts_at: datetime,
        ends_at: datetime,
        place: str,
        online_url: str | None,
        answer_by: datetime | None,
        reason: str,
        now: datetime,
    ) -> Self:
        """The meeting at another time or place. Raises Refusal when nothing changed or the state forbids it."""
        state = MEETING.after(self.state, MeetingCommand.RESCHEDULE)
        if (starts_at, ends_at, place, online_url) == (self.starts_at, self.ends_at, self.place, self.online_url):
            raise Refusal(
                "nothing-changed",
                vi="Thời gian và địa điểm mới trùng với lịch hiện tại: không có gì để dời.",
                en="Time and place are what they were: there is nothing to move.",
                because="conflict",
            )
        move = Move(was_at=self.starts_at, was_place=self.place, reason=reason, moved_at=now)
        return self._next(
            state=state,
            starts_at=starts_at,
            ends_at=ends_at,
            place=place,
            online_url=online_url,
            answer_by=answer_by,
            moves=(*self.moves, move),
        )

    def cancelled(self, reason: str) -> Self:
        return self._next(state=MEETING.after(self.state, MeetingCommand.CANCEL), ended_because=reason)

    def missed(self, reason: str) -> Self:
        return self._next(state=MEETING.after(self.state, MeetingCommand.MISS), ended_because=reason)

    def passed(self) -> Self:
        return self._next(state=MEETING.after(self.state, MeetingCommand.PASS))

    def require_open_for_answers(self, at: datetime) -> None:
        """Raise Refusal unless an answer given at `at` still counts."""
        MEETING.after(self.state, MeetingCommand.ANSWER)
        if at >= self.ends_at:
            raise Refusal(
                "answers-closed",
                vi="Cuộc họp đã kết thúc nên không nhận trả lời dự họp nữa; hãy dùng phần điểm danh.",
                en="The meeting is over, so answers no longer count; record the attendance instead.",
                because="conflict",
            )

    def attended(
        self, *, present: int, absent: int, guests: tuple[Guests, ...], now: datetime, opens: timedelta
    ) -> Self:
        """With attendance recorded. Roll call opens `opens` before the start; Refusal before that."""
        state = MEETING.after(self.state, MeetingCommand.RECORD_ATTENDANCE)
        if now < self.starts_at - opens:
            minutes = int(opens.total_seconds() // 60)
            raise Refusal(
                "too-early",
                vi=f"Chưa đến giờ điểm danh: có thể điểm danh từ {minutes} phút trước giờ họp.",
                en=f"Roll call opens {minutes} minutes before the meeting.",
                because="conflict",
            )
        tally = Tally(present=present, absent=absent, guests=sum(group.count for group in guests))
        return self._next(state=state, guests=guests, attendance=tally)

    def minuted(self, minutes: Minutes) -> Self:
        return self._next(state=MEETING.after(self.state, MeetingCommand.WRITE_MINUTES), minutes=minutes)

    def closed(self) -> Self:
        """Held for good. Raises Refusal while minutes are missing: a meeting counts only with them (domain §2.1 B)."""
        state = MEETING.after(self.state, MeetingCommand.CLOSE)
        if self.minutes is None:
            raise Refusal(
                "minutes-missing",
                vi="Cần ghi biên bản (kết luận) trước khi kết thúc cuộc họp: chỉ cuộc họp có biên bản mới được tính.",
                en="Write the minutes before closing the meeting: only meetings with minutes count.",
                because="conflict",
            )
        return self._next(state=state)

    def _next(self, **changes: Any) -> Self:
        return self.model_copy(update={**changes, "version": self.version + 1})
