"""Hand a task to the member in charge of a branch (giao nhiệm vụ) → TaskAssigned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from chassis.context import Context
from chassis.failures import Refusal, missing
from chassis.messaging.outbox import publish
from chassis.outcome import Outcome
from chassis.storage.changes import Changes
from chassis.storage.store import Store
from contracts.scheduling_events import MeetingKind, TaskAssigned
from scheduling.application.meeting_sight import meeting_in_reach
from scheduling.application.organisation import (
    commune_of,
    in_charge_of,
    name_on,
    names_of,
    require_branch,
    unit,
)
from scheduling.application.permitted import acting_as, require_on
from scheduling.application.read_models import PortfolioSeen, UnitSeen
from scheduling.application.records import TASKS
from scheduling.domain.task import Task, require_due
from scheduling.domain.told_texts import free_text, told_text


@dataclass(frozen=True, slots=True)
class Assignment:
    """A line of the assignment sheet (phân công): member × branch × task × due date."""

    branch_id: str
    assignee_id: str
    title: str
    due_on: date
    details: str = ""
    meeting_id: str | None = None


def assign_task(store: Store, context: Context, assignment: Assignment) -> Outcome[Task]:
    """Record the task. The assignee must be in charge of the branch today; the refusal names who is."""
    branch = unit(store, assignment.branch_id)
    require_on(context, "tasks.assign", branch.path, seen_with="units.read", what=("đơn vị", "unit"))
    require_branch(branch, context.today)
    commune = commune_of(store, branch, context.today)
    if assignment.meeting_id is not None:
        _require_assignment_meeting(store, context, assignment.meeting_id, commune.id)
    in_charge = in_charge_of(store, branch.id, context.today)
    if assignment.assignee_id not in {one.person_id for one in in_charge}:
        raise _not_in_charge(store, branch, in_charge, context.today)
    require_due(assignment.due_on, context.today)
    task = Task(
        id=context.new_id(),
        unit_id=commune.id,
        branch_id=branch.id,
        unit_path=branch.path,
        assignee_id=assignment.assignee_id,
        title=told_text(assignment.title, pointer="/title", called_vi="tên nhiệm vụ", called_en="title"),
        details=free_text(assignment.details),
        due_on=assignment.due_on,
        alarm_on=assignment.due_on,
        meeting_id=assignment.meeting_id,
        assigned_by=acting_as(context),
        assigned_at=context.now,
    )
    event = TaskAssigned(
        task_id=task.id,
        unit_id=task.unit_id,
        branch_id=task.branch_id,
        assignee_id=task.assignee_id,
        title=task.title,
        due_on=task.due_on,
        meeting_id=task.meeting_id,
    )
    changes = Changes().insert(TASKS, task)
    return Outcome(task, publish(changes, context.message(event, key=task.id, sequence=task.version)))


def _require_assignment_meeting(store: Store, context: Context, meeting_id: str, commune_id: str) -> None:
    meeting = meeting_in_reach(store, context, meeting_id)
    if meeting.unit_id != commune_id:
        raise missing("cuộc họp", "meeting")
    if meeting.kind is not MeetingKind.ASSIGNMENT_MEETING:
        raise Refusal(
            "not-an-assignment-meeting",
            vi=f"“{meeting.title}” không phải là họp Ban Thường vụ giao nhiệm vụ.",
            en=f"“{meeting.title}” is no assignment meeting.",
            pointer="/meeting_id",
        )


def _not_in_charge(store: Store, branch: UnitSeen, in_charge: Sequence[PortfolioSeen], day: date) -> Refusal:
    names = names_of(store, [one.person_id for one in in_charge])
    who = ", ".join(names.get(one.person_id, "một người chưa có tên") for one in in_charge)
    name = name_on(branch, day)
    if not who:
        vi, en = (
            "chưa có ủy viên nào phụ trách; hãy phân công phụ trách trước",
            "nobody is in charge of it: assign that first",
        )
    else:
        vi, en = f"do {who} phụ trách", f"in charge is {who}"
    return Refusal(
        "not-in-charge",
        vi=f"Người này không phụ trách {name}: {name} {vi}.",
        en=f"This person is not in charge of {name}: {en}.",
        because="conflict",
        pointer="/assignee_id",
    )
