"""The consumer: takes records from the log in the order of each partition and settles every one of them.

Settled is: applied, known to be applied before, ignored and counted, parked, or put among the dead letters; and always
before the offset is committed. What is settled and not committed comes again, and changes nothing then.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby, repeat
from typing import Protocol

import structlog

from chassis.failures import Malformed, Unavailable, UnknownType
from chassis.messaging import metrics
from chassis.messaging.catching_up import FirstCatchUp
from chassis.messaging.cloudevents import Partition, Record
from chassis.messaging.dead_letters import DEAD_LETTERS, dead_letter
from chassis.messaging.handlers import Handler
from chassis.messaging.parked import PARKED
from chassis.messaging.projecting import Projector, needed_names
from chassis.messaging.reacting import Fate, Reactor, Settled
from chassis.messaging.resuming import Resumer
from chassis.messaging.routes import Arrival, Routes
from chassis.messaging.waiting import Stop, Stopping, Waiting
from chassis.storage.changes import Changes
from chassis.storage.store import Store

_log = structlog.get_logger("consume")

POLL_SECONDS = 0.5
_CHORES_SECONDS = 0.5
_GAUGES_SECONDS = 10.0


class Source(Protocol):
    """The log as one member of a group sees it. Methods raise Unavailable when the broker does not answer in time."""

    def poll(self, seconds: float) -> list[Record]:
        """The next records, in order within each partition; waits at most so long for the first."""

    def commit(self, positions: Mapping[Partition, int]) -> bool:
        """Where the group goes on, per partition. False: some partition is another member's now; nothing is lost."""

    def positions(self) -> dict[Partition, int]:
        """The partitions this member has, with the offset of the next record of each."""

    def ends(self, partitions: Collection[Partition]) -> dict[Partition, int]:
        """The offset behind the last record of each."""

    def partition_counts(self) -> dict[str, int]:
        """Number of partitions of each topic subscribed to; 0 for one that is not there."""

    def close(self) -> None:
        """Leave the group."""


class TooManyDeadLetters(Exception):
    """More than 20 records, and more than 5 % of the last thousand, could not be applied: rather the fault is here."""


class Brake:
    """Stops a consumer that does nothing but fill the dead letters.

    Trips when, among the last `window` records, more than `number` and more than `share` were dead-lettered.
    """

    def __init__(self, *, number: int = 20, share: float = 0.05, window: int = 1000) -> None:
        self._number, self._share = number, share
        self._last: deque[bool] = deque(maxlen=window)
        self._dead = 0

    def note(self, dead: bool) -> None:
        """Count one record. Raises TooManyDeadLetters."""
        if len(self._last) == self._last.maxlen:
            self._dead -= self._last[0]
        self._last.append(dead)
        self._dead += dead
        if dead and self._dead > self._number and self._dead > self._share * len(self._last):
            raise TooManyDeadLetters(f"{self._dead} of the last {len(self._last)} records")

    def note_alive(self, number: int) -> None:
        """Count so many that could be applied."""
        self._last.extend(repeat(False, number))
        self._dead = sum(self._last)


class Consumer:
    """One service's consumer over one source. Not for several threads."""

    def __init__(
        self,
        service: str,
        handlers: Iterable[Handler],
        store: Store,
        source: Source,
        stop: Stop,
        *,
        brake: Brake | None = None,
        beat: Callable[[], None] = lambda: None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
        poll_seconds: float = POLL_SECONDS,
    ) -> None:
        self._store, self._source, self._waiting = store, source, Waiting(stop, beat)
        self._clock, self._monotonic, self._poll_seconds = clock, monotonic, poll_seconds
        self._brake = brake or Brake()
        self._routes = Routes(handlers)
        self._projector = Projector(store, self._waiting, clock)
        self._reactor = Reactor(service, store, self._waiting, clock, self._note)
        self._resumer = Resumer(self._routes, self._reactor, self._projector, store, clock)
        self._catch_up = FirstCatchUp(store, source, self._routes.topics, clock)
        self._done: dict[Partition, int] = {}
        self._applied: Counter[str] = Counter()
        self._something_is_parked = True
        self._chores_at = self._gauges_at = float("-inf")

    def run(self) -> None:
        """Until asked to end. Raises TooManyDeadLetters, and what nobody foresaw: then the process should end."""
        try:
            away = 0
            while not self._waiting.stop.asked:
                try:
                    self.step()
                    away = 0
                except Unavailable as error:
                    _log.warning("unavailable: backing off", reason=str(error))
                    self._waiting.pause(away)
                    away += 1
        except Stopping:
            pass

    def step(self) -> int:
        """Poll once, settle what came, commit, and do the chores that are due; how many records came.

        Raises Unavailable, Stopping, TooManyDeadLetters; what was settled by then is committed.
        """
        self._waiting.beat()
        records = self._source.poll(self._poll_seconds)
        try:
            self._settle(records)
        finally:
            self._commit()
        if self._monotonic() - self._chores_at >= _CHORES_SECONDS:
            self.chores()
        return len(records)

    def chores(self) -> None:
        """Resume what is due, replay what was released, note progress. Raises Unavailable."""
        self._chores_at = self._monotonic()
        self._resumer.replay_released()
        self._resumer.resume_due()
        self._something_is_parked = bool(self._store.find(PARKED, {}, limit=1))
        self._catch_up.look()
        if self._monotonic() - self._gauges_at >= _GAUGES_SECONDS:
            self._gauges_at = self._monotonic()
            self._report()

    def _settle(self, records: list[Record]) -> None:
        for topic, number in Counter(record.topic for record in records).items():
            metrics.CONSUMED.labels(topic).inc(number)
        for kind, run in groupby(map(self._understood, records), _way):
            if kind is _Trouble:
                for trouble in run:
                    self._put_aside(trouble)  # type: ignore[arg-type]  # grouped by what it is
            elif kind is Reactor:
                self._react(list(run))  # type: ignore[arg-type]  # grouped by what it is
            else:
                self._project(list(run))  # type: ignore[arg-type]  # grouped by what it is

    def _understood(self, record: Record) -> Arrival | _Trouble:
        try:
            return self._routes.arrival(record)
        except (Malformed, UnknownType) as error:
            return _Trouble(record, error)

    def _put_aside(self, trouble: _Trouble) -> None:
        record, error = trouble.record, trouble.error
        if isinstance(error, UnknownType):
            metrics.IGNORED.labels(record.topic, "unknown type").inc()
            self._advance(record)
        else:
            self._bury(record, error)

    def _project(self, arrivals: list[Arrival]) -> None:
        self._waiting.require_going_on()
        failed = self._written(arrivals)
        if failed:
            for arrival in arrivals:
                if (error := failed.get(arrival.record.origin)) is not None:
                    self._bury(arrival.record, error)
                else:
                    self._projected([arrival])
        else:
            self._projected(arrivals)

    def _projected(self, arrivals: Sequence[Arrival]) -> None:
        """Count and pass what was written; all at once, since most of what is read is read models."""
        for topic, number in Counter(one.record.topic for one in arrivals if one.route.projections).items():
            self._applied[topic] += number
        for topic, number in Counter(one.record.topic for one in arrivals if not one.route.projections).items():
            metrics.IGNORED.labels(topic, "tombstone").inc(number)
        for lane, offset in {(one.record.topic, one.record.partition): one.record.offset for one in arrivals}.items():
            self._done[Partition(*lane)] = offset + 1
        self._brake.note_alive(len(arrivals))

    def _react(self, arrivals: list[Arrival]) -> None:
        failed = self._written([arrival for arrival in arrivals if arrival.route.projections])
        for healthy, run in groupby(arrivals, lambda arrival: arrival.record.origin not in failed):
            if healthy:
                self._reactor.react(list(run))
            else:
                for arrival in run:
                    self._bury(arrival.record, failed[arrival.record.origin])

    def _written(self, arrivals: list[Arrival]) -> dict[str, Exception]:
        """Write read models, and take up what waited for them."""
        if not arrivals:
            return {}
        written, failed = self._projector.project(arrivals)
        if self._something_is_parked and (names := needed_names(written)):
            self._waiting.until_available(lambda: self._resumer.resume_waiting_for(names))
        return failed

    def _bury(self, record: Record, error: Exception) -> None:
        letter = dead_letter(record, error, now=self._clock())
        self._waiting.until_available(lambda: self._store.commit(Changes().insert_absent(DEAD_LETTERS, letter)))
        self._count_dead(record, letter.error_class)

    def _note(self, settled: Settled) -> None:
        record = settled.arrival.record
        if settled.fate is Fate.DEAD:
            self._count_dead(record, settled.error)
            return
        if settled.fate is Fate.APPLIED:
            self._applied[record.topic] += 1
        elif settled.fate is Fate.PARKED:
            metrics.PARKED.labels(record.topic).inc()
            self._something_is_parked = True
        else:
            metrics.IGNORED.labels(record.topic, "duplicate").inc()
        self._advance(record)

    def _count_dead(self, record: Record, error_class: str) -> None:
        metrics.DEAD_LETTERED.labels(record.topic, error_class).inc()
        _log.error("dead letter", origin=record.origin, error=error_class)
        self._advance(record, dead=True)

    def _advance(self, record: Record, *, dead: bool = False) -> None:
        self._done[record.lane] = record.offset + 1
        self._brake.note(dead)

    def _commit(self) -> None:
        for topic, number in self._applied.items():
            metrics.APPLIED.labels(topic).inc(number)
        self._applied.clear()
        if not self._done:
            return
        try:
            if not self._source.commit(self._done):
                _log.warning("the partitions went to another member before the commit; nothing is lost")
        except Unavailable as error:
            # The next commit tells more than this one would have.
            _log.warning("the offsets are not committed yet", reason=str(error))
            return
        self._done = {}

    def _report(self) -> None:
        metrics.PARKED_NOW.set(self._store.count(PARKED, {}))
        metrics.DEAD_LETTERS_OPEN.set(self._store.count(DEAD_LETTERS, {"state": "open"}))
        positions = self._source.positions()
        for partition, end in self._source.ends(positions).items():
            metrics.LAG.labels(partition.topic, str(partition.number)).set(max(0, end - positions[partition]))


class _Trouble:
    """A record that was not understood."""

    __slots__ = ("error", "record")

    def __init__(self, record: Record, error: Malformed | UnknownType) -> None:
        self.record, self.error = record, error


def _way(understood: Arrival | _Trouble) -> type:
    if isinstance(understood, _Trouble):
        return _Trouble
    return Reactor if understood.reacts else Projector
