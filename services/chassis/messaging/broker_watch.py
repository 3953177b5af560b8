"""Whether the broker answers, as the work itself shows: no question is asked only to find out.

A process that waits for Kafka is well and ready (`/livez`, `/readyz`): it does what it should, another would do no
better, and what stands still is safe in the outbox or the log. So it is told where one looks for trouble: in the gauge
`kafka_unanswered_seconds`, and by an error in the log once a minute.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TypeVar

import structlog

from chassis.failures import Unavailable
from chassis.messaging import metrics
from chassis.messaging.cloudevents import Partition, Record
from chassis.messaging.consumer import Source
from chassis.messaging.envelope import Message
from chassis.messaging.relay import OutboxRows, Publisher, Sending

T = TypeVar("T")

_log = structlog.get_logger("kafka")

TOLD_EVERY_SECONDS = 60.0
REPORT_SECONDS = 10.0


class BrokerWatch:
    """For how long the broker has owed an answer. Read from any thread; told by the one that works."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._asked: float | None = None
        self._told_at = 0.0

    @property
    def seconds(self) -> float:
        """0 while nothing is owed."""
        asked = self._asked
        return 0.0 if asked is None else self._monotonic() - asked

    def asked(self) -> None:
        """Something is owed from now on, or still."""
        if self._asked is None:
            self._asked = self._told_at = self._monotonic()
        elif self._monotonic() - self._told_at >= TOLD_EVERY_SECONDS:
            self._told_at = self._monotonic()
            _log.error("Kafka does not answer", seconds=round(self.seconds))

    def answered(self) -> None:
        if self._asked is not None and self._told_at != self._asked:
            _log.warning("Kafka answers again", after_seconds=round(self.seconds))
        self._asked = None

    def watch(self, action: Callable[[], T]) -> T:
        """Do something that needs an answer; one that raises Unavailable had none."""
        self.asked()
        done = action()
        self.answered()
        return done


class WatchedPublisher:
    """`Publisher`, watched: a round is answered when all of it is acknowledged."""

    def __init__(self, publisher: Publisher, watch: BrokerWatch) -> None:
        self._publisher, self._watch = publisher, watch

    def send(self, messages: Sequence[Message], began: datetime) -> Sending:
        self._watch.asked()
        return _WatchedSending(self._publisher.send(messages, began), self._watch)


class _WatchedSending:
    def __init__(self, sending: Sending, watch: BrokerWatch) -> None:
        self._sending, self._watch, self.refused = sending, watch, sending.refused

    def wait(self, seconds: float) -> bool:
        self._watch.asked()
        done = self._sending.wait(seconds)
        if done:
            self._watch.answered()
        return done


class WatchedSource:
    """`Source`, watched. A poll that brings nothing tells nothing: the client itself waits for the broker there."""

    def __init__(self, source: Source, watch: BrokerWatch) -> None:
        self._source, self._watch = source, watch

    def poll(self, seconds: float) -> list[Record]:
        records = self._source.poll(seconds)
        if records:
            self._watch.answered()
        return records

    def commit(self, positions: Mapping[Partition, int]) -> bool:
        return self._watch.watch(lambda: self._source.commit(positions))

    def positions(self) -> dict[Partition, int]:
        return self._source.positions()

    def ends(self, partitions: Collection[Partition]) -> dict[Partition, int]:
        if not partitions:
            return self._source.ends(partitions)
        return self._watch.watch(lambda: self._source.ends(partitions))

    def partition_counts(self) -> dict[str, int]:
        return self._source.partition_counts()

    def close(self) -> None:
        self._source.close()


@contextmanager
def outbox_reported_meanwhile(rows: OutboxRows, watch: BrokerWatch) -> Iterator[None]:
    """Keep the outbox gauges right while the relay itself waits for the broker and can not."""
    ended = threading.Event()

    def report() -> None:
        while not ended.wait(REPORT_SECONDS):
            if not watch.seconds:
                continue
            try:
                backlog = rows.backlog()
            except Unavailable:
                continue  # the next report tells
            metrics.OUTBOX_PENDING.set(backlog.pending)
            metrics.OUTBOX_OLDEST_SECONDS.set(backlog.oldest_seconds)

    thread = threading.Thread(target=report, name="outbox report", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(REPORT_SECONDS)
