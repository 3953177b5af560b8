"""The store on MongoDB: one transaction per commit, compare-and-set by version, bulk writes per collection."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC
from typing import Any

import pymongo
from bson.codec_options import CodecOptions
from pymongo import DeleteMany, MongoClient, ReplaceOne, UpdateMany, UpdateOne
from pymongo.client_session import ClientSession
from pymongo.collection import Collection
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
from chassis.storage.group_commit import GroupCommit, NothingCommitted
from chassis.storage.memory import matches
from chassis.storage.newcomers import Newcomers
from chassis.storage.one_statement import in_statements, own_of

Row = dict[str, Any]
Write = tuple[Kind[Any], Operation, list[Row]]
"""One command: the same operation on rows of one collection."""

_DUPLICATE_KEY = 11000
_WORTH_A_LOOK = 10
"""From so many rows on it pays to ask first which are there: inserts cost a fifth of guarded upserts."""
_WORTH_ONE_STATEMENT = 4
_FEW = 500
"""Rows that surely fit into one message."""
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


def open_database(uri: str, name: str, *, app: str, socket_seconds: float | None = None) -> Database[Row]:
    """A database with majority writes, reads of what a majority holds, and instants as aware UTC.

    Build it after a fork, never before: a client's threads do not survive one. `socket_seconds` bounds each answer of
    the server, for work that is not bounded by `unavailable_when_gone`.
    """
    client: MongoClient[Row] = MongoClient(
        uri,
        appname=app,
        tz_aware=True,
        tzinfo=UTC,
        serverSelectionTimeoutMS=round(min(5.0, socket_seconds or 5.0) * 1000),
        retryWrites=True,
        socketTimeoutMS=None if socket_seconds is None else round(socket_seconds * 1000),
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
        self._together = GroupCommit(self._commit, _touched)
        self._collections: dict[str, Collection[Row]] = {}
        self._newcomers = Newcomers()

    def get(self, kind: Kind[D], id: str) -> D | None:
        with unavailable_when_gone(self._timeout):
            stored = self._collection(kind).find_one({"_id": id})
        return None if stored is None or stored.get(ERASED) else from_bson(kind, stored)

    def get_many(self, kind: Kind[D], ids: Iterable[str]) -> dict[str, D]:
        wanted = list(set(ids))
        return {document.id: document for document in self.find(kind, {"_id": {"$in": wanted}})} if wanted else {}

    def find(self, kind: Kind[D], where: Filter, *, sort: Sort = (("_id", 1),), limit: int | None = None) -> list[D]:
        with unavailable_when_gone(self._timeout):
            cursor = self._collection(kind).find(_living(where), sort=list(sort), limit=limit or 0)
            return [from_bson(kind, stored) for stored in cursor]

    def count(self, kind: Kind[D], where: Filter) -> int:
        with unavailable_when_gone(self._timeout):
            return self._collection(kind).count_documents(_living(where))

    def commit(self, changes: Changes) -> None:
        writes = _writes((change.kind, change.operation, [to_bson(change.document)]) for change in changes.changes)
        if writes:
            self._together.commit(writes)

    def _commit(self, several: Sequence[list[Write]]) -> None:
        """One transaction of all of them."""
        writes = several[0] if len(several) == 1 else _writes(write for each in several for write in each)
        if len(writes) == 1 and writes[0][1] is Operation.INSERT and len(writes[0][2]) == 1:
            self._insert_alone(writes[0][0], writes[0][2][0])
            return
        deciding = False

        def write(session: ClientSession) -> None:
            nonlocal deciding
            deciding = True
            for kind, operation, rows in writes:
                self._write(session, kind, operation, rows)
            deciding = False

        try:
            self._in_transaction(write)
        except Unavailable:
            raise
        except Exception as error:
            if deciding and len(several) > 1:
                raise NothingCommitted from error
            raise

    def _insert_alone(self, kind: Kind[Any], row: Row) -> None:
        """One new document is all or nothing by itself: it needs no transaction, and so half the round trips."""
        try:
            with unavailable_when_gone(self._timeout):
                self._collection(kind).insert_one(row)
        except DuplicateKeyError as error:
            raise _named(kind, error) from error

    def project(self, kind: Kind[D], documents: Sequence[D]) -> int:
        return self._guarded(kind, [to_bson(document) for document in documents])

    def bury(self, kind: Kind[D], id: str, version: int) -> None:
        self._guarded(kind, [stub(id, version)])

    def _collection(self, kind: Kind[Any]) -> Collection[Row]:
        """Made once: the driver puts a collection's options together anew whenever it is asked for one."""
        found = self._collections.get(kind.name)
        if found is None:
            found = self._collections[kind.name] = self.database[kind.name]
        return found

    def _in_transaction(self, write: Callable[[ClientSession], None]) -> None:
        with unavailable_when_gone(self._timeout), self.database.client.start_session() as session:
            # A transaction does not take the database's concern but the client's: say it.
            session.with_transaction(write, read_concern=ReadConcern("snapshot"), write_concern=_DURABLE)

    def _write(self, session: ClientSession, kind: Kind[Any], operation: Operation, rows: list[Row]) -> None:
        collection = self._collection(kind)
        try:
            if operation is Operation.INSERT and len(rows) <= _FEW:
                self._insert_few(session, kind, rows)
            elif operation is Operation.INSERT:
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

    def _insert_few(self, session: ClientSession, kind: Kind[Any], rows: list[Row]) -> None:
        """As the command itself: the driver's ways of making batches cost the client as much again."""
        said = self.database.command({"insert": kind.name, "documents": rows}, session=session)
        if said.get("writeErrors"):
            raise BulkWriteError(said)

    def _compare_and_set(self, session: ClientSession, kind: Kind[Any], operation: Operation, rows: list[Row]) -> None:
        by_version: dict[int, dict[str, Row]] = {}
        for row in rows:
            by_version.setdefault(row["version"], {})[row["_id"]] = row
        writes: list[Any] = []
        for version, those in sorted(by_version.items()):  # a document may be changed twice
            if operation is Operation.REPLACE:
                writes += _replacements(those, version)
            else:
                writes.append(DeleteMany({"_id": {"$in": list(those)}, "version": version}))
        result = self._collection(kind).bulk_write(writes, session=session)
        if result.matched_count + result.deleted_count != len(rows):
            raise VersionConflict(kind.name, rows[0]["_id"] if len(rows) == 1 else f"(one of {len(rows)})")

    def _guarded(self, kind: Kind[Any], rows: list[Row]) -> int:
        rows = _newest(rows)
        if len(rows) < _WORTH_A_LOOK:
            # Nothing that is stored is older than a first version: where its id is there, it is not needed.
            number, _ = self._inserted(kind, [row for row in rows if row["version"] == 1])
            return number + self._upserted(kind, [row for row in rows if row["version"] != 1])
        number = 0
        if self._newcomers.expected(kind.name):  # whatever is there after all goes on as if nobody had tried
            number, rows = self._inserted(kind, rows)
        known = self._known_versions(kind, [row["_id"] for row in rows]) if rows else {}
        self._newcomers.note(kind.name, all_new=not known)
        inserted, met = self._inserted(kind, [row for row in rows if row["_id"] not in known])
        newer = [row for row in rows if known.get(row["_id"], row["version"]) < row["version"]]
        return number + inserted + self._upserted(kind, newer + met)

    def _known_versions(self, kind: Kind[Any], ids: list[str]) -> dict[str, int]:
        """What a majority holds, stubs included. What is written meanwhile is met by the guard."""
        collection = self._collection(kind).with_options(read_concern=ReadConcern("majority"))
        with unavailable_when_gone(self._timeout):
            found = collection.find({"_id": {"$in": ids}}, {"version": 1}, batch_size=len(ids))
            return {row["_id"]: row["version"] for row in found}

    def _inserted(self, kind: Kind[Any], rows: list[Row]) -> tuple[int, list[Row]]:
        """How many were new, and the rows whose id another writer has brought in meanwhile."""
        if not rows:
            return 0, []
        try:
            with unavailable_when_gone(self._timeout):
                return len(self._collection(kind).insert_many(rows, ordered=False).inserted_ids), []
        except BulkWriteError as error:
            _require_ids_alone(kind, error)
            return int(error.details["nInserted"]), [rows[failed["index"]] for failed in error.details["writeErrors"]]

    def _upserted(self, kind: Kind[Any], rows: list[Row]) -> int:
        if not rows:
            return 0
        writes = [ReplaceOne({"_id": row["_id"], "version": {"$lt": row["version"]}}, row, upsert=True) for row in rows]
        try:
            with unavailable_when_gone(self._timeout):
                result = self._collection(kind).bulk_write(writes, ordered=False)
            return result.modified_count + result.upserted_count
        except BulkWriteError as error:
            _require_ids_alone(kind, error)
            # A duplicate id under the guard means: what is stored is as new or newer. That is the guard at work.
            return int(error.details["nModified"]) + int(error.details["nUpserted"])


def _writes(writes: Iterable[Write]) -> list[Write]:
    """The writes as one command for each collection and operation, where the order within a collection allows it.

    Collections do not see each other, so that what a transaction does to one need not wait for its turn in another:
    250 reactions of an inbox row and a document each are two commands, not 500.
    """
    merged: list[Write] = []
    latest: dict[str, int] = {}
    for kind, operation, rows in writes:
        position = latest.get(kind.name)
        if position is not None and merged[position][1] is operation:
            merged[position][2].extend(rows)
        else:
            latest[kind.name] = len(merged)
            merged.append((kind, operation, list(rows)))
    return merged


def _touched(writes: list[Write]) -> frozenset[Hashable]:
    return frozenset((kind.name, row["_id"]) for kind, _, rows in writes for row in rows)


def _require_ids_alone(kind: Kind[Any], error: BulkWriteError) -> None:
    """Raise unless nothing is wrong but that documents with these ids are there."""
    if error.details["writeConcernErrors"]:
        raise Unavailable("MongoDB: not on a majority yet") from error
    for failed in error.details["writeErrors"]:
        if failed["code"] != _DUPLICATE_KEY:
            raise error
        if "_id" not in failed["keyPattern"]:
            raise AlreadyExists(kind.name) from error


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


def _replacements(rows: dict[str, Row], version: int) -> list[ReplaceOne[Row] | UpdateMany]:
    """Each row in the place of the document with its id and the version before."""
    if len(rows) < _WORTH_ONE_STATEMENT:
        return [ReplaceOne({"_id": row["_id"], "version": row["version"] - 1}, row) for row in rows.values()]
    return [
        UpdateMany(
            {"_id": {"$in": [id for id, _ in values]}, "version": version - 1}, [{"$replaceWith": own_of(values)}]
        )
        for values in in_statements(rows)
    ]


def _insert_absent(row: Row) -> UpdateOne:
    return UpdateOne({"_id": row["_id"]}, {"$setOnInsert": row}, upsert=True)


def _named(kind: Kind[Any], error: OperationFailure) -> Exception:
    details: Any = error.details or {}
    failures = details.get("writeErrors") or [details]
    first = failures[0]
    if first.get("code") == _DUPLICATE_KEY:
        return AlreadyExists(kind.name, str((first.get("keyValue") or {}).get("_id", "")))
    return error
