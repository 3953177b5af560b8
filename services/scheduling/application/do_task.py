"""What the assignee does with a task, and what the commune says to the result."""

from __future__ import annotations

from datetime import date

from chassis.context import Context
from chassis.failures import Refusal, missing
from chassis.messaging.outbox import publish
from chassis.outcome import Outcome
from chassis.storage.changes import Changes
from chassis.storage.store import Store
from contracts.scheduling_events import TaskAccepted, TaskAcknowledged, TaskCompleted, TaskReturned
from scheduling.application.permitted import acting_as, as_expected, may, require_may
from scheduling.application.records import TASKS
from scheduling.domain.task import Task
from scheduling.domain.told_texts import free_text


def task_in_reach(store: Store, context: Context, task_id: str) -> Task:
    """The task. Raises Refusal `missing` where there is none, and the same where the actor may not see it."""
    task = store.get(TASKS, task_id)
    if task is None or not may(context, "tasks.read", task.unit_path, [task.assignee_id]):
        raise missing("nhiệm vụ", "task")
    return task


def acknowledge_task(store: Store, context: Context, task_id: str, *, expected: int | None = None) -> Outcome[Task]:
    """The assignee has it → TaskAcknowledged."""
    task = _own(store, context, task_id, expected).acknowledged(context.now)
    event = TaskAcknowledged(task_id=task.id, unit_id=task.unit_id, assignee_id=task.assignee_id)
    return Outcome(task, _told(context, task, event))


def report_task(
    store: Store, context: Context, task_id: str, text: str, *, expected: int | None = None
) -> Outcome[Task]:
    """Progress in words, which stay here."""
    task = _own(store, context, task_id, expected)
    reported = task.reported(_required(text, "báo cáo", "report"), at=context.now, by=acting_as(context))
    return Outcome(reported, Changes().replace(TASKS, reported))


def complete_task(
    store: Store, context: Context, task_id: str, text: str, *, expected: int | None = None
) -> Outcome[Task]:
    """Reported as done → TaskCompleted; the commune accepts or returns it."""
    own = _own(store, context, task_id, expected)
    task = own.completed(_required(text, "kết quả", "result"), at=context.now, by=acting_as(context))
    event = TaskCompleted(
        task_id=task.id, unit_id=task.unit_id, branch_id=task.branch_id, assignee_id=task.assignee_id, title=task.title
    )
    return Outcome(task, _told(context, task, event))


def accept_task(
    store: Store, context: Context, task_id: str, text: str = "", *, expected: int | None = None
) -> Outcome[Task]:
    """The commune takes the result → TaskAccepted."""
    task = _reviewed(store, context, task_id, expected).accepted(free_text(text), at=context.now, by=acting_as(context))
    event = TaskAccepted(
        task_id=task.id, unit_id=task.unit_id, branch_id=task.branch_id, assignee_id=task.assignee_id, title=task.title
    )
    return Outcome(task, _told(context, task, event))


def return_task(
    store: Store, context: Context, task_id: str, text: str, *, due_on: date, expected: int | None = None
) -> Outcome[Task]:
    """Back to the assignee, with a reason and a new due date → TaskReturned."""
    task = _reviewed(store, context, task_id, expected).returned(
        _required(text, "lý do trả lại", "reason"),
        due_on=due_on,
        today=context.today,
        at=context.now,
        by=acting_as(context),
    )
    event = TaskReturned(
        task_id=task.id,
        unit_id=task.unit_id,
        branch_id=task.branch_id,
        assignee_id=task.assignee_id,
        title=task.title,
        due_on=task.due_on,
    )
    return Outcome(task, _told(context, task, event))


def _own(store: Store, context: Context, task_id: str, expected: int | None) -> Task:
    task = task_in_reach(store, context, task_id)
    require_may(context, "tasks.do", task.unit_path, [task.assignee_id])
    as_expected(TASKS, task, expected)
    return task


def _reviewed(store: Store, context: Context, task_id: str, expected: int | None) -> Task:
    task = task_in_reach(store, context, task_id)
    require_may(context, "tasks.review", task.unit_path)
    as_expected(TASKS, task, expected)
    return task


def _told(
    context: Context, task: Task, event: TaskAcknowledged | TaskCompleted | TaskAccepted | TaskReturned
) -> Changes:
    changes = Changes().replace(TASKS, task)
    return publish(changes, context.message(event, key=task.id, sequence=task.version))


def _required(text: str, vi: str, en: str) -> str:
    clean = free_text(text)
    if not clean:
        raise Refusal("text-missing", vi=f"Cần nhập {vi}.", en=f"The {en} is missing.", pointer="/text")
    return clean
