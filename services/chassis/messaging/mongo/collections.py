"""Collections and indexes, made by `migrate` before any process needs them: a transaction cannot make them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from bson import json_util
from pymongo import IndexModel
from pymongo.database import Database
from pymongo.errors import CollectionInvalid

from chassis.storage.documents import Index, Kind
from chassis.storage.mongo import unavailable_when_gone

_BUILDING_MAY_TAKE_SECONDS = 600.0
_OPTIONS = ("unique", "expireAfterSeconds", "partialFilterExpression")


def ensure_collections(database: Database[dict[str, Any]], kinds: Iterable[Kind[Any]]) -> list[str]:
    """Make the collections and indexes that are missing; the names of the new collections.

    May be called by several at once and again. An index whose options changed under the same keys is made anew; one
    that no kind names any more is left, since an older release may still live from it (see unused_indexes). Raises
    Unavailable.
    """
    with unavailable_when_gone(_BUILDING_MAY_TAKE_SECONDS):
        there = set(database.list_collection_names())
        new = []
        for kind in kinds:
            if kind.name not in there:
                try:
                    database.create_collection(kind.name)
                    new.append(kind.name)
                except CollectionInvalid:
                    pass  # another migrate was faster
            _ensure_indexes(database, kind)
        return new


def _ensure_indexes(database: Database[dict[str, Any]], kind: Kind[Any]) -> None:
    collection = database[kind.name]
    known = collection.index_information()
    for index in kind.indexes:
        model = index_model(index)
        name = model.document["name"]
        if name in known and _differs(known[name], model):
            collection.drop_index(name)
        collection.create_indexes([model])


def index_model(index: Index) -> IndexModel:
    """The driver's form of an index. Its name says its keys, so that a changed option is recognised."""
    options: dict[str, Any] = {}
    if index.unique:
        options["unique"] = True
    if index.expires_after is not None:
        options["expireAfterSeconds"] = index.expires_after
    if index.only is not None:
        options["partialFilterExpression"] = dict(index.only)
    return IndexModel(list(index.keys), **options)


def promises(options: Mapping[str, Any]) -> str:
    """An index's options as JSON, alike for what was declared and what the server says of it; nothing for none.

    The driver gives back the instants in a filter without their zone, so that the values themselves are not alike.
    """
    return json_util.dumps(options, sort_keys=True, json_options=json_util.RELAXED_JSON_OPTIONS) if options else ""


def _differs(known: Mapping[str, Any], model: IndexModel) -> bool:
    def ours(options: Mapping[str, Any]) -> str:
        return promises({name: options[name] for name in _OPTIONS if name in options})

    return ours(known) != ours(model.document)
