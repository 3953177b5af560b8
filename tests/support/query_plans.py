"""What a database was really asked, and how it answers: from the driver's own record of commands to their plans."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from pymongo import MongoClient, monitoring

Row = dict[str, Any]
ASKING = ("find", "aggregate", "count", "distinct", "update", "delete", "findAndModify")
_OF_THE_SESSION = frozenset(
    {"lsid", "txnNumber", "startTransaction", "autocommit", "writeConcern", "readConcern", "maxTimeMS", "cursor"}
)


@dataclass(frozen=True)
class Asked:
    """One question: where, and a command that `explain` takes."""

    collection: str
    command: Row

    @property
    def told(self) -> str:
        """Without its values, for lists of what was asked."""
        return f"{self.collection}: {_shape(self.command)}"


@dataclass
class Recorder(monitoring.CommandListener):
    """Keeps every question that passes while it is switched on."""

    commands: list[tuple[str, Row]] = field(default_factory=list)
    on: bool = False

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        if self.on and event.command_name in ASKING and not isinstance(event.command[event.command_name], int):
            self.commands.append((event.command_name, dict(event.command)))

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        """Nothing."""

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """Nothing."""

    @contextmanager
    def listening(self) -> Iterator[None]:
        self.on = True
        try:
            yield
        finally:
            self.on = False

    def asked(self, *, by_id_alone: bool = False) -> Iterator[Asked]:
        """Each question once, whatever its values; those about documents by their ids alone only where wanted."""
        seen: set[str] = set()
        for name, command in self.commands:
            for one in _questions(name, command):
                if one.told not in seen and (by_id_alone or not _by_id_alone(one.command)):
                    seen.add(one.told)
                    yield one


@contextmanager
def hearing_new_clients(recorder: Recorder) -> Iterator[None]:
    """Every client that is opened inside is heard by the recorder for as long as it lives."""
    known = list(monitoring._LISTENERS.command_listeners)
    monitoring.register(recorder)
    try:
        yield
    finally:
        monitoring._LISTENERS.command_listeners[:] = known


def costly(client: MongoClient[Row], database: str, asked: Iterable[Asked]) -> set[str]:
    """`question: why` for each that reads a whole collection or index, or sorts in memory."""
    wrong = set()
    for one in asked:
        explained = client[database].command("explain", one.command, verbosity="queryPlanner")
        for stage in _stages(explained):
            if "limit" in one.command and not one.command.get("filter"):
                continue  # the first so many of all: no more than these are read
            if (why := _objection(stage)) is not None:
                wrong.add(f"{one.told}: {why}")
    return wrong


def _objection(stage: Mapping[str, Any]) -> str | None:
    name = stage["stage"]
    if name == "COLLSCAN":
        return "reads the whole collection"
    if name == "SORT":
        return "sorts in memory"
    bounds = stage.get("indexBounds")
    partial = stage.get("isPartial")
    if name == "IXSCAN" and bounds and not partial and all(map(_everything, bounds.values())):
        return f"reads the whole index {stage['indexName']}"
    return None


def _everything(interval: list[str]) -> bool:
    return interval in (["[MinKey, MaxKey]"], ["[MaxKey, MinKey]"])


def _stages(explained: Any) -> Iterator[Mapping[str, Any]]:
    """All stages of winning plans."""
    if isinstance(explained, Mapping):
        if isinstance(explained.get("stage"), str):
            yield explained
        for name, inner in explained.items():
            if name != "rejectedPlans":
                yield from _stages(inner)
    elif isinstance(explained, list):
        for inner in explained:
            yield from _stages(inner)


def _questions(name: str, command: Row) -> Iterator[Asked]:
    collection = str(command[name])
    kept = {key: value for key, value in command.items() if key not in _OF_THE_SESSION and not key.startswith("$")}
    if name == "aggregate":
        if not any("$changeStream" in stage for stage in command["pipeline"]):
            yield Asked(collection, {**kept, "cursor": {}})
    elif name in ("update", "delete"):
        for part in command[f"{name}s"]:
            yield Asked(collection, {name: collection, f"{name}s": [part]})
    else:
        yield Asked(collection, kept)


def _by_id_alone(command: Row) -> bool:
    where = _condition(command)
    return where is not None and "_id" in where and all(name in ("_id", "version", "$and") for name in where)


def _condition(command: Row) -> Mapping[str, Any] | None:
    for name in ("updates", "deletes"):
        if name in command:
            return command[name][0]["q"]  # type: ignore[no-any-return]  # a filter
    return command.get("filter", command.get("query"))


def _shape(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _shape(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        shapes = [_shape(inner) for inner in value]
        return [shape for position, shape in enumerate(shapes) if shape not in shapes[:position]]
    return type(value).__name__ if not isinstance(value, str) or len(value) > 24 else value
