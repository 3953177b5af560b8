"""The month again, on a real MongoDB: it behaves the same, and no query reads a whole collection or sorts in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import pytest
from pymongo import MongoClient

from chassis.messaging.mongo.collections import ensure_collections
from chassis.storage.changes import Changes
from chassis.storage.documents import D, Filter, Kind, Sort
from chassis.storage.mongo import MongoStore, open_database
from scheduling.application.read_models import SIGNING_KEYS
from scheduling.bootstrap import KINDS
from scheduling.workers.what_time_does import pass_meetings, tell_overdue_tasks
from tests.component.scheduling import test_the_month as month
from tests.component.scheduling.desk import Clock, Desk
from tests.support.platform import Namespace
from tests.unit.scheduling.commune import context_of, settle

Asked = tuple[Kind[Any], Filter, Sort]

STORIES: Sequence[Callable[[Desk], None]] = (
    month.test_a_briefing_from_convening_to_its_minutes,
    month.test_a_concern_from_the_branch_and_back_to_it,
    month.test_concerns_open_for_more_than_thirty_days_are_listed_oldest_first,
    month.test_a_task_handed_over_in_the_monthly_meeting,
    month.test_a_joint_activity_from_rotation_to_attendance,
    month.test_the_province_sees_which_communes_keep_the_cycle,
    month.test_a_day_set_by_an_officer_is_warned_of,
    month.test_lists_show_what_reading_would_show_and_no_more,
    month.test_the_same_post_sent_again_convenes_once,
    month.test_two_officers_do_not_overwrite_each_other,
)


class Listening:
    """A store that remembers what it was asked."""

    def __init__(self, store: MongoStore) -> None:
        self._store = store
        self.asked: list[Asked] = []

    def get(self, kind: Kind[D], id: str) -> D | None:
        return self._store.get(kind, id)

    def get_many(self, kind: Kind[D], ids: Iterable[str]) -> dict[str, D]:
        return self._store.get_many(kind, ids)

    def find(self, kind: Kind[D], where: Filter, *, sort: Sort = (("_id", 1),), limit: int | None = None) -> list[D]:
        self.asked.append((kind, where, sort))
        return self._store.find(kind, where, sort=sort, limit=limit)

    def count(self, kind: Kind[D], where: Filter) -> int:
        self.asked.append((kind, where, ()))
        return self._store.count(kind, where)

    def commit(self, changes: Changes) -> None:
        self._store.commit(changes)

    def project(self, kind: Kind[D], documents: Sequence[D]) -> int:
        return self._store.project(kind, documents)

    def bury(self, kind: Kind[D], id: str, version: int) -> None:
        self._store.bury(kind, id, version)


@pytest.fixture
def store(namespace: Namespace) -> Iterator[MongoStore]:
    access = namespace.mongo("scheduling")
    database = open_database(access.uri, access.database, app="scheduling-tests")
    ensure_collections(database, KINDS)
    for kind in KINDS:
        database[kind.name].delete_many({})
    yield MongoStore(database)
    client: MongoClient[Any] = database.client
    client.close()


@pytest.mark.embedded
@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__.removeprefix("test_"))
def test_the_month_on_mongodb_asks_only_what_an_index_answers(store: MongoStore, story: Callable[[Desk], None]) -> None:
    settle(store)
    listening = Listening(store)
    desk = Desk(listening, Clock())
    story(desk)
    pass_meetings(listening, context_of(None, desk.clock.now))
    tell_overdue_tasks(listening, context_of(None, desk.clock.now))
    # A service has a handful of signing keys and reads them all: that is no scan that grows.
    asked = [one for one in listening.asked if one[0] is not SIGNING_KEYS]
    assert asked
    wrong = {
        f"{kind.name} {dict(where)} {sort}: {how}"
        for kind, where, sort in asked
        for how in costly(store, kind, where, sort)
    }
    assert wrong == set()


def costly(store: MongoStore, kind: Kind[Any], where: Filter, sort: Sort) -> set[str]:
    """The stages of the winning plan that grow with the collection."""
    command: dict[str, Any] = {"find": kind.name, "filter": dict(where), "sort": dict(sort)}
    plan = store.database.command("explain", command, verbosity="queryPlanner")["queryPlanner"]["winningPlan"]
    return set(stages(plan)) & {"COLLSCAN", "SORT"}


def stages(plan: Any) -> Iterator[str]:
    if isinstance(plan, dict):
        if isinstance(plan.get("stage"), str):
            yield plan["stage"]
        for inner in plan.values():
            yield from stages(inner)
    elif isinstance(plan, list):
        for inner in plan:
            yield from stages(inner)
