"""The queries of hot paths and lists as the database plans them: none may read a whole collection or sort in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from pymongo.database import Database

from notifications.domain.delivery import LONG_AGO
from tests.bench.district import ROOT, branch_id, commune_id, person_id

GROWS_WITH_THE_COLLECTION = frozenset({"COLLSCAN", "SORT", "SORT_KEY_GENERATOR"})


@dataclass(frozen=True)
class Query:
    """A query as a service makes it. `read_at_most`: documents examined per document returned, at any size."""

    name: str
    collection: str
    where: Mapping[str, Any]
    sort: Sequence[tuple[str, int]] = ()
    limit: int = 0
    hint: Sequence[tuple[str, int]] = field(default=())


def stages(plan: Any) -> Iterator[str]:
    """The names of all stages of a plan."""
    if isinstance(plan, Mapping):
        if isinstance(plan.get("stage"), str):
            yield plan["stage"]
        for inner in plan.values():
            yield from stages(inner)
    elif isinstance(plan, list):
        for inner in plan:
            yield from stages(inner)


def plan_faults(database: Database[dict[str, Any]], queries: Sequence[Query]) -> list[str]:
    """`query: stage` for each stage of a winning plan that grows with its collection; empty when all is well."""
    return [f"{query.name}: {stage}" for query in queries for stage in sorted(_bad_stages(database, query))]


def _bad_stages(database: Database[dict[str, Any]], query: Query) -> set[str]:
    command: dict[str, Any] = {"find": query.collection, "filter": dict(query.where)}
    if query.sort:
        command["sort"] = dict(query.sort)
    if query.limit:
        command["limit"] = query.limit
    if query.hint:
        command["hint"] = dict(query.hint)
    explained = database.command("explain", command, verbosity="queryPlanner")
    return set(stages(explained["queryPlanner"]["winningPlan"])) & GROWS_WITH_THE_COLLECTION


def hot_queries(communes: int) -> dict[str, list[Query]]:
    """The hot paths and lists, by service, for something in the middle of a district of so many communes."""
    commune, branch = commune_id(communes // 2), branch_id(communes // 2, 0)
    return {"scheduling": _of_scheduling(commune, branch), "notifications": _of_notifications(commune)}


def _of_scheduling(commune: str, branch: str) -> list[Query]:
    now = datetime.now(UTC)
    day = now.date().isoformat()
    member = {"unit_id": {"$in": [branch]}, "starts": {"$lte": day}, "$or": [{"ends": None}, {"ends": {"$gt": day}}]}
    latest = (("starts_at", -1), ("_id", -1))
    outbox = (("topic", 1), ("aggregateid", 1), ("sequence", 1), ("_id", 1))
    return [
        Query(
            "branches of a commune", "units_seen", {"path": commune, "kind_now": {"$in": ["branch", "direct_branch"]}}
        ),
        Query("posts in units", "posts_seen", {"unit_id": {"$in": [commune, branch]}}),
        Query("who is in charge", "portfolios_seen", {"branch_id": branch}, (("starts", -1),)),
        Query("youth of branches", "people_seen", {"memberships": {"$elemMatch": member}}),
        Query(
            "a commune's meetings",
            "meetings",
            {"$and": [{"seen_from": {"$in": [commune]}}, {"unit_id": commune}]},
            latest,
            21,
        ),
        Query("the country's meetings", "meetings", {"seen_from": {"$in": [ROOT]}}, latest, 21),
        Query(
            "meetings at that time",
            "meetings",
            {"unit_id": commune, "starts_at": {"$gt": now, "$lt": now + timedelta(days=1)}},
            latest,
        ),
        Query("meetings of a kind", "meetings", {"unit_id": commune, "kind": "briefing", "starts_at": {"$gte": now}}),
        Query("invitations of a meeting", "invitations", {"meeting_id": "x"}, (("_id", 1),), 21),
        Query("one's invitations", "invitations", {"person_id": person_id(1)}, (("_id", -1),), 21),
        Query("tasks of a unit", "tasks", {"unit_path": {"$in": [commune]}}, (("due_on", 1), ("_id", 1)), 21),
        Query("pending outbox", "outbox", {"state": "pending"}, outbox, 500, outbox),
    ]


def _of_notifications(commune: str) -> list[Query]:
    now = datetime.now(UTC)
    people = [person_id(number) for number in range(50)]
    return [
        Query("contacts of people", "contacts_seen", {"_id": {"$in": people}}),
        Query("who has this phone", "contacts_seen", {"sms": "+84900000001"}),
        Query(
            "due deliveries",
            "deliveries",
            {"channel": "sms", "due": {"$gt": LONG_AGO, "$lte": now}},
            (("due", 1), ("_id", 1)),
            250,
        ),
        Query("deliveries about a meeting", "deliveries", {"about": "x"}, (("person_id", 1), ("_id", 1)), 21),
        Query("open invitations of people", "deliveries", {"person_id": {"$in": people}, "answer_until": {"$gt": now}}),
        Query("notices about a meeting", "notices", {"about": "x"}, (("created", 1),)),
        Query("due receipts", "receipts", {"due": {"$lte": now}}, (("due", 1),), 500),
        Query("open dead letters", "dead_letters", {"state": "open"}, (("_id", 1),), 101),
    ]
