"""“My branches, my tasks this month, overdue”: what a committee member sees on entering (story 4)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from chassis.context import Context
from chassis.failures import Refusal
from chassis.storage.store import Store
from scheduling.application.organisation import branches_in_charge, require_commune, unit
from scheduling.application.permitted import actor_of, require_on
from scheduling.application.records import TASKS
from scheduling.domain.task import OPEN_STATES, Task, TaskState

MOST = 500
"""Tasks shown at once; a commune has some twenty branches with a few tasks a month."""


@dataclass(frozen=True, slots=True)
class OwnWork:
    """`this_month`: due in the month, whatever became of them; `overdue`: due before today and still open."""

    branch_ids: list[str]
    this_month: list[Task]
    overdue: list[Task]


@dataclass(frozen=True, slots=True)
class MonthResults:
    """What became of a commune's tasks that were due in a month, and what is still open from before it."""

    month: date
    counts: dict[TaskState, int]
    tasks: list[Task]
    still_open: list[Task]


def list_own_work(store: Store, context: Context, month: date | None = None) -> OwnWork:
    """The actor's own. Raises Refusal for a partner's client: it is nobody's committee member."""
    person_id = actor_of(context).person_id
    if person_id is None:
        raise Refusal(
            "no-person",
            vi="Tài khoản này không gắn với một người nên không có nhiệm vụ riêng.",
            en="This account is no person's: it has no tasks of its own.",
            because="forbidden",
        )
    starts, ends = month_of(month or context.today)
    own = {"assignee_id": person_id}
    return OwnWork(
        branches_in_charge(store, person_id, context.today),
        store.find(TASKS, {**own, "due_on": _within(starts, ends)}, sort=(("due_on", 1), ("_id", 1)), limit=MOST),
        store.find(
            TASKS,
            {**own, "due_on": {"$lt": context.today.isoformat()}, "state": _open()},
            sort=(("due_on", 1), ("_id", 1)),
            limit=MOST,
        ),
    )


def review_month(store: Store, context: Context, commune_id: str, month: date) -> MonthResults:
    """Last month's results first: what the monthly BTV meeting begins with (story 5)."""
    commune = unit(store, commune_id)
    require_on(context, "tasks.read", commune.path, seen_with="units.read", what=("đơn vị", "unit"))
    require_commune(commune, context.today)
    starts, ends = month_of(month)
    order = (("due_on", 1), ("_id", 1))
    here = {"unit_path": commune_id}
    tasks = store.find(TASKS, {**here, "due_on": _within(starts, ends)}, sort=order, limit=MOST)
    still_open = store.find(
        TASKS, {**here, "due_on": {"$lt": starts.isoformat()}, "state": _open()}, sort=order, limit=MOST
    )
    counts = {state: sum(task.state is state for task in tasks) for state in TaskState}
    return MonthResults(starts, counts, tasks, still_open)


def month_of(day: date) -> tuple[date, date]:
    """The month `[from, to)` that `day` lies in."""
    starts = day.replace(day=1)
    return starts, (starts + timedelta(days=32)).replace(day=1)


def _within(starts: date, ends: date) -> dict[str, str]:
    return {"$gte": starts.isoformat(), "$lt": ends.isoformat()}


def _open() -> dict[str, list[str]]:
    return {"$in": [state.value for state in OPEN_STATES]}
