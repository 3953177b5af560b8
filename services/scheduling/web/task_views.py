"""Tasks as the API shows and takes them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Self

from pydantic import BaseModel, Field

from chassis.web.fields import Day
from chassis.web.identifiers import Id
from scheduling.application.assign_task import Assignment
from scheduling.domain.task import Task, TaskState
from scheduling.web.parts import BRANCH, COMMUNE, MEETING, PERSON, Body, Line, Text


class AssignBody(Body):
    """A line of the assignment sheet (phân công)."""

    branch_id: Id
    assignee_id: Id = Field(description="The committee member in charge (phụ trách) of the branch")
    title: Line
    details: Text = ""
    due_on: Day
    meeting_id: Id | None = Field(default=None, description="The assignment meeting at which it was handed over")

    def assignment(self) -> Assignment:
        return Assignment(**self.model_dump())


class TextBody(Body):
    text: Annotated[str, Field(min_length=1, max_length=4000)]


class AcceptBody(Body):
    text: Text = ""


class ReturnBody(Body):
    """Why it comes back, and until when it is to be done."""

    text: Annotated[str, Field(min_length=1, max_length=4000)]
    due_on: Day


class ReportView(BaseModel):
    at: datetime
    command: str
    text: str


class TaskView(BaseModel):
    """A task. `assignee_name` is null in answers to commands, and where the person was erased."""

    id: str
    version: int
    unit_id: str
    branch_id: str
    branch_name: str | None = None
    assignee_id: str
    assignee_name: str | None = None
    title: str
    details: str
    due_on: date
    overdue: bool = Field(description="Its due date has passed without a result, and that was told")
    state: TaskState
    meeting_id: str | None
    assigned_at: datetime
    acknowledged_at: datetime | None
    completed_at: datetime | None
    accepted_at: datetime | None
    reports: list[ReportView]

    @classmethod
    def of(cls, task: Task, *, names: Mapping[str, str] | None = None, units: Mapping[str, str] | None = None) -> Self:
        return cls.model_validate(
            task.model_dump()
            | {
                "assignee_name": (names or {}).get(task.assignee_id),
                "branch_name": (units or {}).get(task.branch_id),
            }
        )


class BranchView(BaseModel):
    id: str
    name: str


class OwnWorkView(BaseModel):
    """What a committee member sees on entering."""

    branches: list[BranchView]
    this_month: list[TaskView]
    overdue: list[TaskView]


class CountView(BaseModel):
    state: TaskState
    count: int


class ResultsView(BaseModel):
    """What became of the tasks due in a month: first on the agenda of the next assignment meeting."""

    month: str = Field(examples=["2026-11"])
    counts: list[CountView]
    tasks: list[TaskView]
    still_open: list[TaskView] = Field(description="Due before that month and not done yet")


TASK_EXAMPLE = TaskView.model_validate(
    {
        "id": "0190a1b2-0000-7000-8000-000000000401",
        "version": 1,
        "unit_id": COMMUNE,
        "branch_id": BRANCH,
        "branch_name": "Chi đoàn thôn Trung Hạ",
        "assignee_id": PERSON,
        "assignee_name": "Lê Văn Tài",
        "title": "Rà soát danh sách thanh niên đi làm xa",
        "details": "Lập danh sách theo mẫu, gửi Đoàn xã.",
        "due_on": "2026-12-20",
        "overdue": False,
        "state": "assigned",
        "meeting_id": MEETING,
        "assigned_at": "2026-12-05T02:00:00Z",
        "acknowledged_at": None,
        "completed_at": None,
        "accepted_at": None,
        "reports": [],
    }
)
TOLD_EXAMPLE = TASK_EXAMPLE.model_copy(update={"branch_name": None, "assignee_name": None})
ASSIGN_EXAMPLE = {
    "branch_id": BRANCH,
    "assignee_id": PERSON,
    "title": "Rà soát danh sách thanh niên đi làm xa",
    "details": "Lập danh sách theo mẫu, gửi Đoàn xã.",
    "due_on": "2026-12-20",
    "meeting_id": MEETING,
}
