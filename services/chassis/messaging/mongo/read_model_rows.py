"""A read model's collection as rebuilding sees it: raw rows, compared by version on the server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pymongo import DeleteOne, ReplaceOne
from pymongo.database import Database
from pymongo.errors import BulkWriteError
from pymongo.read_concern import ReadConcern

from chassis.messaging.rebuilding import RowVersion
from chassis.storage.bson_form import ERASED, stub, to_bson
from chassis.storage.documents import Document, Kind
from chassis.storage.mongo import unavailable_when_gone

Row = dict[str, Any]

_DUPLICATE_KEY = 11000
_TIMEOUT_SECONDS = 20.0
_SCAN_SECONDS = 300.0
_LIVING = {ERASED: {"$exists": False}}


class MongoReadModelRows:
    """`ReadModelRows` on one collection."""

    def __init__(self, database: Database[Row], kind: Kind[Any]) -> None:
        self._rows = database[kind.name]

    def versions(self) -> dict[str, RowVersion]:
        settled = self._rows.with_options(read_concern=ReadConcern("majority"))
        with unavailable_when_gone(_SCAN_SECONDS):
            found = settled.find({}, {"version": 1, ERASED: 1}, batch_size=10_000)
            return {row["_id"]: RowVersion(row["version"], bool(row.get(ERASED))) for row in found}

    def write(self, documents: Sequence[Document]) -> int:
        return self._unless_newer([to_bson(document) for document in documents])

    def bury(self, versions: Mapping[str, int]) -> int:
        return self._unless_newer([stub(id, version) for id, version in versions.items()])

    def set_back(self, id: str, version: int, document: Document | None, *, instead_of: int) -> bool:
        row = stub(id, version) if document is None else to_bson(document)
        with unavailable_when_gone(_TIMEOUT_SECONDS):
            return bool(self._rows.replace_one({"_id": id, "version": instead_of, **_LIVING}, row).modified_count)

    def remove(self, versions: Mapping[str, int]) -> int:
        gone = [DeleteOne({"_id": id, "version": version, **_LIVING}) for id, version in versions.items()]
        with unavailable_when_gone(_SCAN_SECONDS):
            return self._rows.bulk_write(gone, ordered=False).deleted_count if gone else 0

    def _there(self, ids: Sequence[str]) -> dict[str, Row]:
        """What is stored now: most rows are right already, and need not be written."""
        with unavailable_when_gone(_TIMEOUT_SECONDS):
            return {row["_id"]: row for row in self._rows.find({"_id": {"$in": list(ids)}})}

    def _unless_newer(self, rows: Sequence[Row]) -> int:
        """A row of the same version is replaced too: it may say something else than its record. Not a stub: what was
        erased stays erased."""
        there = self._there([row["_id"] for row in rows])
        writes = [ReplaceOne(_not_newer_than(row), row, upsert=True) for row in rows if there.get(row["_id"]) != row]
        if not writes:
            return 0
        try:
            with unavailable_when_gone(_TIMEOUT_SECONDS):
                result = self._rows.bulk_write(writes, ordered=False)
            return result.modified_count + result.upserted_count
        except BulkWriteError as error:
            if any(failed["code"] != _DUPLICATE_KEY for failed in error.details["writeErrors"]):
                raise
            # A duplicate id under the guard means that what is stored is newer.
            return int(error.details["nModified"]) + int(error.details["nUpserted"])


def _not_newer_than(row: Row) -> dict[str, Any]:
    older = {"_id": row["_id"], "version": {"$lt": row["version"]}}
    same = {"_id": row["_id"], "version": row["version"]} | ({} if row.get(ERASED) else _LIVING)
    return {"_id": row["_id"], "$or": [older, same]}
