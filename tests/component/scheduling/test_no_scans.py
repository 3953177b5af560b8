"""The month again, on a real MongoDB: it behaves the same, and no query reads a whole collection or sorts in memory."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from pymongo import MongoClient

from chassis.messaging.mongo.collections import ensure_collections
from chassis.storage.changes import Changes
from chassis.storage.documents import D, Filter, Kind, Sort
from chassis.storage.mongo import MongoStore, open_database
from chassis.web.token_claims import GrantClaim
from scheduling.application.read_models import SIGNING_KEYS
from scheduling.application.records import CONCERNS, ROTATIONS
from scheduling.bootstrap import KINDS, OWN_KINDS
from scheduling.workers.what_time_does import pass_meetings, tell_overdue_tasks
from tests.component.scheduling import test_the_month as month
from tests.component.scheduling.desk import Clock, Desk, ok
from tests.support.platform import Namespace
from tests.unit.scheduling.commune import (
    BRANCH_SECRETARY,
    BRANCHES,
    COMMUNE,
    DEPUTY,
    MEMBER,
    PROVINCE,
    PROVINCE_OFFICER,
    SECRETARY,
    context_of,
    settle,
)

Asked = tuple[Kind[Any], Filter, Sort, int | None]

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
        self.asked.append((kind, where, sort, limit))
        return self._store.find(kind, where, sort=sort, limit=limit)

    def count(self, kind: Kind[D], where: Filter) -> int:
        self.asked.append((kind, where, (), None))
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
    assert listening.asked
    assert wrong_of(store, listening.asked) == set()


FILTERS: dict[str, Sequence[str]] = {
    "meetings": (
        "",
        f"unit_id={COMMUNE}",
        "kind=briefing",
        "state=scheduled",
        f"unit_id={COMMUNE}&kind=briefing",
        f"unit_id={COMMUNE}&state=scheduled",
        "starts_from=2026-11-01T00:00:00Z&starts_before=2027-11-01T00:00:00Z",
    ),
    "tasks": (
        "",
        f"unit_id={COMMUNE}",
        f"unit_id={BRANCHES[0]}",
        f"assignee_id={MEMBER}",
        f"assignee_id={MEMBER}&state=assigned",
        f"meeting_id={COMMUNE}",
        "state=assigned",
        "overdue=true",
        f"unit_id={COMMUNE}&overdue=true",
    ),
    "concerns": (
        "",
        f"unit_id={COMMUNE}",
        f"unit_id={BRANCHES[0]}",
        "state=recorded",
        "category=other",
        f"meeting_id={COMMUNE}",
        "overdue=true",
        "state=recorded&overdue=true",
        f"unit_id={COMMUNE}&overdue=true",
    ),
    "proposals": ("", f"unit_id={COMMUNE}", f"branch_id={BRANCHES[0]}", "state=submitted"),
    "rotations": ("", f"unit_id={COMMUNE}", "year=2027", f"unit_id={COMMUNE}&year=2027"),
    "invitations": ("",),
}
LIVED = (
    month.test_a_joint_activity_from_rotation_to_attendance,
    month.test_a_briefing_from_convening_to_its_minutes,
    month.test_a_concern_from_the_branch_and_back_to_it,
    month.test_concerns_open_for_more_than_thirty_days_are_listed_oldest_first,
    month.test_a_task_handed_over_in_the_monthly_meeting,
)
COPIES, COPIES_HERE = 60, 3
ADMINISTRATOR = (GrantClaim(u=PROVINCE, p="province_administrator"),)
"""Reads all of everything there is; other officers of the province read no tasks and no concerns."""
LATER = datetime(2027, 6, 1, tzinfo=UTC)


@pytest.mark.embedded
@pytest.mark.parametrize("listing", FILTERS)
def test_every_list_in_a_country_of_many_communes_is_read_in_the_order_of_an_index(
    store: MongoStore, listing: str
) -> None:
    settle(store)
    for story in LIVED:
        story(Desk(store, Clock()))
    elsewhere(store)
    listening = Listening(store)
    desk = Desk(listening, Clock())
    readers = [desk.client(one) for one in (PROVINCE_OFFICER, SECRETARY, DEPUTY, MEMBER, BRANCH_SECRETARY)]
    for reader in (*readers, desk.client(PROVINCE_OFFICER, grants=ADMINISTRATOR)):
        for narrowed in FILTERS[listing]:
            first = ok(reader.get(f"/v1/{listing}?limit=1&{narrowed}".removesuffix("&")))
            if first["next_cursor"]:
                ok(reader.get(f"/v1/{listing}?limit=1&cursor={first['next_cursor']}&{narrowed}".removesuffix("&")))
    assert listening.asked
    assert wrong_of(store, listening.asked) == set()


@pytest.mark.embedded
@pytest.mark.parametrize(
    ("listing", "usual"),
    [
        ("meetings?state=missed", {"state": "held"}),
        ("tasks?state=returned", {"state": "accepted"}),
        ("tasks?overdue=true", {"state": "accepted"}),
        ("concerns?state=recorded", {"state": "closed", "open_since": None}),
        ("concerns?overdue=true", {"state": "closed", "open_since": None}),
        ("proposals?state=submitted", {"state": "agreed"}),
    ],
)
def test_the_few_of_a_country_are_found_without_reading_those_that_are_done(
    store: MongoStore, listing: str, usual: dict[str, Any]
) -> None:
    settle(store)
    for story in LIVED:
        story(Desk(store, Clock()))
    elsewhere(store)
    collection = store.database[listing.partition("?")[0]]
    assert collection.update_many({}, {"$set": usual}).matched_count > COPIES
    listening = Listening(store)
    desk = Desk(listening, Clock(LATER))
    assert ok(desk.client(PROVINCE_OFFICER, grants=ADMINISTRATOR).get(f"/v1/{listing}"))["items"] == []
    read = [documents_read(store, one) for one in listening.asked if one[0].name == collection.name]
    assert read
    assert max(read) == 0


@pytest.mark.parametrize(
    ("bounds", "may"),
    [
        ({"branch_id": ['["b-1", "b-1"]', '["b-2", "b-2"]'], "_id": ["[MaxKey, MinKey]"]}, True),
        ({"assignee_id": ['["p-1", "p-1"]']}, True),
        ({"branch_id": ["[MinKey, MaxKey]"]}, False),
        ({"branch_id": [f'["b-{number}", "b-{number}"]' for number in range(100)]}, False),
        ({"unit_path": ['["b-1", "b-1"]']}, False),
        ({"unit_id": ['["c-1", "c-1"]']}, False),
        ({"_id": ['["c-1", "c-1"]'], "branch_id": ['["b-1", "b-1"]']}, False),
    ],
)
def test_nothing_is_sorted_but_what_is_of_one_person_or_of_the_branches_in_one_charge(
    bounds: dict[str, list[str]], may: bool
) -> None:
    found = {"stage": "FETCH", "inputStage": {"stage": "IXSCAN", "indexBounds": bounds}}
    assert growing({"stage": "SORT", "inputStage": found}) == (set() if may else {"SORT"})
    both = {"stage": "OR", "inputStages": [found, {"stage": "COLLSCAN"}]}
    assert growing({"stage": "SORT", "inputStage": both}) == {"SORT", "COLLSCAN"}


def elsewhere(store: MongoStore) -> None:
    """What happened in the one commune, in many others of the province; and here a few times more, where it may."""
    for kind in OWN_KINDS:
        collection = store.database[kind.name]
        rows = list(collection.find())
        here = 0 if kind in (CONCERNS, ROTATIONS) else COPIES_HERE
        copies = [{**row, "_id": f"{row['_id']}.{number}"} for row in rows for number in range(here)]
        copies += [renamed(row, number) for row in rows for number in range(COPIES)]
        if copies:
            collection.insert_many(copies)


def renamed(value: Any, number: int) -> Any:
    """A stored value with other ids of its own, of the commune and of its branches."""
    if isinstance(value, dict):
        return {
            name: f"{renamed(inner, number)}-{number}" if name == "_id" else renamed(inner, number)
            for name, inner in value.items()
        }
    if isinstance(value, list):
        return [renamed(inner, number) for inner in value]
    return f"{value[:-6]}{number + 500}{value[-3:]}" if value in (COMMUNE, *BRANCHES) else value


OF_ONE = ("person_id", "assignee_id", "branch_id")
IN_ONE_CHARGE = 50
"""Branches: a commune has some twenty."""


def wrong_of(store: MongoStore, asked: Iterable[Asked]) -> set[str]:
    """The queries whose cost grows with the country, each with the reason."""
    return {
        f"{one[0].name} {dict(one[1])} {one[2]}: {how}"
        for one in asked
        # A service has a handful of signing keys and reads them all: that is no scan that grows.
        if one[0] is not SIGNING_KEYS
        for how in growing(explained(store, one, "queryPlanner")["queryPlanner"]["winningPlan"])
    }


def documents_read(store: MongoStore, asked: Asked) -> int:
    return int(explained(store, asked, "executionStats")["executionStats"]["totalDocsExamined"])


def explained(store: MongoStore, asked: Asked, verbosity: str) -> dict[str, Any]:
    kind, where, sort, limit = asked
    command: dict[str, Any] = {"find": kind.name, "filter": dict(where), "sort": dict(sort), "limit": limit or 0}
    return dict(store.database.command("explain", command, verbosity=verbosity))


def growing(plan: Any) -> set[str]:
    """The stages of a plan that grow with the collection.

    What was found under one person's id, or under those of the branches in one charge, is a handful at any size of the
    country, and may be sorted; what was found by a commune, a province or a path of units may not.
    """
    return {
        stage["stage"]
        for stage in stages(plan)
        if stage["stage"] == "COLLSCAN" or (stage["stage"] == "SORT" and not _of_few(stage))
    }


def _of_few(sorting: dict[str, Any]) -> bool:
    sources = [stage for stage in stages(sorting) if "inputStage" not in stage and "inputStages" not in stage]
    return all(stage["stage"] == "IXSCAN" and _is_of_one(stage["indexBounds"]) for stage in sources)


def _is_of_one(bounds: dict[str, list[str]]) -> bool:
    name, values = next(iter(bounds.items()))
    single = all(re.fullmatch(r'\["(.+)", "\1"\]', value) for value in values)
    return name in OF_ONE and single and len(values) <= IN_ONE_CHARGE


def stages(plan: Any) -> Iterator[dict[str, Any]]:
    if isinstance(plan, dict):
        if isinstance(plan.get("stage"), str):
            yield plan
        for inner in plan.values():
            yield from stages(inner)
    elif isinstance(plan, list):
        for inner in plan:
            yield from stages(inner)
