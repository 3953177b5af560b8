"""The questions of hot paths and lists as the database plans and runs them.

None may read a whole collection or sort in memory, and a page may not read much more than it shows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pymongo.database import Database

GROWS_WITH_THE_COLLECTION = frozenset({"COLLSCAN", "SORT", "SORT_KEY_GENERATOR"})


@dataclass(frozen=True)
class Query:
    """A question as a service puts it: a command that `explain` takes.

    most_read   documents it may examine, where it answers with a page
    """

    name: str
    command: Mapping[str, Any]
    most_read: int = 2_000


def page_of(name: str, collection: str, where: Mapping[str, Any], sort: Sequence[tuple[str, int]], limit: int) -> Query:
    """A list's question."""
    command = {"find": collection, "filter": dict(where), "limit": limit}
    return Query(name, {**command, "sort": dict(sort)} if sort else command)


@dataclass(frozen=True)
class Plan:
    """How a query was planned, and what running it took."""

    query: Query
    stages: tuple[str, ...]
    returned: int
    documents: int
    keys: int
    milliseconds: int
    is_empty: bool
    """The collection: of plans that all find nothing at once, whichever comes first is chosen."""

    @property
    def faults(self) -> list[str]:
        """What grows with the collection."""
        wrong = sorted(set(self.stages) & ({"COLLSCAN"} if self.is_empty else GROWS_WITH_THE_COLLECTION))
        if wrong == ["COLLSCAN"] and self.query.command.get("limit") and not self.query.command.get("filter"):
            wrong = []  # the first so many of all: no more than these are read
        if self.query.command.get("limit") and max(self.documents, self.keys) > self.query.most_read:
            wrong.append(f"reads {max(self.documents, self.keys):,}")
        return wrong

    def __str__(self) -> str:
        how = "+".join(
            dict.fromkeys(stage for stage in self.stages if stage not in ("FETCH", "LIMIT", "PROJECTION_SIMPLE"))
        )
        told = f"{how}; {self.keys:,} keys, {self.documents:,} documents for {self.returned:,}; {self.milliseconds} ms"
        told += "; the collection is empty" * self.is_empty
        return f"{self.query.name}: {told}" + "".join(f"  FAULT {fault}" for fault in self.faults)


def stages(said: Any) -> Iterator[str]:
    """The names of all stages of the winning plans."""
    if isinstance(said, Mapping):
        if isinstance(said.get("stage"), str):
            yield said["stage"]
        if "$sort" in said:
            yield "SORT"
        for name, inner in said.items():
            if name not in ("rejectedPlans", "executionStats", "command"):
                yield from stages(inner)
    elif isinstance(said, list):
        for inner in said:
            yield from stages(inner)


def explained(database: Database[dict[str, Any]], query: Query) -> Plan:
    """The winning plan, carried out. What would be written is not."""
    said = database.command("explain", dict(query.command), verbosity="executionStats")
    spent = list(_executions(said))
    return Plan(
        query,
        tuple(stages(said)),
        sum(one.get("nReturned", 0) for one in spent),
        sum(one["totalDocsExamined"] for one in spent),
        sum(one["totalKeysExamined"] for one in spent),
        sum(one["executionTimeMillis"] for one in spent),
        is_empty=database[str(next(iter(query.command.values())))].find_one({}, {"_id": 1}) is None,
    )


def _executions(said: Any) -> Iterator[Mapping[str, Any]]:
    """One per collection that a question reads."""
    if isinstance(said, Mapping):
        if "totalDocsExamined" in said.get("executionStats", ()):
            yield said["executionStats"]
        else:
            for inner in said.values():
                yield from _executions(inner)
    elif isinstance(said, list):
        for inner in said:
            yield from _executions(inner)


def plans(service: str, database: Database[dict[str, Any]], queries: Sequence[Query]) -> list[str]:
    """A line for each query, under one that says how many there are and what is wrong with them."""
    found = [explained(database, query) for query in queries]
    faults = [f"{plan.query.name}: {', '.join(plan.faults)}" for plan in found if plan.faults]
    return [
        f"{service}: {len(found)} queries explained, faults: {'; '.join(faults) or 'none'}",
        *(f"  {plan}" for plan in found),
    ]
