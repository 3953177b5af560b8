"""Indexes that an earlier release made and this one does not use.

Whose an index is can't be seen in a database: an operator's own has a name of the same form. So every service has a
list, `indexes.lock`, of each index that any release of it declared; it only grows. Ours is what is on the list exactly
as it is in the database: keys, name and options. Nothing else is ever taken away.

They are dropped when an operator says so, not by `migrate`: that runs while processes of the earlier release still
live, whose queries would scan whole collections from then on, or fail where they name the index. Since a release knows
only what was declared up to it, an old one never takes away what belongs to a later one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from pymongo import IndexModel
from pymongo.database import Database
from pymongo.errors import OperationFailure

from chassis.messaging.mongo.collections import index_model, promises
from chassis.storage.documents import Kind
from chassis.storage.mongo import unavailable_when_gone

LOCK = "indexes.lock"

_INDEX_NOT_FOUND = 27
_TIMEOUT_SECONDS = 60.0
_SAID_BY_THE_SERVER = ("v", "key", "ns", "name")


@dataclass(frozen=True, order=True)
class NamedIndex:
    """An index with all that it promises. `options` are JSON with sorted names, or empty."""

    collection: str
    name: str
    options: str = ""

    def __str__(self) -> str:
        """A line of the list."""
        return " ".join(part for part in (self.collection, self.name, self.options) if part)

    @classmethod
    def of_line(cls, line: str) -> NamedIndex:
        collection, name, *options = line.split(" ", 2)
        return cls(collection, name, *options)


def declared(kinds: Iterable[Kind[Any]]) -> frozenset[NamedIndex]:
    """What this release declares."""
    return frozenset(
        _named(kind.name, index_model(index).document["name"], index_model(index).document)
        for kind in kinds
        for index in kind.indexes
    )


def ever_declared(service: str) -> frozenset[NamedIndex]:
    """What any release of the service declared, this one included."""
    lines = files(service).joinpath(LOCK).read_text(encoding="utf-8").splitlines()
    return frozenset(map(NamedIndex.of_line, lines))


def unused_indexes(
    database: Database[dict[str, Any]], kinds: Iterable[Kind[Any]], ever: Iterable[NamedIndex]
) -> list[NamedIndex]:
    """What is in the database exactly as an earlier release made it, and no kind names now. Raises Unavailable."""
    used = {(index.collection, index.name) for index in declared(kinds)}
    ours = frozenset(ever)
    return sorted(one for one in _there(database) & ours if (one.collection, one.name) not in used)


def missing_indexes(database: Database[dict[str, Any]], kinds: Iterable[Kind[Any]]) -> list[NamedIndex]:
    """What this release declares and `migrate` has not made yet. Raises Unavailable."""
    there = {(index.collection, index.name) for index in _there(database)}
    return sorted(index for index in declared(kinds) if (index.collection, index.name) not in there)


def drop_index(database: Database[dict[str, Any]], index: NamedIndex) -> None:
    """Take it away, if it is still there. Raises Unavailable."""
    with unavailable_when_gone(_TIMEOUT_SECONDS):
        try:
            database[index.collection].drop_index(index.name)
        except OperationFailure as error:
            if error.code != _INDEX_NOT_FOUND:
                raise


def _there(database: Database[dict[str, Any]]) -> frozenset[NamedIndex]:
    """Those whose names say their keys, as all of ours do."""
    with unavailable_when_gone(_TIMEOUT_SECONDS):
        return frozenset(
            _named(collection, name, options)
            for collection in database.list_collection_names(filter={"type": "collection"})
            for name, options in database[collection].index_information().items()
            if name == IndexModel(options["key"]).document["name"]
        )


def _named(collection: str, name: str, options: Mapping[str, Any]) -> NamedIndex:
    promised = {key: value for key, value in options.items() if key not in _SAID_BY_THE_SERVER}
    return NamedIndex(collection, name, promises(promised))
