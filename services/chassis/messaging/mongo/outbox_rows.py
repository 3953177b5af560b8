"""The outbox in MongoDB as the relay reads it: raw rows, whole rounds in one round trip."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from bson.max_key import MaxKey
from pymongo import MongoClient
from pymongo.client_session import ClientSession
from pymongo.database import Database
from pymongo.errors import PyMongoError
from pymongo.write_concern import WriteConcern

from chassis.messaging.envelope import Cause, Message
from chassis.messaging.outbox import OUTBOX, PENDING_ORDER
from chassis.messaging.relay import Aggregate, Backlog
from chassis.storage.mongo import unavailable_when_gone
from chassis.storage.mongo_clock import server_time

Row = dict[str, Any]

_TIMEOUT_SECONDS = 5.0
_SCAN_SECONDS = 120.0
_CHUNK = 500
_BEYOND_ALL_VERSIONS = (("sequence", MaxKey()), ("_id", MaxKey()))
_MARK_CONCERN = WriteConcern("majority")
"""Not `j=False`: that does not spare the journal, it only waits for the next time it is written, up to 100 ms later."""


class MongoOutboxRows:
    """`OutboxRows` on one database."""

    def __init__(self, database: Database[Row], *, timeout_seconds: float = _TIMEOUT_SECONDS) -> None:
        self._client: MongoClient[Row] = database.client
        self._rows = database[OUTBOX.name]
        self._marks = self._rows.with_options(write_concern=_MARK_CONCERN)
        self._timeout = timeout_seconds

    def pending(self, after: Aggregate | None, limit: int) -> list[Message]:
        # A plain scan may pass the place of version n before it is committed and meet n+1 when it is: then n+1 would
        # go out first. A snapshot is of one instant, and only of what no failover can take back.
        with unavailable_when_gone(self._timeout), self._client.start_session(snapshot=True) as session:
            cursor = self._rows.find({"state": "pending"}, session=session, batch_size=limit, limit=limit)
            cursor = cursor.hint(list(PENDING_ORDER)).sort(list(PENDING_ORDER))
            if after is not None:
                beyond: Any = [("topic", after.topic), ("aggregateid", after.key), *_BEYOND_ALL_VERSIONS]
                cursor = cursor.min(beyond)
            return [_message(row) for row in cursor]

    def mark_published(self, ids: Sequence[str]) -> None:
        if not ids:
            return
        with unavailable_when_gone(self._timeout):
            self._marks.update_many(
                {"_id": {"$in": list(ids)}, "state": "pending"},
                # The database's time: a relay whose own clock is wrong must not hide from its successor what it sent.
                {"$set": {"state": "published"}, "$currentDate": {"published_at": True}},
            )

    def latest_published(
        self, topics: Collection[str], seconds: float, breathe: Callable[[], None]
    ) -> Iterator[Message]:
        since = server_time(self._rows.database, timeout_seconds=self._timeout) - timedelta(seconds=seconds)
        latest: dict[Aggregate, tuple[int, str]] = {}
        of_the_time = {"state": "published", "published_at": {"$gte": since}, "topic": {"$in": list(topics)}}
        with unavailable_when_gone(_SCAN_SECONDS):
            found = self._rows.find(of_the_time, {"topic": 1, "aggregateid": 1, "sequence": 1}, batch_size=_CHUNK)
            for number, row in enumerate(found):
                aggregate, version = Aggregate(row["topic"], row["aggregateid"]), (row["sequence"], row["_id"])
                latest[aggregate] = max(version, latest.get(aggregate, version))
                if number % _CHUNK == 0:
                    breathe()
        ids = [id for _, id in latest.values()]
        for start in range(0, len(ids), _CHUNK):
            breathe()
            with unavailable_when_gone(self._timeout):
                rows = list(self._rows.find({"_id": {"$in": ids[start : start + _CHUNK]}}))
            yield from map(_message, rows)

    def backlog(self) -> Backlog:
        oldest = {"$group": {"_id": None, "pending": {"$sum": 1}, "oldest": {"$min": "$time"}}}
        with unavailable_when_gone(self._timeout):
            found = list(self._rows.aggregate([{"$match": {"state": "pending"}}, oldest], hint=dict(PENDING_ORDER)))
        if not found:
            return Backlog(0, 0.0)
        return Backlog(found[0]["pending"], max(0.0, (datetime.now(UTC) - found[0]["oldest"]).total_seconds()))


class OutboxAlarm:
    """`Alarm` by a change stream, read by hand: whatever has piled up is taken in one go and thrown away.

    Not for several threads. Whenever the stream cannot be had, it only waits. Give it a database of its own with
    `socket_seconds` of more than it is asked to wait: pymongo's own time limit would replace the stream's.
    """

    _STALE_SECONDS = 5.0

    def __init__(self, database: Database[Row]) -> None:
        self._database = database
        self._session: ClientSession | None = None
        self._cursor: int | None = None
        self._listened = 0.0

    def wait(self, seconds: float) -> None:
        asked = time.monotonic()
        try:
            if self._cursor is None or asked - self._listened > self._STALE_SECONDS:
                # What came before the stream was opened is found by the caller's next poll: tell him at once.
                self._open()
                return
            self._more(seconds)
        except PyMongoError:
            self.close()
            time.sleep(max(0.0, seconds - (time.monotonic() - asked)))
        finally:
            self._listened = time.monotonic()

    def close(self) -> None:
        session, self._session, self._cursor = self._session, None, None
        if session is not None:
            session.end_session()

    def _open(self) -> None:
        self.close()
        self._session = self._database.client.start_session()
        opened = self._database.command(
            {
                "aggregate": OUTBOX.name,
                "pipeline": [
                    {"$changeStream": {}},
                    {"$match": {"operationType": "insert"}},
                    {"$project": {"_id": 1}},
                ],
                "cursor": {},
            },
            session=self._session,
        )
        self._cursor = opened["cursor"]["id"]

    def _more(self, seconds: float) -> None:
        more = {"getMore": self._cursor, "collection": OUTBOX.name, "batchSize": 10_000}
        got = self._database.command({**more, "maxTimeMS": max(1, round(seconds * 1000))}, session=self._session)
        self._cursor = got["cursor"]["id"] or None


def _message(row: Row) -> Message:
    return Message(
        row["_id"],
        row["type"],
        row["topic"],
        row["aggregatetype"],
        row["aggregateid"],
        row["sequence"],
        row["time"],
        Cause(row["correlation_id"], row["causation_id"], row["traceparent"]),
        row["payload"],
    )
