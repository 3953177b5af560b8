"""The queries of hot paths and lists as the database plans and runs them.

None may read a whole collection or sort in memory, and a page may not read much more than it shows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from pymongo.database import Database

from chassis.web.paging import _after
from notifications.domain.delivery import LONG_AGO
from tests.bench.district import ROOT, branch_id, commune_id, person_id

FAR_DOWN = datetime(2025, 12, 1, tzinfo=UTC)
"""Before most of the meetings that the benchmark makes."""
GROWS_WITH_THE_COLLECTION = frozenset({"COLLSCAN", "SORT", "SORT_KEY_GENERATOR"})


@dataclass(frozen=True)
class Query:
    """A query as a service makes it. `most_read`: documents it may examine, where it answers with a page."""

    name: str
    collection: str
    where: Mapping[str, Any]
    sort: Sequence[tuple[str, int]] = ()
    limit: int = 0
    hint: Sequence[tuple[str, int]] = field(default=())
    most_read: int = 2_000


@dataclass(frozen=True)
class Plan:
    """How a query was planned, and what running it took."""

    query: Query
    stages: tuple[str, ...]
    returned: int
    documents: int
    keys: int
    milliseconds: int

    @property
    def faults(self) -> list[str]:
        """What grows with the collection."""
        wrong = sorted(set(self.stages) & GROWS_WITH_THE_COLLECTION)
        if self.query.limit and max(self.documents, self.keys) > self.query.most_read:
            wrong.append(f"reads {max(self.documents, self.keys):,}")
        return wrong

    def __str__(self) -> str:
        how = "+".join(
            dict.fromkeys(stage for stage in self.stages if stage not in ("FETCH", "LIMIT", "PROJECTION_SIMPLE"))
        )
        told = f"{how}; {self.keys:,} keys, {self.documents:,} documents for {self.returned:,}; {self.milliseconds} ms"
        return f"{self.query.name}: {told}" + "".join(f"  FAULT {fault}" for fault in self.faults)


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


def explained(database: Database[dict[str, Any]], query: Query) -> Plan:
    """The winning plan, carried out."""
    command: dict[str, Any] = {"find": query.collection, "filter": dict(query.where)}
    if query.sort:
        command["sort"] = dict(query.sort)
    if query.limit:
        command["limit"] = query.limit
    if query.hint:
        command["hint"] = dict(query.hint)
    said = database.command("explain", command, verbosity="executionStats")
    spent = said["executionStats"]
    return Plan(
        query,
        tuple(stages(said["queryPlanner"]["winningPlan"])),
        spent["nReturned"],
        spent["totalDocsExamined"],
        spent["totalKeysExamined"],
        spent["executionTimeMillis"],
    )


def plans(service: str, database: Database[dict[str, Any]], queries: Sequence[Query]) -> list[str]:
    """A line for each query, under one that says how many there are and what is wrong with them."""
    found = [explained(database, query) for query in queries]
    faults = [f"{plan.query.name}: {', '.join(plan.faults)}" for plan in found if plan.faults]
    return [
        f"{service}: {len(found)} queries explained, faults: {'; '.join(faults) or 'none'}",
        *(f"  {plan}" for plan in found),
    ]


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
            "the country's meetings, far down",
            "meetings",
            {"$and": [{"seen_from": {"$in": [ROOT]}}, _after({"starts_at": FAR_DOWN, "_id": ""}, latest)]},
            latest,
            21,
        ),
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
