"""A task (nhiệm vụ) that BTV hands to the member in charge of a branch: until when, what became of it."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any, Self

from chassis.failures import Refusal
from chassis.storage.documents import Document
from contracts.scheduling_events import TaskAccepted, TaskAcknowledged, TaskCompleted, TaskOverdue, TaskReturned
from scheduling.domain.meeting import Value
from scheduling.domain.state_table import StateTable, Step


class TaskState(StrEnum):
    ASSIGNED = "assigned"
    ACKNOWLEDGED = "acknowledged"
    COMPLETED = "completed"  # reported as done; the commune has not looked yet
    RETURNED = "returned"
    ACCEPTED = "accepted"


class TaskCommand(StrEnum):
    ACKNOWLEDGE = "acknowledge"
    REPORT = "report"
    COMPLETE = "complete"
    ACCEPT = "accept"
    RETURN = "return"
    FALL_OVERDUE = "fall-overdue"  # the timer's


_S, _C = TaskState, TaskCommand

TASK = StateTable(
    vi="nhiệm vụ",
    en="task",
    states={
        _S.ASSIGNED: "đã giao, chưa được xác nhận",
        _S.ACKNOWLEDGED: "đang được thực hiện",
        _S.COMPLETED: "đã báo cáo hoàn thành, chờ duyệt",
        _S.RETURNED: "đã bị trả lại để làm tiếp",
        _S.ACCEPTED: "đã được nghiệm thu",
    },
    commands={
        _C.ACKNOWLEDGE: "xác nhận đã nhận nhiệm vụ",
        _C.REPORT: "báo cáo tiến độ",
        _C.COMPLETE: "báo cáo hoàn thành",
        _C.ACCEPT: "nghiệm thu nhiệm vụ",
        _C.RETURN: "trả lại nhiệm vụ",
        _C.FALL_OVERDUE: "nhắc quá hạn",
    },
    steps={
        (_S.ASSIGNED, _C.ACKNOWLEDGE): Step(_S.ACKNOWLEDGED, TaskAcknowledged),
        (_S.ASSIGNED, _C.REPORT): Step(_S.ACKNOWLEDGED),
        (_S.ASSIGNED, _C.COMPLETE): Step(_S.COMPLETED, TaskCompleted),
        (_S.ASSIGNED, _C.FALL_OVERDUE): Step(_S.ASSIGNED, TaskOverdue),
        (_S.ACKNOWLEDGED, _C.REPORT): Step(_S.ACKNOWLEDGED),
        (_S.ACKNOWLEDGED, _C.COMPLETE): Step(_S.COMPLETED, TaskCompleted),
        (_S.ACKNOWLEDGED, _C.FALL_OVERDUE): Step(_S.ACKNOWLEDGED, TaskOverdue),
        (_S.COMPLETED, _C.ACCEPT): Step(_S.ACCEPTED, TaskAccepted),
        (_S.COMPLETED, _C.RETURN): Step(_S.RETURNED, TaskReturned),
        (_S.RETURNED, _C.ACKNOWLEDGE): Step(_S.ACKNOWLEDGED, TaskAcknowledged),
        (_S.RETURNED, _C.REPORT): Step(_S.ACKNOWLEDGED),
        (_S.RETURNED, _C.COMPLETE): Step(_S.COMPLETED, TaskCompleted),
        (_S.RETURNED, _C.FALL_OVERDUE): Step(_S.RETURNED, TaskOverdue),
    },
)

OPEN_STATES = (_S.ASSIGNED, _S.ACKNOWLEDGED, _S.RETURNED)
"""Those in which the assignee still has something to do."""


class Report(Value):
    """What the assignee, or the commune when it reviews, wrote. Stays in scheduling."""

    at: datetime
    by: str
    command: str
    text: str


class Task(Document):
    """`alarm_on`: the due date while its passing has still to be told; None once told, or when nothing is to be done.

    `unit_id` is the commune; `unit_path` ends in the branch.
    """

    unit_id: str
    branch_id: str
    unit_path: tuple[str, ...]
    assignee_id: str
    title: str
    details: str = ""
    due_on: date
    alarm_on: date | None
    overdue: bool = False
    state: TaskState = TaskState.ASSIGNED
    meeting_id: str | None = None
    assigned_by: str
    assigned_at: datetime
    acknowledged_at: datetime | None = None
    completed_at: datetime | None = None
    accepted_at: datetime | None = None
    reports: tuple[Report, ...] = ()

    def acknowledged(self, at: datetime) -> Self:
        return self._after(_C.ACKNOWLEDGE, acknowledged_at=at)

    def reported(self, text: str, *, at: datetime, by: str) -> Self:
        """Progress in words; who reports has thereby acknowledged."""
        return self._after(_C.REPORT, self._said(_C.REPORT, text, at, by), acknowledged_at=self.acknowledged_at or at)

    def completed(self, text: str, *, at: datetime, by: str) -> Self:
        return self._after(_C.COMPLETE, self._said(_C.COMPLETE, text, at, by), completed_at=at, alarm_on=None)

    def accepted(self, text: str, *, at: datetime, by: str) -> Self:
        return self._after(_C.ACCEPT, self._said(_C.ACCEPT, text, at, by), accepted_at=at, alarm_on=None)

    def returned(self, text: str, *, due_on: date, today: date, at: datetime, by: str) -> Self:
        """To be done again until `due_on`. Raises Refusal when that day has passed."""
        after = self._after(_C.RETURN, self._said(_C.RETURN, text, at, by), completed_at=None)
        require_due(due_on, today)
        return after.model_copy(update={"due_on": due_on, "alarm_on": due_on, "overdue": False})

    def fallen_overdue(self) -> Self:
        """Told as overdue, once for this due date."""
        return self._after(_C.FALL_OVERDUE, alarm_on=None, overdue=True)

    def _said(self, command: TaskCommand, text: str, at: datetime, by: str) -> Report:
        return Report(at=at, by=by, command=command, text=text)

    def _after(self, command: TaskCommand, report: Report | None = None, **changes: Any) -> Self:
        return self.model_copy(
            update={
                **changes,
                "state": TASK.after(self.state, command),
                "reports": (*self.reports, report) if report else self.reports,
                "version": self.version + 1,
            }
        )


def require_due(due_on: date, today: date) -> None:
    """Raise Refusal for a due date that has passed."""
    if due_on < today:
        raise Refusal(
            "due-in-the-past",
            vi=f"Hạn hoàn thành {due_on:%d/%m/%Y} đã qua.",
            en=f"The due date {due_on.isoformat()} has passed.",
            pointer="/due_on",
        )
