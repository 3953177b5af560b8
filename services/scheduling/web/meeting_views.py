"""Meetings, invitations and attendance as the API shows and takes them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import BaseModel, Field

from chassis.web.fields import Instant
from chassis.web.identifiers import Id
from contracts.scheduling_events import InvitationReason, MeetingKind
from scheduling.application.change_meeting import NewTime
from scheduling.application.convening import Arranged, MeetingPlan
from scheduling.application.count_answers import AnswerBoard, Answers
from scheduling.application.record_attendance import RollCall
from scheduling.domain.invitation import AnsweredBy, AnswerState, Invitation, Presence
from scheduling.domain.meeting import Direction, Guests, Meeting, MeetingState
from scheduling.web.parts import (
    BRANCH,
    COMMUNE,
    MEETING,
    PERSON,
    Advised,
    Body,
    Line,
    Reason,
    SlotView,
    Text,
    Url,
    WarningView,
    slots_of,
    warnings_of,
)


class ConveneBody(Body):
    """A meeting to convene."""

    unit_id: Id = Field(description="The commune (Đoàn xã, phường)")
    title: Line
    starts_at: Instant
    ends_at: Instant
    place: Line
    agenda: Text = ""
    online_url: Url | None = None
    answer_by: Instant | None = Field(default=None, description="Until when an answer is asked for")
    decision: Annotated[str, Field(max_length=120)] | None = Field(
        default=None, description="Number of the written summons (giấy triệu tập)", examples=["15-GTT/ĐTN"]
    )

    def plan(self) -> MeetingPlan:
        return MeetingPlan(**self.model_dump(exclude={"unit_id"}))


class RescheduleBody(Body):
    """A new time, and a new place where it changes."""

    starts_at: Instant
    ends_at: Instant
    place: Line | None = Field(default=None, description="Absent: where it was")
    online_url: Url | None = Field(default=None, description="Absent: what it was")
    answer_by: Instant | None = None
    reason: Reason

    def new_time(self) -> NewTime:
        return NewTime(**self.model_dump())


class ReasonBody(Body):
    reason: Reason


class AnswerBody(Body):
    """Whether someone comes; without `person_id` the caller answers for himself."""

    person_id: Id | None = Field(default=None, description="Whose answer an officer was told, e.g. by phone")
    coming: bool
    note: Annotated[str, Field(max_length=500)] | None = None


class AbsentBody(Body):
    person_id: Id
    because: Annotated[str, Field(max_length=40)] = Field(
        description="A key of the policy's absence reasons", examples=["works_away"]
    )


class GuestsBody(Body):
    """Guests outside the Union; a name is not needed and a phone not wanted."""

    count: int = Field(ge=1, le=10_000)
    name: Annotated[str, Field(max_length=120)] | None = None


class AttendanceBody(Body):
    """Who came, who did not; more than 5,000 in several calls.

    People not named stay as they were; `guests` absent keeps the guests.
    """

    present: list[Id] = Field(default_factory=list, max_length=5_000)
    absent: list[AbsentBody] = Field(default_factory=list, max_length=5_000)
    guests: list[GuestsBody] | None = Field(default=None, max_length=200)

    def roll_call(self) -> RollCall:
        groups = None if self.guests is None else [Guests(count=one.count, name=one.name) for one in self.guests]
        return RollCall(self.present, [(one.person_id, one.because) for one in self.absent], groups)


class DirectionBody(Body):
    branch_id: Id
    text: Annotated[str, Field(min_length=1, max_length=2000)]


class MinutesBody(Body):
    """Conclusions, and a direction (định hướng) per branch."""

    conclusions: Annotated[str, Field(min_length=1, max_length=8000)]
    directions: list[DirectionBody] = Field(default_factory=list, max_length=500)

    def per_branch(self) -> list[Direction]:
        return [Direction(branch_id=one.branch_id, text=one.text) for one in self.directions]


class UnreachedView(BaseModel):
    branch_id: str
    reason: str = Field(examples=["no_secretary_and_no_deputy", "no_youth"])


class MoveView(BaseModel):
    was_at: datetime
    was_place: str
    reason: str
    moved_at: datetime


class TallyView(BaseModel):
    present: int
    absent: int
    guests: int


class DirectionView(BaseModel):
    branch_id: str
    text: str


class MinutesView(BaseModel):
    conclusions: str
    directions: list[DirectionView]
    written_at: datetime


class MeetingView(BaseModel):
    """A meeting. Instants are UTC; `zone` is the one in which people read them."""

    id: str
    version: int
    kind: MeetingKind
    state: MeetingState
    unit_id: str
    branch_ids: list[str] = Field(description="The branches it concerns")
    host_branch_id: str | None
    proposal_id: str | None
    title: str
    agenda: str
    starts_at: datetime
    ends_at: datetime
    zone: str
    place: str
    online_url: str | None
    answer_by: datetime | None
    decision: str | None
    invited: int
    unreached: list[UnreachedView] = Field(description="Branches of which nobody could be invited, and why")
    moves: list[MoveView]
    ended_because: str | None
    attendance: TallyView | None
    minutes: MinutesView | None

    @classmethod
    def of(cls, meeting: Meeting) -> Self:
        return cls.model_validate(shown(meeting))


class ArrangedView(Advised):
    """A meeting that was convened or moved, with what is unusual about it."""

    meeting: MeetingView

    @classmethod
    def told(cls, arranged: Arranged) -> Self:
        return cls(
            meeting=MeetingView.of(arranged.meeting),
            warnings=warnings_of(arranged.notices),
            better_slots=slots_of(arranged.better),
        )


class InvitationView(BaseModel):
    """One person's invitation. `person_name` is null where the person was erased, and in one's own answers."""

    meeting_id: str
    person_id: str
    person_name: str | None = None
    unit_id: str
    unit_name: str | None = None
    reason: InvitationReason
    answer: AnswerState
    answered_by: AnsweredBy | None
    answered_at: datetime | None
    answer_note: str | None
    presence: Presence
    absent_because: str | None

    @classmethod
    def of(cls, invitation: Invitation, *, name: str | None = None, unit_name: str | None = None) -> Self:
        return cls.model_validate(shown(invitation) | {"person_name": name, "unit_name": unit_name})


class OwnInvitationView(BaseModel):
    """An invitation of the caller's own, with its meeting."""

    meeting: MeetingView
    reason: InvitationReason
    answer: AnswerState
    answered_at: datetime | None


class AnswersView(BaseModel):
    coming: int
    not_coming: int
    silent: int

    @classmethod
    def of(cls, answers: Answers) -> Self:
        return cls(coming=answers.coming, not_coming=answers.not_coming, silent=answers.silent)


class UnitAnswersView(AnswersView):
    unit_id: str
    unit_name: str | None


class AnswerBoardView(BaseModel):
    """Who is coming, in numbers. `late` counts replies that came after the end, or twice."""

    meeting_id: str
    total: AnswersView
    by_unit: list[UnitAnswersView]
    late: int

    @classmethod
    def told(cls, board: AnswerBoard, names: dict[str, str]) -> Self:
        return cls(
            meeting_id=board.meeting.id,
            total=AnswersView.of(board.total),
            by_unit=[
                UnitAnswersView(unit_id=id, unit_name=names.get(id), **AnswersView.of(one).model_dump())
                for id, one in board.by_unit.items()
            ],
            late=board.late,
        )


def shown(document: Meeting | Invitation) -> dict[str, Any]:
    return document.model_dump()


MEETING_EXAMPLE = MeetingView.model_validate(
    {
        "id": MEETING,
        "version": 1,
        "kind": "briefing",
        "state": "scheduled",
        "unit_id": COMMUNE,
        "branch_ids": [BRANCH],
        "host_branch_id": None,
        "proposal_id": None,
        "title": "Giao ban 6 tháng cuối năm",
        "agenda": "1. Nghe tâm tư, kiến nghị của các chi đoàn\n2. Định hướng hoạt động",
        "starts_at": "2026-12-12T12:00:00Z",
        "ends_at": "2026-12-12T14:00:00Z",
        "zone": "Asia/Ho_Chi_Minh",
        "place": "Hội trường UBND xã",
        "online_url": None,
        "answer_by": "2026-12-11T10:00:00Z",
        "decision": "15-GTT/ĐTN",
        "invited": 19,
        "unreached": [{"branch_id": BRANCH, "reason": "no_secretary_and_no_deputy"}],
        "moves": [],
        "ended_because": None,
        "attendance": None,
        "minutes": None,
    }
)
CONVENE_EXAMPLE = {
    "unit_id": COMMUNE,
    "title": "Giao ban 6 tháng cuối năm",
    "starts_at": "2026-12-12T19:00:00+07:00",
    "ends_at": "2026-12-12T21:00:00+07:00",
    "place": "Hội trường UBND xã",
    "agenda": "1. Nghe tâm tư, kiến nghị của các chi đoàn\n2. Định hướng hoạt động",
    "answer_by": "2026-12-11T17:00:00+07:00",
    "decision": "15-GTT/ĐTN",
}
ARRANGED_EXAMPLE = ArrangedView(
    meeting=MEETING_EXAMPLE,
    warnings=[
        WarningView(
            code="short-notice", text="Báo trước chưa đủ 72 giờ theo thông lệ giao ban; có người có thể không kịp dự."
        )
    ],
    better_slots=[SlotView.model_validate({"starts_at": "2026-12-14T12:00:00Z", "ends_at": "2026-12-14T14:00:00Z"})],
)
INVITATION_EXAMPLE = InvitationView.model_validate(
    {
        "meeting_id": MEETING,
        "person_id": PERSON,
        "person_name": "Nguyễn Thị Hạnh",
        "unit_id": BRANCH,
        "unit_name": "Chi đoàn thôn Trung Hạ",
        "reason": "branch_secretary",
        "answer": "coming",
        "answered_by": "sms",
        "answered_at": "2026-12-09T03:15:00Z",
        "answer_note": None,
        "presence": "unknown",
        "absent_because": None,
    }
)
BOARD_EXAMPLE = AnswerBoardView(
    meeting_id=MEETING,
    total=AnswersView(coming=14, not_coming=2, silent=3),
    by_unit=[UnitAnswersView(unit_id=BRANCH, unit_name="Chi đoàn thôn Trung Hạ", coming=1, not_coming=0, silent=0)],
    late=0,
)
ATTENDANCE_EXAMPLE = {
    "present": [PERSON],
    "absent": [{"person_id": "0190a1b2-0000-7000-8000-000000000102", "because": "works_away"}],
    "guests": [{"count": 3, "name": "Hội Nông dân thôn"}, {"count": 5}],
}
MINUTES_EXAMPLE = {
    "conclusions": "Các chi đoàn hoàn thành rà soát danh sách thanh niên trước ngày 20.",
    "directions": [{"branch_id": BRANCH, "text": "Ra quân dọn vệ sinh bến đò Trung Hạ."}],
}
