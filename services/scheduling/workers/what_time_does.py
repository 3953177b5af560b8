"""What happens because time passes: meetings come to await their minutes, tasks fall overdue."""

from __future__ import annotations

from chassis.context import Context
from chassis.failures import VersionConflict
from chassis.messaging.outbox import publish
from chassis.storage.changes import Changes
from chassis.storage.store import Store
from contracts.scheduling_events import TaskOverdue
from scheduling.application.records import MEETINGS, TASKS
from scheduling.domain.meeting import MeetingState
from scheduling.domain.task import Task

BATCH = 200
"""Documents per round; a timer that finds more comes again at once."""


def pass_meetings(store: Store, context: Context) -> int:
    """Meetings whose end has passed await their minutes. Each is a transaction of its own; how many it changed."""
    due = store.find(
        MEETINGS,
        {"state": MeetingState.SCHEDULED.value, "ends_at": {"$lte": context.now}},
        sort=(("ends_at", 1),),
        limit=BATCH,
    )
    return sum(_committed(store, Changes().replace(MEETINGS, meeting.passed())) for meeting in due)


def tell_overdue_tasks(store: Store, context: Context) -> int:
    """TaskOverdue for each task whose due date has passed: once per due date, whoever else runs.

    The alarm is cleared by compare-and-set in the transaction that publishes the event; a lost race is someone else's
    work done.
    """
    due = store.find(TASKS, {"alarm_on": {"$lt": context.today.isoformat()}}, sort=(("alarm_on", 1),), limit=BATCH)
    return sum(_committed(store, _overdue(context, task)) for task in due)


def _overdue(context: Context, task: Task) -> Changes:
    fallen = task.fallen_overdue()
    event = TaskOverdue(
        task_id=fallen.id,
        unit_id=fallen.unit_id,
        branch_id=fallen.branch_id,
        assignee_id=fallen.assignee_id,
        title=fallen.title,
        due_on=fallen.due_on,
    )
    return publish(Changes().replace(TASKS, fallen), context.message(event, key=fallen.id, sequence=fallen.version))


def _committed(store: Store, changes: Changes) -> bool:
    try:
        store.commit(changes)
    except VersionConflict:
        return False
    return True
