"""Tasks: handed to who is in charge, done or returned, overdue told exactly once per due date."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from chassis.failures import Refusal
from chassis.storage.memory import MemoryStore
from contracts.scheduling_events import (
    TaskAccepted,
    TaskAcknowledged,
    TaskAssigned,
    TaskCompleted,
    TaskOverdue,
    TaskReturned,
)
from scheduling.application.assign_task import Assignment, assign_task
from scheduling.application.convene_meeting import convene_assignment_meeting, convene_briefing
from scheduling.application.do_task import (
    accept_task,
    acknowledge_task,
    complete_task,
    report_task,
    return_task,
)
from scheduling.application.list_own_work import list_own_work, review_month
from scheduling.application.records import TASKS
from scheduling.domain.task import Task, TaskState
from scheduling.workers.what_time_does import tell_overdue_tasks
from tests.unit.scheduling.commune import (
    BRANCHES,
    COMMUNE,
    MEMBER,
    NOW,
    OTHER_MEMBER,
    OTHER_SECRETARY,
    POLICY,
    SECRETARY,
    all_published,
    context_of,
    done,
    plan,
    published,
    settled_commune,
)

DUE = date(2026, 11, 20)


def assignment(**changes: Any) -> Assignment:
    values: dict[str, Any] = {
        "branch_id": BRANCHES[0],
        "assignee_id": MEMBER,
        "title": "Rà soát danh sách thanh niên đi làm xa",
        "due_on": DUE,
    }
    return Assignment(**(values | changes))


def assigned(store: MemoryStore, **changes: Any) -> Task:
    return done(store, assign_task(store, context_of(), assignment(**changes)))


def test_a_task_goes_to_the_member_in_charge_of_the_branch() -> None:
    store = settled_commune()
    meeting = done(store, convene_assignment_meeting(store, context_of(), POLICY, COMMUNE, plan(7, 8))).meeting
    outcome = assign_task(store, context_of(), assignment(meeting_id=meeting.id))
    (event,) = published(outcome.changes)
    assert isinstance(event, TaskAssigned)
    assert (event.assignee_id, event.branch_id, event.unit_id, event.due_on) == (MEMBER, BRANCHES[0], COMMUNE, DUE)
    assert event.meeting_id == meeting.id


def test_the_refusal_names_who_is_in_charge() -> None:
    store = settled_commune()
    with pytest.raises(Refusal) as refused:
        assign_task(store, context_of(), assignment(assignee_id=OTHER_MEMBER))
    assert refused.value.code == "not-in-charge"
    assert refused.value.vi == (
        "Người này không phụ trách Chi đoàn thôn Trung Hạ: Chi đoàn thôn Trung Hạ do Lê Văn Tài phụ trách."
    )
    store = settled_commune()
    store._rows.pop("portfolios_seen")  # nobody is in charge of anything
    with pytest.raises(Refusal, match="nobody is in charge"):
        assign_task(store, context_of(), assignment())


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"due_on": date(2026, 11, 1)}, "due-in-the-past"),
        ({"title": "Gọi 0912345678"}, "contact-in-text"),
        ({"branch_id": COMMUNE}, "wrong-unit-kind"),
    ],
)
def test_what_cannot_be_assigned_is_refused(changes: dict[str, Any], code: str) -> None:
    with pytest.raises(Refusal) as refused:
        assign_task(settled_commune(), context_of(), assignment(**changes))
    assert refused.value.code == code


def test_a_task_is_handed_over_in_an_assignment_meeting_of_the_same_commune() -> None:
    store = settled_commune()
    briefing = done(store, convene_briefing(store, context_of(), POLICY, COMMUNE, plan())).meeting
    with pytest.raises(Refusal) as refused:
        assign_task(store, context_of(), assignment(meeting_id=briefing.id))
    assert refused.value.code == "not-an-assignment-meeting"


def test_only_the_assignee_does_it_and_only_the_commune_reviews_it() -> None:
    store = settled_commune()
    task = assigned(store)
    for actor in (SECRETARY, OTHER_MEMBER):
        with pytest.raises(Refusal) as refused:
            acknowledge_task(store, context_of(actor), task.id)
        assert refused.value.because == "forbidden"
    with pytest.raises(Refusal) as missing:
        acknowledge_task(store, context_of(OTHER_SECRETARY), task.id)
    assert missing.value.because == "missing"
    with pytest.raises(Refusal) as review:
        accept_task(store, context_of(MEMBER), task.id)
    assert review.value.because == "forbidden"


def test_the_whole_way_of_a_task_with_one_return() -> None:
    store = settled_commune()
    id = assigned(store).id
    own, office = context_of(MEMBER), context_of()
    done(store, acknowledge_task(store, own, id))
    assert done(store, report_task(store, own, id, "Đã gặp 3/5 chi hội")).state is TaskState.ACKNOWLEDGED
    done(store, complete_task(store, own, id, "Xong"))
    returned = done(store, return_task(store, office, id, "Thiếu một thôn", due_on=date(2026, 11, 27)))
    assert (returned.state, returned.due_on, returned.alarm_on) == (
        TaskState.RETURNED,
        date(2026, 11, 27),
        date(2026, 11, 27),
    )
    done(store, complete_task(store, own, id, "Đã bổ sung"))
    accepted = done(store, accept_task(store, office, id, "Tốt"))
    assert accepted.state is TaskState.ACCEPTED
    assert [report.text for report in accepted.reports] == [
        "Đã gặp 3/5 chi hội",
        "Xong",
        "Thiếu một thôn",
        "Đã bổ sung",
        "Tốt",
    ]
    counts = {model: len(all_published(store, model)) for model in (TaskAcknowledged, TaskReturned, TaskAccepted)}
    assert counts == {TaskAcknowledged: 1, TaskReturned: 1, TaskAccepted: 1}
    assert len(all_published(store, TaskCompleted)) == 2
    assert "gặp" not in "".join(event.model_dump_json() for event in all_published(store, TaskCompleted))


def test_overdue_is_told_exactly_once_per_due_date() -> None:
    store = settled_commune()
    id = assigned(store).id
    on_the_day = context_of(None, NOW + timedelta(days=18))
    the_day_after = context_of(None, NOW + timedelta(days=19))
    assert on_the_day.today == DUE
    assert tell_overdue_tasks(store, on_the_day) == 0
    assert tell_overdue_tasks(store, the_day_after) == 1
    assert tell_overdue_tasks(store, the_day_after) == 0
    done(store, complete_task(store, context_of(MEMBER, the_day_after.now), id, "Xong"))
    new_due = date(2026, 11, 25)
    done(store, return_task(store, context_of(SECRETARY, the_day_after.now), id, "Làm lại", due_on=new_due))
    assert tell_overdue_tasks(store, context_of(None, NOW + timedelta(days=23))) == 0
    assert tell_overdue_tasks(store, context_of(None, NOW + timedelta(days=24))) == 1
    assert [event.due_on for event in all_published(store, TaskOverdue)] == [DUE, new_due]


def test_a_task_completed_in_time_is_never_overdue() -> None:
    store = settled_commune()
    done(store, complete_task(store, context_of(MEMBER), assigned(store).id, "Xong"))
    assert tell_overdue_tasks(store, context_of(None, NOW + timedelta(days=100))) == 0


def test_two_timers_at_once_tell_it_once() -> None:
    store = settled_commune()
    task = assigned(store)
    later = context_of(None, NOW + timedelta(days=30))

    class Overtaken(MemoryStore):
        """What the slower timer sees: the task as it was before the faster one told it."""

        def find(self, kind: Any, where: Any, **options: Any) -> Any:
            return [task] if kind is TASKS else super().find(kind, where, **options)

    slower = Overtaken()
    slower._rows = store._rows  # the same database
    assert tell_overdue_tasks(store, later) == 1
    assert tell_overdue_tasks(slower, later) == 0
    assert len(all_published(store, TaskOverdue)) == 1


def test_a_member_sees_his_branches_his_tasks_of_the_month_and_what_is_overdue() -> None:
    store = settled_commune()
    this_month = assigned(store)
    assigned(store, due_on=date(2026, 12, 3))
    assigned(store, branch_id=BRANCHES[2], assignee_id=OTHER_MEMBER)
    later = context_of(MEMBER, NOW + timedelta(days=25))
    work = list_own_work(store, later)
    assert work.branch_ids == sorted(BRANCHES[:2])
    assert [task.id for task in work.this_month] == [this_month.id]
    assert [task.id for task in work.overdue] == [this_month.id]
    december = list_own_work(store, later, date(2026, 12, 1))
    assert [task.due_on for task in december.this_month] == [date(2026, 12, 3)]


def test_the_monthly_meeting_begins_with_last_months_results() -> None:
    store = settled_commune()
    first = assigned(store)
    assigned(store, branch_id=BRANCHES[1])
    done(store, complete_task(store, context_of(MEMBER), first.id, "Xong"))
    done(store, accept_task(store, context_of(), first.id))
    results = review_month(store, context_of(), COMMUNE, date(2026, 11, 15))
    assert results.counts[TaskState.ACCEPTED] == 1
    assert results.counts[TaskState.ASSIGNED] == 1
    december = review_month(store, context_of(), COMMUNE, date(2026, 12, 1))
    assert [task.branch_id for task in december.still_open] == [BRANCHES[1]]
