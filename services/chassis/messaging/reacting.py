"""Reactions: what an event makes a service do, committed in one transaction with the inbox row that says so.

Several arrivals share a transaction as long as none reads or writes what an earlier one of it is about to write. When
such a transaction fails, each of its arrivals is decided anew and committed alone: only the one at fault suffers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import NamedTuple

import structlog

from chassis.failures import AlreadyExists, Malformed, Unavailable, Unready, VersionConflict
from chassis.messaging.dead_letters import DEAD_LETTERS, dead_letter
from chassis.messaging.inbox import INBOX, InboxRow, inbox_id
from chassis.messaging.parked import PARKED, lane_of, occupied_lanes, parked
from chassis.messaging.routes import Arrival
from chassis.messaging.waiting import Stopping, Waiting
from chassis.messaging.watched_store import WatchedStore, Written
from chassis.storage.changes import Changes
from chassis.storage.store import Store

_log = structlog.get_logger("consume")

TRIES = 5
CONFLICTS = 20
"""How often a record is decided anew because another writer was faster, before that counts as an error."""
BATCH_ARRIVALS = 250
BATCH_CHANGES = 2000
_BEHIND_ANOTHER = "an earlier record of this key"


class Fate(Enum):
    """What became of a record."""

    APPLIED = "applied"
    DUPLICATE = "duplicate"
    PARKED = "parked"
    DEAD = "dead"


class Settled(NamedTuple):
    """`error` is the class of what a dead letter died of."""

    arrival: Arrival
    fate: Fate
    error: str = ""


class _Overlap(Exception):
    """It read or writes what the batch is about to write."""


@dataclass(slots=True)
class _Batch:
    changes: Changes = field(default_factory=Changes)
    entries: list[tuple[Arrival, Fate]] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)
    written: dict[str, set[str]] = field(default_factory=dict)
    newly_parked: set[str] = field(default_factory=set)

    def add(self, arrival: Arrival, fate: Fate, changes: Changes) -> None:
        self.entries.append((arrival, fate))
        self.ids.add(arrival.incoming.id)
        self.changes.extend(changes)
        for change in changes.changes:
            self.written.setdefault(change.kind.name, set()).add(change.document.id)

    @property
    def full(self) -> bool:
        return len(self.entries) >= BATCH_ARRIVALS or len(self.changes.changes) >= BATCH_CHANGES


class Reactor:
    """Applies arrivals in their order, and tells of each what became of it once that is committed."""

    def __init__(
        self,
        consumer: str,
        store: Store,
        waiting: Waiting,
        clock: Callable[[], datetime],
        settled: Callable[[Settled], None],
    ) -> None:
        self._consumer, self._store, self._waiting, self._clock = consumer, store, waiting, clock
        self._settled = settled
        self._occupied: set[str] = set()

    def react(self, arrivals: Sequence[Arrival]) -> None:
        """Settle all of them. Waits out Unavailable; raises Stopping when asked to end meanwhile."""
        known = self._applied_before(arrivals)
        lanes = {lane_of(arrival.record) for arrival in arrivals}
        self._occupied = self._waiting.until_available(lambda: occupied_lanes(self._store, lanes))
        batch = _Batch()
        for arrival in arrivals:
            if not batch.entries:
                self._waiting.require_going_on()
            batch = self._take(arrival, batch, known)
            if batch.full:
                batch = self._flush(batch)
        self._flush(batch)

    def decide(self, arrival: Arrival, written: Written | None = None) -> Changes:
        """What an arrival changes, its inbox row included. Raises what its handlers raise."""
        changes = Changes()
        watched = WatchedStore(self._store, written or {})
        try:
            for reaction in arrival.route.reactions:
                changes.extend(reaction.handle(arrival.value, arrival.incoming, watched))
        except Exception:
            if watched.overlapped:
                raise _Overlap from None
            raise
        if watched.overlapped or (written and _overlap(changes, written)):
            raise _Overlap
        return changes.insert(INBOX, InboxRow(id=self._inbox_id(arrival), received_at=self._clock()))

    def applied_before(self, arrival: Arrival) -> bool:
        """Whether its inbox row is there. Raises Unavailable."""
        return self._store.get(INBOX, self._inbox_id(arrival)) is not None

    def _take(self, arrival: Arrival, batch: _Batch, known: set[str]) -> _Batch:
        if arrival.incoming.id in known or arrival.incoming.id in batch.ids:
            batch.add(arrival, Fate.DUPLICATE, Changes())
            return batch
        if lane_of(arrival.record) in self._occupied:
            self._park(arrival, batch, _BEHIND_ANOTHER)
            return batch
        try:
            batch.add(arrival, Fate.APPLIED, self.decide(arrival, batch.written))
        except _Overlap:
            return self._take(arrival, self._flush(batch), known)
        except Unready as unready:
            self._park(arrival, batch, unready.waits_for)
        except Exception:
            batch = self._flush(batch)
            self._settled(self._alone(arrival))
        return batch

    def _park(self, arrival: Arrival, batch: _Batch, waits_for: str) -> None:
        row = parked(arrival.record, waits_for=waits_for, now=self._clock())
        batch.add(arrival, Fate.PARKED, Changes().insert_absent(PARKED, row))
        if row.lane not in self._occupied:
            batch.newly_parked.add(row.lane)
            self._occupied.add(row.lane)

    def _flush(self, batch: _Batch) -> _Batch:
        """Commit the batch; when it cannot be, each of its arrivals alone. Returns an empty one."""
        try:
            if batch.changes:
                self._waiting.until_available(lambda: self._store.commit(batch.changes))
        except Stopping:
            raise
        except Exception as error:
            _log.info("a batch of reactions failed: one by one", error=type(error).__name__, size=len(batch.entries))
            self._occupied -= batch.newly_parked
            for arrival, fate in batch.entries:
                self._settled(Settled(arrival, fate) if fate is Fate.DUPLICATE else self._alone(arrival))
        else:
            for arrival, fate in batch.entries:
                self._settled(Settled(arrival, fate))
        return _Batch()

    def _alone(self, arrival: Arrival) -> Settled:
        """Apply one arrival in a transaction of its own, as patiently as its errors deserve."""
        tries = conflicts = away = 0
        while True:
            self._waiting.require_going_on()
            try:
                return Settled(arrival, self._once(arrival))
            except Unavailable:
                self._waiting.pause(away)
                away += 1
            except (VersionConflict, AlreadyExists) as error:
                conflicts += 1
                if conflicts >= CONFLICTS:
                    return self._bury(arrival, error)
                self._waiting.pause(0)
            except Malformed as error:
                return self._bury(arrival, error)
            except Exception as error:
                tries += 1
                if tries >= TRIES:
                    return self._bury(arrival, error)
                self._waiting.pause(tries)

    def _once(self, arrival: Arrival) -> Fate:
        if self.applied_before(arrival):
            return Fate.DUPLICATE
        waits_for = _BEHIND_ANOTHER
        if lane_of(arrival.record) not in self._occupied:
            try:
                self._store.commit(self.decide(arrival))
                return Fate.APPLIED
            except Unready as unready:
                waits_for = unready.waits_for
        row = parked(arrival.record, waits_for=waits_for, now=self._clock())
        self._store.commit(Changes().insert_absent(PARKED, row))
        self._occupied.add(row.lane)
        return Fate.PARKED

    def _bury(self, arrival: Arrival, error: Exception) -> Settled:
        row = dead_letter(arrival.record, error, now=self._clock())
        self._waiting.until_available(lambda: self._store.commit(Changes().insert_absent(DEAD_LETTERS, row)))
        return Settled(arrival, Fate.DEAD, row.error_class)

    def _applied_before(self, arrivals: Iterable[Arrival]) -> set[str]:
        ids = {self._inbox_id(arrival): arrival.incoming.id for arrival in arrivals}
        there = self._waiting.until_available(lambda: self._store.get_many(INBOX, ids))
        return {ids[id] for id in there}

    def _inbox_id(self, arrival: Arrival) -> str:
        return inbox_id(self._consumer, arrival.incoming.id)


def _overlap(changes: Changes, written: Written) -> bool:
    return any(change.document.id in written.get(change.kind.name, ()) for change in changes.changes)
