"""A concern (kiến nghị, tâm tư) of a branch: every one is answered, or escalated with a date (domain §2.1)."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any, Self

from chassis.storage.documents import Document
from contracts.scheduling_events import ConcernAnswered
from scheduling.domain.meeting import Value
from scheduling.domain.state_table import StateTable, Step


class ConcernState(StrEnum):
    RECORDED = "recorded"  # ghi nhận
    CLASSIFIED = "classified"  # phân loại
    IN_PROGRESS = "in_progress"  # đang xử lý
    ESCALATED = "escalated"  # chuyển cấp trên
    ANSWERED = "answered"  # đã trả lời
    CONFIRMED = "confirmed"  # chi đoàn xác nhận
    UNSATISFIED = "unsatisfied"  # chưa thỏa đáng
    CLOSED = "closed"  # đóng


class ConcernCommand(StrEnum):
    CLASSIFY = "classify"
    START = "start"
    ESCALATE = "escalate"
    ANSWER = "answer"
    CONFIRM = "confirm"
    DISPUTE = "dispute"
    CLOSE = "close"


class ConcernCategory(StrEnum):
    RIGHTS = "rights"  # quyền lợi, phụ cấp của cán bộ đoàn thôn
    LOAN = "loan"  # vay vốn
    ACTIVITY = "activity"  # hoạt động, phong trào
    OTHER = "other"


_S, _C = ConcernState, ConcernCommand
_ANSWERED = Step(_S.ANSWERED, ConcernAnswered)

CONCERN = StateTable(
    vi="kiến nghị",
    en="concern",
    states={
        _S.RECORDED: "đã được ghi nhận",
        _S.CLASSIFIED: "đã được phân loại",
        _S.IN_PROGRESS: "đang được xử lý",
        _S.ESCALATED: "đã được chuyển lên cấp trên",
        _S.ANSWERED: "đã được trả lời",
        _S.CONFIRMED: "đã được chi đoàn xác nhận",
        _S.UNSATISFIED: "được chi đoàn đánh giá chưa thỏa đáng",
        _S.CLOSED: "đã đóng",
    },
    commands={
        _C.CLASSIFY: "phân loại kiến nghị",
        _C.START: "bắt đầu xử lý kiến nghị",
        _C.ESCALATE: "chuyển kiến nghị lên cấp trên",
        _C.ANSWER: "trả lời kiến nghị",
        _C.CONFIRM: "xác nhận đã được trả lời",
        _C.DISPUTE: "báo trả lời chưa thỏa đáng",
        _C.CLOSE: "đóng kiến nghị",
    },
    steps={
        (_S.RECORDED, _C.CLASSIFY): Step(_S.CLASSIFIED),
        (_S.RECORDED, _C.ESCALATE): Step(_S.ESCALATED),
        (_S.RECORDED, _C.ANSWER): _ANSWERED,
        (_S.CLASSIFIED, _C.CLASSIFY): Step(_S.CLASSIFIED),
        (_S.CLASSIFIED, _C.START): Step(_S.IN_PROGRESS),
        (_S.CLASSIFIED, _C.ESCALATE): Step(_S.ESCALATED),
        (_S.CLASSIFIED, _C.ANSWER): _ANSWERED,
        (_S.IN_PROGRESS, _C.ESCALATE): Step(_S.ESCALATED),
        (_S.IN_PROGRESS, _C.ANSWER): _ANSWERED,
        (_S.ESCALATED, _C.START): Step(_S.IN_PROGRESS),
        (_S.ESCALATED, _C.ANSWER): _ANSWERED,
        (_S.ANSWERED, _C.CONFIRM): Step(_S.CONFIRMED),
        (_S.ANSWERED, _C.DISPUTE): Step(_S.UNSATISFIED),
        (_S.ANSWERED, _C.CLOSE): Step(_S.CLOSED),
        (_S.CONFIRMED, _C.CLOSE): Step(_S.CLOSED),
        (_S.UNSATISFIED, _C.START): Step(_S.IN_PROGRESS),
        (_S.UNSATISFIED, _C.ESCALATE): Step(_S.ESCALATED),
        (_S.UNSATISFIED, _C.ANSWER): _ANSWERED,
        (_S.UNSATISFIED, _C.CLOSE): Step(_S.CLOSED),
    },
)

OPEN_STATES = (_S.RECORDED, _S.CLASSIFIED, _S.IN_PROGRESS, _S.ESCALATED, _S.UNSATISFIED)
"""Those in which Đoàn xã still owes an answer."""


class Entry(Value):
    """One line of a concern's history: what was done, when, by whom, with which words."""

    command: str
    at: datetime
    by: str
    text: str | None = None


class Concern(Document):
    """`unit_id` is the commune that answers; `unit_path` ends in the branch.

    `number` is gap-free per commune and year.
    """

    number: str
    sequence: int
    year: int
    unit_id: str
    branch_id: str
    unit_path: tuple[str, ...]
    state: ConcernState = ConcernState.RECORDED
    category: ConcernCategory
    title: str
    text: str
    anonymous: bool = False
    """Anonymous to the meeting: who raised it and which branch is shown to those who answer, not to the meeting."""
    raised_by: str | None = None
    raised_on: date
    open_since: date | None
    """The day it was raised while an answer is owed; None otherwise."""
    meeting_id: str | None = None
    escalated_to: str | None = None
    expected_by: date | None = None
    answer: str | None = None
    answered_at: datetime | None = None
    history: tuple[Entry, ...] = ()

    def classified(self, category: ConcernCategory, *, at: datetime, by: str) -> Self:
        return self._after(
            _C.CLASSIFY, Entry(command=_C.CLASSIFY, at=at, by=by, text=category.value), category=category
        )

    def started(self, *, at: datetime, by: str, note: str | None, expected_by: date | None) -> Self:
        entry = Entry(command=_C.START, at=at, by=by, text=note)
        return self._after(_C.START, entry, expected_by=expected_by or self.expected_by)

    def escalated(self, *, to: str, expected_by: date, at: datetime, by: str) -> Self:
        """Passed on to `to` (chi bộ, Đảng ủy, UBND, Thành đoàn …), with the day an answer is expected by."""
        entry = Entry(command=_C.ESCALATE, at=at, by=by, text=to)
        return self._after(_C.ESCALATE, entry, escalated_to=to, expected_by=expected_by)

    def answered(self, text: str, *, at: datetime, by: str) -> Self:
        return self._after(_C.ANSWER, Entry(command=_C.ANSWER, at=at, by=by, text=text), answer=text, answered_at=at)

    def confirmed(self, *, at: datetime, by: str, note: str | None) -> Self:
        return self._after(_C.CONFIRM, Entry(command=_C.CONFIRM, at=at, by=by, text=note))

    def disputed(self, *, at: datetime, by: str, note: str) -> Self:
        return self._after(_C.DISPUTE, Entry(command=_C.DISPUTE, at=at, by=by, text=note))

    def closed(self, *, at: datetime, by: str, note: str | None) -> Self:
        return self._after(_C.CLOSE, Entry(command=_C.CLOSE, at=at, by=by, text=note))

    def _after(self, command: ConcernCommand, entry: Entry, **changes: Any) -> Self:
        state = CONCERN.after(self.state, command)
        return self.model_copy(
            update={
                **changes,
                "state": state,
                "open_since": self.raised_on if state in OPEN_STATES else None,
                "history": (*self.history, entry),
                "version": self.version + 1,
            }
        )
