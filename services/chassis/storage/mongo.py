"""The store on MongoDB: one transaction per commit, compare-and-set by version, bulk writes per collection."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC
from itertools import groupby
from typing import Any

import pymongo
from bson.codec_options import CodecOptions
from pymongo import DeleteOne, MongoClient, ReplaceOne, UpdateOne
from pymongo.client_session import ClientSession
from pymongo.database import Database
from pymongo.errors import (
    AutoReconnect,
    BulkWriteError,
    ConnectionFailure,
    DuplicateKeyError,
    ExecutionTimeout,
    NetworkTimeout,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
    WaitQueueTimeoutError,
)
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from chassis.failures import AlreadyExists, Unavailable, VersionConflict
from chassis.storage.bson_form import ERASED, from_bson, plain_filter, stub, to_bson
from chassis.storage.changes import Changes, Operation
from chassis.storage.documents import D, Filter, Kind, Sort
from chassis.storage.memory import matches

Row = dict[str, Any]

_DUPLICATE_KEY = 11000
_WENT_AWAY = (
    AutoReconnect,
    ConnectionFailure,
    ExecutionTimeout,
    NetworkTimeout,
    ServerSelectionTimeoutError,
    WaitQueueTimeoutError,
)
_NOT_NOW = ("TransientTransactionError", "UnknownTransactionCommitResult", "RetryableWriteError")
_DURABLE = WriteConcern("majority", j=True)


def open_database(uri: str, name: str, *, app: str) -> Database[Row]:
    """A database with majority writes, reads of what a majority holds, and instants as aware UTC.

    Build it after a fork, never before: a client's threads do not survive one.
    """
    client: MongoClient[Row] = MongoClient(
        uri, appname=app, tz_aware=True, tzinfo=UTC, serverSelectionTimeoutMS=5_000, retryWrites=True
    )
    return client.get_database(
        name,
        codec_options=CodecOptions(tz_aware=True, tzinfo=UTC),
        write_concern=_DURABLE,
        read_concern=ReadConcern("local"),
    )


@contextmanager
def unavailable_when_gone(seconds: float) -> Iterator[None]:
    """Bound a piece of database work and turn the driver's many ways of saying “not now” into Unavailable."""
    try:
        with pymongo.timeout(seconds):
            yield
    except _WENT_AWAY as error:
        raise Unavailable(f"MongoDB: {type(error).__name__}") from error
    except PyMongoError as error:
        if error.timeout or any(error.has_error_label(label) for label in _NOT_NOW):
            raise Unavailable(f"MongoDB: {type(error).__name__}") from error
        raise


class MongoStore:
    """`Store` on one database. Safe for threads; not for forks."""

    def __init__(self, database: Database[Row], *, timeout_seconds: float = 20.0) -> None:
        self.database = database
        self._timeout = timeout_seconds

    def get(self, kind: Kind[D], id: str) -> D | None:
        with unavailable_when_gone(self._timeout):
            stored = self.database[kind.name].find_one({"_id": id})
        return None if stored is None or stored.get(ERASED) else from_bson(kind, stored)

    def get_many(self, kind: Kind[D], ids: Iterable[str]) -> dict[str, D]:
        wanted = list(set(ids))
        return {document.id: document for document in self.find(kind, {"_id": {"$in": wanted}})} if wanted else {}

    def find(self, kind: Kind[D], where: Filter, *, sort: Sort = (("_id", 1),), limit: int | None = None) -> list[D]:
        with unavailable_when_gone(self._timeout):
            cursor = self.database[kind.name].find(_living(where), sort=list(sort), limit=limit or 0)
            return [from_bson(kind, stored) for stored in cursor]

    def count(self, kind: Kind[D], where: Filter) -> int:
        with unavailable_when_gone(self._timeout):
            return self.database[kind.name].count_documents(_living(where))

    def commit(self, changes: Changes) -> None:
        batches = [
            (kind, operation, list(group))
            for (kind, operation), group in groupby(changes.changes, lambda change: (change.kind, change.operation))
        ]
        if not batches:
            return
        rows = [(kind, operation, [to_bson(change.document) for change in group]) for kind, operation, group in batches]

        def write(session: ClientSession) -> None:
            for kind, operation, documents in rows:
                self._write(session, kind, operation, documents)

        self._in_transaction(write)

    def project(self, kind: Kind[D], documents: Sequence[D]) -> int:
        return self._guarded(kind, [to_bson(document) for document in documents])

    def bury(self, kind: Kind[D], id: str, version: int) -> None:
        self._guarded(kind, [stub(id, version)])

    def _in_transaction(self, write: Callable[[ClientSession], None]) -> None:
        with unavailable_when_gone(self._timeout), self.database.client.start_session() as session:
            # A transaction does not take the database's concern but the client's: say it.
            session.with_transaction(write, read_concern=ReadConcern("snapshot"), write_concern=_DURABLE)

    def _write(self, session: ClientSession, kind: Kind[Any], operation: Operation, rows: list[Row]) -> None:
        collection = self.database[kind.name]
        try:
            if operation is Operation.INSERT:
                collection.insert_many(rows, session=session)
            elif operation is Operation.INSERT_ABSENT:
                collection.bulk_write([_insert_absent(row) for row in rows], ordered=False, session=session)
            elif operation is Operation.PROJECT:
                # A guarded upsert would meet a newer document as a duplicate key, which ends a transaction: read first.
                known = {
                    row["_id"]: row["version"]
                    for row in collection.find(
                        {"_id": {"$in": [row["_id"] for row in rows]}}, {"version": 1}, session=session
                    )
                }
                newest = _newest(rows)
                newer = [row for row in newest if known.get(row["_id"], 0) < row["version"]]
                if newer:
                    collection.bulk_write(
                        [ReplaceOne({"_id": row["_id"]}, row, upsert=True) for row in newer], session=session
                    )
            else:
                self._compare_and_set(session, kind, operation, rows)
        except (BulkWriteError, DuplicateKeyError) as error:
            raise _named(kind, error) from error

    def _compare_and_set(self, session: ClientSession, kind: Kind[Any], operation: Operation, rows: list[Row]) -> None:
        if operation is Operation.REPLACE:
            writes: list[Any] = [ReplaceOne({"_id": row["_id"], "version": row["version"] - 1}, row) for row in rows]
        else:
            writes = [DeleteOne({"_id": row["_id"], "version": row["version"]}) for row in rows]
        result = self.database[kind.name].bulk_write(writes, session=session)
        if result.matched_count + result.deleted_count != len(rows):
            raise VersionConflict(kind.name, rows[0]["_id"] if len(rows) == 1 else f"(one of {len(rows)})")

    def _guarded(self, kind: Kind[Any], rows: list[Row]) -> int:
        if not rows:
            return 0
        writes = [
            ReplaceOne({"_id": row["_id"], "version": {"$lt": row["version"]}}, row, upsert=True)
            for row in _newest(rows)
        ]
        try:
            with unavailable_when_gone(self._timeout):
                result = self.database[kind.name].bulk_write(writes, ordered=False)
            return result.modified_count + result.upserted_count
        except BulkWriteError as error:
            details = error.details
            if details["writeConcernErrors"]:
                raise Unavailable("MongoDB: not on a majority yet") from error
            for failed in details["writeErrors"]:
                if failed["code"] != _DUPLICATE_KEY:
                    raise
                if "_id" not in failed["keyPattern"]:
                    raise AlreadyExists(kind.name) from error
            # A duplicate id under the guard means: what is stored is as new or newer. That is the guard at work.
            return int(details["nModified"]) + int(details["nUpserted"])


def _living(where: Filter) -> Filter:
    """The filter, without stubs. Most filters name a field that no stub has, and need no further condition."""
    plain = plain_filter(where)
    of_documents = {name: condition for name, condition in plain.items() if name not in ("_id", "version")}
    if matches({}, of_documents):
        return {"$and": [plain, {ERASED: {"$exists": False}}]} if plain else {ERASED: {"$exists": False}}
    return plain


def _newest(rows: list[Row]) -> list[Row]:
    """Of each document the highest version, the later one of equals."""
    newest: dict[str, Row] = {}
    for row in rows:
        if row["_id"] not in newest or newest[row["_id"]]["version"] < row["version"]:
            newest[row["_id"]] = row
    return list(newest.values())


def _insert_absent(row: Row) -> UpdateOne:
    return UpdateOne({"_id": row["_id"]}, {"$setOnInsert": row}, upsert=True)


def _named(kind: Kind[Any], error: OperationFailure) -> Exception:
    details: Any = error.details or {}
    failures = details.get("writeErrors") or [details]
    first = failures[0]
    if first.get("code") == _DUPLICATE_KEY:
        return AlreadyExists(kind.name, str((first.get("keyValue") or {}).get("_id", "")))
    return error
