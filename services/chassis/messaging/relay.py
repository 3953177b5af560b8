"""The relay: takes what the outbox holds and publishes it, at least once, each aggregate's messages in their order.

A round takes the *lowest pending version of each aggregate*, sends them all, waits for those same acknowledgements
and marks them published. What is sent and unmarked is never taken again, nor is anything of the same aggregate, so the
next round may be read, and then sent, while the marks of the last are being written. Reading `state: pending` is the
truth; there is no watermark, which would skip transactions that commit late.

One relay per service holds the lease. A former one that slept (a zombie) may still send what it had begun: readers of
events are safe by their inbox, readers of states by their version guard, but its record may be the last one on a
compacted topic. So whoever takes over publishes the states of the last hour again, and does so once more when a former
holder announces that it woke up late, and in any case once nothing of a former holder can arrive any more: a zombie
may be killed between its late send and its announcement. The broker sees to that bound: what is sent bears the
database's time at which its sender certainly held the lease, and a state that comes later than `STATES_ARRIVE_WITHIN`
after that is refused.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence, Set
from concurrent.futures import Executor, Future
from datetime import datetime
from itertools import count
from typing import NamedTuple, Protocol

import structlog

from chassis.failures import Unavailable
from chassis.messaging import metrics
from chassis.messaging.envelope import Message
from chassis.messaging.lease import Lease, LeaseLost
from chassis.messaging.outbox import STATES_ARRIVE_WITHIN
from chassis.messaging.waiting import Stop, Stopping, Waiting

_log = structlog.get_logger("relay")

ROUND = 500
"""Aggregates per round. It bounds what the producer buffers, and what is sent twice after a crash."""

REPUBLISHED_SECONDS = 3600.0
CLOCKS_DIFFER_SECONDS = 60.0
"""At most, between database and broker."""
MADE_GOOD_AFTER_SECONDS = STATES_ARRIVE_WITHIN + CLOCKS_DIFFER_SECONDS
"""When nothing that a former holder sent can arrive any more. What such a late state spoils is published by its
successors, hence within the time that is published again."""
REFUSED_WAITS_SECONDS = 60.0
POLL_SECONDS = 0.5
REPORT_SECONDS = 10.0
CLOSING_SECONDS = 10.0
_WAIT_SLICE_SECONDS = 0.2
_FETCHES_PER_ROUND = 8


class Aggregate(NamedTuple):
    """What keeps an order of its own: a key on a topic."""

    topic: str
    key: str


Round = dict[Aggregate, Message]
"""One message of each aggregate."""


class Backlog(NamedTuple):
    pending: int
    oldest_seconds: float


class OutboxRows(Protocol):
    """The outbox as the relay sees it. Every method raises Unavailable when the database does not answer in time."""

    def pending(self, after: Aggregate | None, limit: int) -> list[Message]:
        """Pending messages in the order of `outbox.PENDING_ORDER` beyond the aggregate `after`, as of one instant, and
        only what a majority of the database has."""

    def mark_published(self, ids: Sequence[str]) -> None:
        """Durable on a majority when it returns. Marking twice does nothing."""

    def latest_published(
        self, topics: Collection[str], seconds: float, breathe: Callable[[], None]
    ) -> Iterable[Message]:
        """Of each aggregate on `topics` published in the last `seconds`, the latest message. Calls `breathe` often."""

    def backlog(self) -> Backlog:
        """How much waits."""


class Sending(Protocol):
    """Messages on their way."""

    refused: Sequence[Message]
    """Those that the broker can never take as they are (too large); they were not sent."""

    def wait(self, seconds: float) -> bool:
        """Whether all (but the refused) are acknowledged by now, after waiting at most so long.

        Raises PublishingFailed when one of them failed for good: what became of it is unknown.
        """


class Publisher(Protocol):
    """The broker as the relay sees it."""

    def send(self, messages: Sequence[Message], began: datetime) -> Sending:
        """Begin to send. Raises Unavailable when nothing was begun, PublishingFailed when something may have been.

        A state that arrives later than `STATES_ARRIVE_WITHIN` after `began` is refused by the broker, and that is
        PublishingFailed, too.
        """


class PublishingFailed(Exception):
    """The publisher gave up on something that may or may not be in the log: end the process and begin anew."""


class Alarm(Protocol):
    """Tells that there may be something to publish. It may be wrong both ways; polling is the truth."""

    def wait(self, seconds: float) -> None:
        """Return early when something was written to the outbox. Never raises."""


class _Ahead(NamedTuple):
    """Rows being read for the next round. `taken`: the aggregates that were unmarked when the reading began; its rows
    may tell of them what is no longer so."""

    rows: Future[list[Message]]
    taken: Set[Aggregate]


class Relay:
    """The rounds. `beside`, with two threads, reads the next round and writes the marks of the last while one is on its
    way; None does both in place."""

    def __init__(
        self,
        rows: OutboxRows,
        publisher: Publisher,
        lease: Lease,
        *,
        state_topics: Collection[str] = (),
        beside: Executor | None = None,
        limit: int = ROUND,
        beat: Callable[[], None] = lambda: None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rows, self._publisher, self._lease = rows, publisher, lease
        self._state_topics, self._limit, self._beat, self._monotonic = frozenset(state_topics), limit, beat, monotonic
        self._beside = beside
        self._after: Aggregate | None = None
        self._ahead: _Ahead | None = None
        self._unmarked: set[Aggregate] = set()
        self._on_its_way: tuple[Sending, Round] | None = None
        self._being_marked: tuple[Future[None] | None, Round] | None = None
        self._refused: dict[Aggregate, float] = {}
        self._late_seen = 0
        self._to_make_good_at: float | None = None
        self._waiting: Waiting | None = None
        self._reported = float("-inf")

    def run(self, stop: Stop, alarm: Alarm) -> None:
        """Take over, and publish until asked to end; the lease must be held. Raises LeaseLost or PublishingFailed.

        On the way out it waits for what is on its way and marks it, as long as broker and database answer.
        """
        waiting = self._waiting = Waiting(stop, self._beat)
        try:
            self._unless_away(self.take_over, waiting)
            while not stop.asked:
                if self._unless_away(self.round, waiting) == 0:
                    alarm.wait(POLL_SECONDS)
                self._report_now_and_then()
        except Stopping:
            pass
        self._finish_up()

    def take_over(self) -> int:
        """Publish the states of the last hour again; how many. Call it once the lease is acquired, before any round."""
        late, last = self._lease.late, self._is_time_to_make_good()
        if self._to_make_good_at is None:
            self._to_make_good_at = self._monotonic() + MADE_GOOD_AFTER_SECONDS
        chunk: list[Message] = []
        number = 0
        for message in self._rows.latest_published(self._state_topics, REPUBLISHED_SECONDS, self._breathe):
            chunk.append(message)
            if len(chunk) == self._limit:
                number += self._republish(chunk)
                chunk = []
        number += self._republish(chunk)
        self._late_seen = late
        if last:
            self._to_make_good_at = float("inf")
        return number

    def round(self) -> int:
        """Publish the lowest pending version of each aggregate, at most `limit`; how many were acknowledged.

        Raises LeaseLost, PublishingFailed, or Unavailable (try again later; nothing is lost or forgotten).
        """
        self._breathe()
        if self._lease.late != self._late_seen or self._is_time_to_make_good():
            self._finish()
            self.settle()
            self.take_over()
        if self._on_its_way is None:
            may_have_missed = self._ahead is not None or self._being_marked is not None
            batch = self._fetch()
            if not batch:
                self.settle()
                # What waited for these marks, or came after the reading ahead, may go now.
                batch = self._fetch() if may_have_missed else {}
            if not batch:
                return 0
            self._begin(batch)
        return self._finish()

    def settle(self) -> None:
        """Wait until all that was acknowledged is also marked. Raises Unavailable."""
        if self._being_marked is None:
            return
        future, batch = self._being_marked
        try:
            if future is not None:
                future.result()
        except Unavailable:
            future = None
        if future is None:
            # It is published, and must not be sent again for want of a mark: mark it now, or at the next try.
            self._being_marked = None, batch
            self._rows.mark_published(_ids(batch))
        self._being_marked = None
        self._unmarked.difference_update(batch)

    def report(self) -> None:
        """Bring the outbox gauges up to date. Raises Unavailable."""
        backlog = self._rows.backlog()
        metrics.OUTBOX_PENDING.set(backlog.pending)
        metrics.OUTBOX_OLDEST_SECONDS.set(backlog.oldest_seconds)
        metrics.OUTBOX_REFUSED.set(len(self._refused))

    def _unless_away(self, step: Callable[[], int], waiting: Waiting) -> int:
        """Do it when what it needs is there; until then back off, and keep the lease."""
        for attempt in count():
            try:
                return step()
            except Unavailable as error:
                _log.warning("unavailable: backing off", reason=str(error))
                waiting.pause(min(attempt, 4))
                self._lease.keep()
        raise AssertionError("count() ended")

    def _report_now_and_then(self) -> None:
        if self._monotonic() - self._reported < REPORT_SECONDS:
            return
        self._reported = self._monotonic()
        try:
            self.report()
        except Unavailable:
            pass  # the next report tells

    def _finish_up(self) -> None:
        deadline = self._monotonic() + CLOSING_SECONDS
        try:
            while self._on_its_way is not None and self._monotonic() < deadline:
                self._beat()
                self._lease.keep()
                if self._on_its_way[0].wait(_WAIT_SLICE_SECONDS):
                    self._finish()
            self.settle()
        except (Unavailable, LeaseLost, PublishingFailed) as error:
            _log.warning("ended with marks unwritten: some messages will be sent twice", reason=str(error))

    def _fetch(self) -> Round:
        """The next aggregates' lowest versions, going round the outbox, without those that are on their way."""
        lowest: Round = {}
        began, wrapped = self._after, self._after is None
        for _ in range(_FETCHES_PER_ROUND):
            rows, taken = self._read()
            before: Aggregate | None = None
            for message in rows:
                aggregate = Aggregate(message.topic, message.key)
                if wrapped and began is not None and aggregate > began:
                    return lowest
                if aggregate != before and aggregate not in taken and self._may_take(aggregate):
                    lowest.setdefault(aggregate, message)
                before = self._after = aggregate
                if len(lowest) == self._limit:
                    return lowest
            if len(rows) < self._limit:
                self._after = None
                if wrapped:
                    break
                wrapped = True
        return lowest

    def _read(self) -> tuple[list[Message], Set[Aggregate]]:
        """The rows behind `_after`, and the aggregates of which they may tell something old."""
        ahead, self._ahead = self._ahead, None
        if ahead is not None:
            return ahead.rows.result(), ahead.taken
        return self._rows.pending(self._after, self._limit), self._unmarked

    def _read_ahead(self, batch: Round) -> None:
        if self._beside is not None and len(batch) >= self._limit:
            rows = self._beside.submit(self._rows.pending, self._after, self._limit)
            self._ahead = _Ahead(rows, self._unmarked | batch.keys())

    def _may_take(self, aggregate: Aggregate) -> bool:
        return not self._refused or self._refused.get(aggregate, 0.0) <= self._monotonic()

    def _is_time_to_make_good(self) -> bool:
        return self._to_make_good_at is not None and self._monotonic() >= self._to_make_good_at

    def _begin(self, batch: Round) -> None:
        began = self._lease.require()
        self._read_ahead(batch)
        sending = self._publisher.send(list(batch.values()), began)
        for message in sending.refused:
            # The aggregate waits behind a message that cannot be sent; others go on. It is tried again in a minute.
            aggregate = Aggregate(message.topic, message.key)
            self._refused[aggregate] = self._monotonic() + REFUSED_WAITS_SECONDS
            del batch[aggregate]
        self._unmarked.update(batch)
        self._on_its_way = sending, batch

    def _finish(self) -> int:
        """See what is on its way acknowledged, and have it marked."""
        if self._on_its_way is None:
            return 0
        sending, sent = self._on_its_way
        self._await(sending)
        self.settle()
        self._on_its_way = None
        self._being_marked = None, sent
        if self._beside is None:
            self.settle()
        else:
            self._being_marked = self._beside.submit(self._rows.mark_published, _ids(sent)), sent
        for topic, number in Counter(message.topic for message in sent.values()).items():
            metrics.PUBLISHED.labels(topic).inc(number)
        for aggregate in self._refused.keys() & sent.keys():
            del self._refused[aggregate]
        return len(sent)

    def _await(self, sending: Sending) -> None:
        while not sending.wait(_WAIT_SLICE_SECONDS):
            self._breathe()

    def _republish(self, chunk: list[Message]) -> int:
        if chunk:
            self._breathe()
            self._await(self._publisher.send(chunk, self._lease.require()))
            for message in chunk:
                metrics.REPUBLISHED.labels(message.topic).inc()
        return len(chunk)

    def _breathe(self) -> None:
        self._beat()
        if self._waiting is not None:
            self._waiting.require_going_on()
        self._lease.keep()


def _ids(batch: Round) -> list[str]:
    return [message.id for message in batch.values()]
