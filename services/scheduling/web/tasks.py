"""`/v1/tasks`: handed over, acknowledged, reported, completed, accepted or returned; and a month's results."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any

from flask import Response
from pydantic import ConfigDict, Field

from chassis.context import Context
from chassis.permissions import Reach, reach
from chassis.storage.documents import Filter
from chassis.web.access_log import record_access
from chassis.web.app import blueprint, example
from chassis.web.commands import Reply, run_command, run_query
from chassis.web.conditions import expected_version
from chassis.web.identifiers import Id, IdPath
from chassis.web.paging import Listing, PageQuery, page
from scheduling.application.assign_task import assign_task
from scheduling.application.do_task import (
    accept_task,
    acknowledge_task,
    complete_task,
    report_task,
    return_task,
    task_in_reach,
)
from scheduling.application.list_own_work import list_own_work, review_month
from scheduling.application.organisation import names_of, unit_names
from scheduling.application.permitted import actor_of, ways_of
from scheduling.application.records import TASKS
from scheduling.domain.task import OPEN_STATES, Task, TaskState
from scheduling.web.parts import store
from scheduling.web.task_views import (
    ASSIGN_EXAMPLE,
    TASK_EXAMPLE,
    TOLD_EXAMPLE,
    AcceptBody,
    AssignBody,
    BranchView,
    CountView,
    OwnWorkView,
    ResultsView,
    ReturnBody,
    TaskView,
    TextBody,
)

tasks = blueprint("tasks", "/v1/tasks", tag="tasks", about="Nhiệm vụ giao cho ủy viên Ban Thường vụ phụ trách chi đoàn")

MonthText = Annotated[str, Field(pattern=r"^20\d\d-(0[1-9]|1[0-2])$", examples=["2026-12"])]


class TasksQuery(PageQuery):
    """Which tasks; those within reach, by due date."""

    model_config = ConfigDict(extra="forbid")

    unit_id: Id | None = Field(default=None, description="Of this commune or branch")
    assignee_id: Id | None = None
    meeting_id: Id | None = Field(default=None, description="Handed over at this meeting")
    state: TaskState | None = None
    overdue: bool = Field(default=False, description="Due before today and still open")

    def among(self, held: Reach) -> Sequence[Filter]:
        """What the caller may read, as alternatives. One's own tasks are none where another's are asked for."""
        another = self.assignee_id is not None and self.assignee_id != held.person_id
        return ways_of(held, unit="branch_id", person=None if another else "assignee_id")

    def narrowed(self, today: date) -> Filter:
        parts: list[dict[str, Any]] = []
        if self.unit_id is not None:
            parts.append({"unit_path": self.unit_id})
        parts += [
            {name: value}
            for name in ("assignee_id", "meeting_id", "state")
            if (value := getattr(self, name)) is not None
        ]
        if self.overdue:
            parts.append({"due_on": {"$lt": today.isoformat()}})
            parts.append({"state": {"$in": [state.value for state in OPEN_STATES]}})
        return {"$and": parts} if parts else {}


class OwnQuery(PageQuery):
    model_config = ConfigDict(extra="forbid")

    month: MonthText | None = Field(default=None, description="Absent: the present month")


class ResultsQuery(PageQuery):
    model_config = ConfigDict(extra="forbid")

    unit_id: Id = Field(description="The commune")
    month: MonthText


@tasks.post("", summary="Hand over a task", responses={201: TaskView})
@example(request=ASSIGN_EXAMPLE, response=TOLD_EXAMPLE)
def assign(body: AssignBody) -> Response:
    """To the committee member in charge of the branch today; the refusal names who is."""
    return run_command(
        lambda context: assign_task(store(), context, body.assignment()),
        lambda task: Reply(TaskView.of(task), status=201, location=f"/v1/tasks/{task.id}", version=task.version),
    )


@tasks.get("", summary="Tasks within reach, by due date", responses={200: Listing[TaskView]})
@example(response=Listing[TaskView](items=[TASK_EXAMPLE]))
def list_tasks(query: TasksQuery) -> Response:
    """With the assignees' names: the read is written to the access log."""

    def answer(context: Context) -> Reply:
        found = page(
            store(),
            TASKS,
            query.narrowed(context.today),
            among=query.among(reach(actor_of(context), "tasks.read", context.today)),
            sort=(("due_on", 1), ("_id", 1)),
            limit=query.limit,
            cursor=query.cursor,
        )
        views = iter(_named(context, found.items))
        return Reply(found.listed(Listing[TaskView], lambda _: next(views)))

    return run_query(answer)


@tasks.get("/mine", summary="My branches, my tasks this month, overdue", responses={200: OwnWorkView})
@example(
    response=OwnWorkView(
        branches=[BranchView(id=TASK_EXAMPLE.branch_id, name="Chi đoàn thôn Trung Hạ")],
        this_month=[TASK_EXAMPLE.model_copy(update={"assignee_name": None})],
        overdue=[],
    )
)
def mine(query: OwnQuery) -> Response:
    """What a committee member sees on entering."""

    def answer(context: Context) -> Reply:
        work = list_own_work(store(), context, _first_day(query.month) if query.month else None)
        shown = [*work.this_month, *work.overdue]
        units = unit_names(store(), {*work.branch_ids, *(one.branch_id for one in shown)}, context.today)
        return Reply(
            OwnWorkView(
                branches=[BranchView(id=id, name=units.get(id, "")) for id in work.branch_ids],
                this_month=[TaskView.of(one, units=units) for one in work.this_month],
                overdue=[TaskView.of(one, units=units) for one in work.overdue],
            )
        )

    return run_query(answer)


@tasks.get("/results", summary="A month's results, for the next assignment meeting", responses={200: ResultsView})
@example(
    response=ResultsView(
        month="2026-12",
        counts=[CountView(state=TaskState.ACCEPTED, count=17)],
        tasks=[TASK_EXAMPLE],
        still_open=[],
    )
)
def results(query: ResultsQuery) -> Response:
    """Last month's results first; then what is still open from before. With names: written to the access log."""

    def answer(context: Context) -> Reply:
        month = review_month(store(), context, query.unit_id, _first_day(query.month))
        return Reply(
            ResultsView(
                month=query.month,
                counts=[CountView(state=state, count=count) for state, count in month.counts.items()],
                tasks=_named(context, month.tasks),
                still_open=_named(context, month.still_open),
            )
        )

    return run_query(answer)


@tasks.get("/<id>", summary="One task with its reports", responses={200: TaskView})
@example(response=TASK_EXAMPLE)
def read_task(path: IdPath) -> Response:
    """For who reads tasks of the commune, and for its assignee."""

    def answer(context: Context) -> Reply:
        task = task_in_reach(store(), context, path.id)
        return Reply(_named(context, [task])[0], version=task.version)

    return run_query(answer)


@tasks.post("/<id>/acknowledge", summary="“I have it”", responses={200: TaskView})
@example(response=TOLD_EXAMPLE)
def acknowledge(path: IdPath) -> Response:
    """By the assignee."""
    return run_command(lambda context: acknowledge_task(store(), context, path.id, expected=expected_version()), _told)


@tasks.post("/<id>/report", summary="Report progress", responses={200: TaskView})
@example(request={"text": "Đã gặp 3/5 chi hội, còn 2 nơi tuần sau."}, response=TOLD_EXAMPLE)
def report(path: IdPath, body: TextBody) -> Response:
    """By the assignee. The text stays here."""
    return run_command(
        lambda context: report_task(store(), context, path.id, body.text, expected=expected_version()), _told
    )


@tasks.post("/<id>/complete", summary="Report a task as done", responses={200: TaskView})
@example(request={"text": "Đã lập danh sách 42 thanh niên đi làm xa."}, response=TOLD_EXAMPLE)
def complete(path: IdPath, body: TextBody) -> Response:
    """By the assignee; the commune accepts or returns it."""
    return run_command(
        lambda context: complete_task(store(), context, path.id, body.text, expected=expected_version()), _told
    )


@tasks.post("/<id>/accept", summary="Accept a result", responses={200: TaskView})
@example(request={"text": "Làm tốt."}, response=TOLD_EXAMPLE)
def accept(path: IdPath, body: AcceptBody) -> Response:
    """By the commune."""
    return run_command(
        lambda context: accept_task(store(), context, path.id, body.text, expected=expected_version()), _told
    )


@tasks.post("/<id>/return", summary="Return a task to be done again", responses={200: TaskView})
@example(request={"text": "Thiếu thôn Trung Thượng.", "due_on": "2026-12-27"}, response=TOLD_EXAMPLE)
def give_back(path: IdPath, body: ReturnBody) -> Response:
    """By the commune, with a reason and a new due date."""
    return run_command(
        lambda context: return_task(
            store(), context, path.id, body.text, due_on=body.due_on, expected=expected_version()
        ),
        _told,
    )


def _told(task: Task) -> Reply:
    return Reply(TaskView.of(task), version=task.version)


def _named(context: Context, listed: Sequence[Task]) -> list[TaskView]:
    """The tasks with names; whose names are shown to another is written to the access log."""
    others = sorted({one.assignee_id for one in listed} - {actor_of(context).person_id or ""})
    if others:
        record_access(context, "tasks.read", listed[0].unit_id, others, unit_path=listed[0].unit_path[:-1])
    names = names_of(store(), {one.assignee_id for one in listed})
    units = unit_names(store(), {one.branch_id for one in listed}, context.today)
    return [TaskView.of(one, names=names, units=units) for one in listed]


def _first_day(month: str) -> date:
    return date.fromisoformat(f"{month}-01")
