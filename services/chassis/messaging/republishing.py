"""Republishing: put the present state of everything that a service tells through its outbox once more.

For a topic that was lost or damaged: what was published is not in the outbox for ever, but the documents are there. The
version is the document's own, so that whoever has the state already has nothing to do.

Right beside a service at work: the messages are stored in a transaction that holds only while each document is still
as it was read. A document that changes meanwhile is told by its change, and read again here; an older state can not be
stored after a newer one. Rounds are bounded by what the relay takes away. Idempotent: stopped anywhere, it is simply
run again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol

from chassis.context import Context
from chassis.failures import Unavailable, VersionConflict
from chassis.messaging.outbox import OUTBOX, OutboxRow
from chassis.storage.changes import Changes
from chassis.storage.documents import D, Filter, Kind
from chassis.storage.store import Store

ROUND = 250
"""Documents per transaction."""
AHEAD = 2000
"""Messages that may wait for the relay; a service's own must not queue behind more."""

_LOOK_SECONDS = 0.1
_PATIENCE_SECONDS = 60.0


@dataclass(frozen=True)
class StateTold(Generic[D]):
    """Documents of `kind` (those that meet `where`) are told as states on `topic`, or as tombstones.

    `tell` adds the messages that the service itself publishes when such a document changes; those on other topics are
    left out. A service's table of these is all that it tells as state.
    """

    topic: str
    kind: Kind[D]
    tell: Callable[[Changes, Context, D], Changes]
    where: Filter = field(default_factory=dict)


class ToldDocuments(Protocol):
    """Where documents and the outbox are stored together."""

    def tell(self, kind: Kind[D], documents: Sequence[D], rows: Sequence[OutboxRow]) -> None:
        """Store the rows, if the documents are still as they were read. Raises VersionConflict, or Unavailable."""


class Republishing:
    """Tells a service's states again, topic by topic."""

    def __init__(
        self,
        store: Store,
        documents: ToldDocuments,
        context: Callable[[], Context],
        *,
        pause: Callable[[float], None],
        limit: int = ROUND,
        ahead: int = AHEAD,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store, self._documents, self._context, self._pause = store, documents, context, pause
        self._limit, self._ahead, self._monotonic = limit, ahead, monotonic

    def run(self, told: StateTold[Any]) -> int:
        """Tell all that is there; how many messages. Raises Unavailable, also when the relay publishes nothing."""
        after, number = "", 0
        while True:
            self._wait_for_the_relay(told.topic, at_most=self._ahead)
            where = {**told.where, "_id": {"$gt": after}}
            documents = self._store.find(told.kind, where, limit=self._limit)
            if not documents:
                return number
            rows = self._rows(told, documents)
            try:
                self._documents.tell(told.kind, documents, rows)
            except VersionConflict:
                continue  # one of them was changed meanwhile: read again
            after = documents[-1].id
            number += len(rows)

    def wait_until_sent(self, topics: Sequence[str]) -> None:
        """Until nothing on these topics waits for the relay. Raises Unavailable when it publishes nothing."""
        for topic in topics:
            self._wait_for_the_relay(topic, at_most=0)

    def _rows(self, told: StateTold[Any], documents: Sequence[Any]) -> list[OutboxRow]:
        changes, context = Changes(), self._context()
        for document in documents:
            told.tell(changes, context, document)
        rows = [change.document for change in changes.changes if change.kind is OUTBOX]
        return [row for row in rows if isinstance(row, OutboxRow) and row.topic == told.topic]

    def _pending(self, topic: str) -> int:
        return self._store.count(OUTBOX, {"state": "pending", "topic": topic})

    def _wait_for_the_relay(self, topic: str, *, at_most: int) -> None:
        """Until no more than so many messages on the topic wait to be published."""
        fewest, since = self._pending(topic), self._monotonic()
        while (pending := self._pending(topic)) > at_most:
            if pending < fewest:
                fewest, since = pending, self._monotonic()
            if self._monotonic() - since > _PATIENCE_SECONDS:
                raise Unavailable(
                    f"the relay publishes nothing of {topic}: {pending} messages wait in the outbox and go out when it "
                    "does. Call this again then"
                )
            self._pause(_LOOK_SECONDS)


def topics_of(states: Sequence[StateTold[Any]]) -> frozenset[str]:
    """The topics that are told at all."""
    return frozenset(told.topic for told in states)
