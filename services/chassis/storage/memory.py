"""The store in memory: the twin that unit and component tests run on. One behaviour suite holds it to MongoDB."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from datetime import datetime
from functools import cmp_to_key
from threading import RLock
from typing import Any

from chassis.failures import AlreadyExists, VersionConflict
from chassis.storage.bson_form import ERASED, from_bson, plain_filter, stub, to_bson
from chassis.storage.changes import Change, Changes, Operation
from chassis.storage.documents import D, Filter, Kind, Sort

Row = dict[str, Any]


class MemoryStore:
    """`Store` in this process. Keeps the stored forms, so that what would not survive MongoDB does not survive here."""

    def __init__(self) -> None:
        self._rows: dict[str, dict[str, Row]] = {}
        self._lock = RLock()

    def get(self, kind: Kind[D], id: str) -> D | None:
        with self._lock:
            stored = self._of(kind).get(id)
            return None if stored is None or stored.get(ERASED) else from_bson(kind, deepcopy(stored))

    def get_many(self, kind: Kind[D], ids: Iterable[str]) -> dict[str, D]:
        found = ((id, self.get(kind, id)) for id in set(ids))
        return {id: document for id, document in found if document is not None}

    def find(self, kind: Kind[D], where: Filter, *, sort: Sort = (("_id", 1),), limit: int | None = None) -> list[D]:
        wanted = plain_filter(where)
        with self._lock:
            rows = [row for row in self._of(kind).values() if not row.get(ERASED) and matches(row, wanted)]
        rows.sort(key=cmp_to_key(lambda left, right: _compare(left, right, sort)))
        return [from_bson(kind, deepcopy(row)) for row in rows[: limit or None]]

    def count(self, kind: Kind[D], where: Filter) -> int:
        return len(self.find(kind, where))

    def commit(self, changes: Changes) -> None:
        with self._lock:
            before = {change.kind.name: dict(self._of(change.kind)) for change in changes.changes}
            try:
                for change in changes.changes:
                    self._apply(change)
            except BaseException:
                self._rows |= before
                raise

    def project(self, kind: Kind[D], documents: Sequence[D]) -> int:
        with self._lock:
            return sum(self._guarded(kind, to_bson(document)) for document in documents)

    def bury(self, kind: Kind[D], id: str, version: int) -> None:
        with self._lock:
            self._guarded(kind, stub(id, version))

    def _of(self, kind: Kind[Any]) -> dict[str, Row]:
        return self._rows.setdefault(kind.name, {})

    def _apply(self, change: Change) -> None:
        rows, row = self._of(change.kind), to_bson(change.document)
        id, version = row["_id"], row["version"]
        stored = rows.get(id)
        if change.operation is Operation.INSERT:
            if stored is not None:
                raise AlreadyExists(change.kind.name, id)
            self._put(change.kind, row)
        elif change.operation is Operation.INSERT_ABSENT:
            if stored is None:
                self._put(change.kind, row)
        elif change.operation is Operation.PROJECT:
            self._guarded(change.kind, row)
        elif change.operation is Operation.REPLACE:
            if stored is None or stored["version"] != version - 1:
                raise VersionConflict(change.kind.name, id)
            self._put(change.kind, row)
        else:
            if stored is None or stored["version"] != version:
                raise VersionConflict(change.kind.name, id)
            del rows[id]

    def _guarded(self, kind: Kind[Any], row: Row) -> bool:
        stored = self._of(kind).get(row["_id"])
        if stored is not None and stored["version"] >= row["version"]:
            return False
        self._put(kind, row)
        return True

    def _put(self, kind: Kind[Any], row: Row) -> None:
        for index in kind.indexes:
            if not index.unique or (index.only is not None and not matches(row, index.only)):
                continue
            key = {name: _at(row, name) for name, _ in index.keys}
            for other in self._of(kind).values():
                if (
                    other["_id"] != row["_id"]
                    and (index.only is None or matches(other, index.only))
                    and all(_at(other, name) == value for name, value in key.items())
                ):
                    raise AlreadyExists(kind.name)
        self._of(kind)[row["_id"]] = row


def matches(row: Any, where: Filter) -> bool:
    """Whether a stored row meets a filter of the subset that `Filter` names; anything else raises ValueError."""
    for name, condition in where.items():
        if name == "$and":
            met = all(matches(row, part) for part in condition)
        elif name == "$or":
            met = any(matches(row, part) for part in condition)
        elif name.startswith("$"):
            raise ValueError(f"{name} is not in the subset of filters that both stores understand")
        else:
            met = _meets(_values(row, name.split(".")), condition)
        if not met:
            return False
    return True


def _values(row: Any, path: list[str]) -> list[Any]:
    """What a dotted path leads to: through arrays it leads to several places; the array itself is one of them."""
    if not path:
        return [row, *row] if isinstance(row, list) else [row]
    if isinstance(row, list):
        return [value for element in row if isinstance(element, Mapping) for value in _values(element, path)]
    if isinstance(row, Mapping) and path[0] in row:
        return _values(row[path[0]], path[1:])
    return []


def _at(row: Row, name: str) -> Any:
    values = _values(row, name.split("."))
    return values[0] if values else None


def _meets(values: list[Any], condition: Any) -> bool:
    if not (isinstance(condition, Mapping) and any(str(name).startswith("$") for name in condition)):
        return any(_same(value, condition) for value in values) or (condition is None and not values)
    return all(_operator(values, name, wanted) for name, wanted in condition.items())


def _operator(values: list[Any], name: str, wanted: Any) -> bool:
    if name == "$in":
        return any(_meets(values, one) for one in wanted)
    if name == "$nin":
        return not any(_meets(values, one) for one in wanted)
    if name == "$ne":
        return not _meets(values, wanted)
    if name == "$exists":
        return bool(values) is bool(wanted)
    if name == "$elemMatch":
        return any(isinstance(value, Mapping) and matches(value, wanted) for value in values)
    comparisons = {
        "$lt": lambda left: left < wanted,
        "$lte": lambda left: left <= wanted,
        "$gt": lambda left: left > wanted,
        "$gte": lambda left: left >= wanted,
    }
    if name not in comparisons:
        raise ValueError(f"{name} is not in the subset of filters that both stores understand")
    return any(_comparable(value, wanted) and comparisons[name](value) for value in values)


def _same(value: Any, wanted: Any) -> bool:
    """As the database sees it: true is not 1, and documents are compared field by field in their order."""
    if isinstance(value, bool) is not isinstance(wanted, bool):
        return False
    if isinstance(value, Mapping) and isinstance(wanted, Mapping):
        return list(value.items()) == list(wanted.items())
    return bool(value == wanted)


def _comparable(value: Any, wanted: Any) -> bool:
    """Ranges are of one type; numbers are one type, truth values are no numbers."""
    if isinstance(value, bool) or isinstance(wanted, bool):
        return isinstance(value, bool) and isinstance(wanted, bool)
    if isinstance(value, (int, float)) and isinstance(wanted, (int, float)):
        return True
    return type(value) is type(wanted) and isinstance(wanted, (str, bytes, datetime))


def _compare(left: Row, right: Row, sort: Sort) -> int:
    for name, direction in sort:
        one, other = _at(left, name), _at(right, name)
        if one == other:
            continue
        if one is None or other is None:
            return direction * (-1 if one is None else 1)
        return direction * (-1 if one < other else 1)
    return 0
