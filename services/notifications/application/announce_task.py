"""Tell the person in charge what became of his task.

A task reported as done tells nobody: the commune sees it in its list, and an SMS per report would cost more than it
tells.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from chassis.context import context_of
from chassis.messaging.envelope import Incoming
from chassis.storage.changes import Changes
from chassis.storage.store import Store
from contracts.scheduling_events import TaskAccepted, TaskAssigned, TaskOverdue, TaskReturned
from notifications.application.announce import Desk, announce, unit_of
from notifications.domain import wording
from notifications.domain.notice import Notice


@dataclass(frozen=True)
class TaskWords:
    """What the templates of tasks may say."""

    unit: str
    unit_short: str
    branch: str
    branch_short: str
    title: str
    due: str = ""
    due_short: str = ""


TaskNews = TaskAssigned | TaskReturned | TaskAccepted | TaskOverdue

TEMPLATES: dict[type[TaskNews], str] = {
    TaskAssigned: "task_assigned",
    TaskReturned: "task_returned",
    TaskAccepted: "task_accepted",
    TaskOverdue: "task_overdue",
}


def tell_assignee(event: TaskNews, incoming: Incoming, store: Store, desk: Desk) -> Changes:
    """TaskAssigned, TaskReturned, TaskAccepted, TaskOverdue: a message to the one who has the task."""
    context = context_of(incoming, now=desk.clock())
    unit = unit_of(store, event.unit_id)
    branch = unit_of(store, event.branch_id)
    own, theirs = unit.name_on(context.today), branch.name_on(context.today)
    due: date | None = None if isinstance(event, TaskAccepted) else event.due_on
    words = TaskWords(
        unit=own.name,
        unit_short=own.short_name,
        branch=theirs.name,
        branch_short=theirs.short_name,
        title=event.title,
        due=wording.long_day(due) if due else "",
        due_short=wording.short_day(due) if due else "",
    )
    template = TEMPLATES[type(event)]
    notice = Notice(
        id=incoming.id,
        template=template,
        about=event.task_id,
        unit_id=unit.id,
        unit_path=unit.path,
        created=context.now,
        valid_until=context.now + desk.policy.valid_for,
        texts=desk.composer.compose(template, words),
        title=event.title,
        correlation_id=context.cause.correlation_id,
    )
    return announce(notice, [event.assignee_id], store, desk, context, happened=incoming.time)
