"""The outbox as the relay reads it, on any store: the twin of `mongo.outbox_rows` for tests."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from chassis.failures import VersionConflict
from chassis.messaging.envelope import Cause, Message
from chassis.messaging.outbox import OUTBOX, PENDING_ORDER, OutboxRow
from chassis.messaging.relay import Aggregate, Backlog
from chassis.storage.changes import Changes
from chassis.storage.store import Store


class StoredOutboxRows:
    """`OutboxRows` through the `Store` port."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def pending(self, after: Aggregate | None, limit: int) -> list[Message]:
        rows = self._store.find(OUTBOX, {"state": "pending"}, sort=PENDING_ORDER)
        beyond = [row for row in rows if after is None or Aggregate(row.topic, row.aggregateid) > after]
        return [_message(row) for row in beyond[:limit]]

    def mark_published(self, ids: Sequence[str]) -> None:
        now = datetime.now(UTC)
        for row in self._store.get_many(OUTBOX, ids).values():
            if row.state == "published":
                continue
            published = row.model_copy(update={"state": "published", "published_at": now, "version": row.version + 1})
            try:
                self._store.commit(Changes().replace(OUTBOX, published))
            except VersionConflict:
                pass  # another relay marked it

    def latest_published(
        self, topics: Collection[str], seconds: float, breathe: Callable[[], None]
    ) -> Iterator[Message]:
        breathe()
        since = datetime.now(UTC) - timedelta(seconds=seconds)
        where = {"state": "published", "published_at": {"$gte": since}, "topic": {"$in": list(topics)}}
        latest = {
            Aggregate(row.topic, row.aggregateid): row for row in self._store.find(OUTBOX, where, sort=PENDING_ORDER)
        }
        yield from map(_message, latest.values())

    def backlog(self) -> Backlog:
        rows = self._store.find(OUTBOX, {"state": "pending"})
        oldest = min((row.time for row in rows), default=datetime.now(UTC))
        return Backlog(len(rows), max(0.0, (datetime.now(UTC) - oldest).total_seconds()))


def _message(row: OutboxRow) -> Message:
    return Message(
        id=row.id,
        type=row.type,
        topic=row.topic,
        aggregate=row.aggregatetype,
        key=row.aggregateid,
        sequence=row.sequence,
        time=row.time,
        cause=Cause(row.correlation_id, row.causation_id, row.traceparent),
        payload=row.payload,
    )
