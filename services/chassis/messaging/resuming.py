"""Taking up again what was put aside: parked records whose data may have come, dead letters that were released."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime

import structlog

from chassis.failures import AlreadyExists, Malformed, Unavailable, UnknownType, Unready, VersionConflict
from chassis.messaging import metrics
from chassis.messaging.dead_letters import DEAD_LETTERS, DeadLetter, dead_letter, failed_again, settled
from chassis.messaging.parked import (
    LANE_ORDER,
    PARKED,
    WAITS_AT_MOST,
    ParkedRecord,
    behind,
    failed_once_more,
    parked,
    still_waiting,
)
from chassis.messaging.projecting import Projector
from chassis.messaging.reacting import TRIES, Reactor
from chassis.messaging.routes import Arrival, Routes
from chassis.storage.changes import Changes
from chassis.storage.store import Store

_log = structlog.get_logger("consume")

_AT_ONCE = 200
_OF_A_LANE = 100


class Resumer:
    """Resumes records of one consumer. Every method raises Unavailable; what is done by then stays done."""

    def __init__(
        self, routes: Routes, reactor: Reactor, projector: Projector, store: Store, clock: Callable[[], datetime]
    ) -> None:
        self._routes, self._reactor, self._projector = routes, reactor, projector
        self._store, self._clock = store, clock

    def resume_due(self) -> int:
        """Try the lanes whose pause is over; how many records were resumed."""
        due = self._store.find(PARKED, {"due_at": {"$lte": self._clock()}}, sort=(("due_at", 1),), limit=_AT_ONCE)
        return sum(self._resume_lane(lane, at_once=False) for lane in dict.fromkeys(row.lane for row in due))

    def resume_waiting_for(self, names: Collection[str]) -> int:
        """Try the lanes that wait for one of these documents (`kind:id`), which have just been written."""
        waiting = self._store.find(PARKED, {"waits_for": {"$in": list(names)}}, limit=_AT_ONCE)
        return sum(self._resume_lane(lane, at_once=True) for lane in dict.fromkeys(row.lane for row in waiting))

    def replay_released(self) -> int:
        """Apply the dead letters that were released, each once; how many were settled."""
        return sum(self._replay(letter) for letter in self._store.find(DEAD_LETTERS, {"state": "released"}, limit=50))

    def _resume_lane(self, lane: str, *, at_once: bool) -> int:
        """From the lane's head on, as far as it goes."""
        rows = self._store.find(PARKED, {"lane": lane}, sort=LANE_ORDER, limit=_OF_A_LANE)
        for number, row in enumerate(rows):
            if number == 0 and not at_once and row.due_at > self._clock():
                self._follow(row, rows[1:])
                return 0
            waiting = self._resume(row)
            if waiting is not None:
                self._follow(waiting, rows[number + 1 :])
                return number
        return len(rows)

    def _follow(self, head: ParkedRecord, rows: list[ParkedRecord]) -> None:
        early = [behind(row, head) for row in rows if row.due_at < head.due_at]
        if early:
            self._commit(Changes().replace(PARKED, *early))

    def _resume(self, row: ParkedRecord) -> ParkedRecord | None:
        """Apply it; the row as it goes on waiting, or None when it is done with."""
        gone = Changes().erase(PARKED, row)
        try:
            arrival = self._routes.arrival(row.record)
            known = self._reactor.applied_before(arrival)
            self._store.commit(gone if known else self._reactor.decide(arrival).extend(gone))
            metrics.APPLIED.labels(row.topic).inc()
            return None
        except Unavailable:
            raise
        except UnknownType:
            metrics.IGNORED.labels(row.topic, "unknown type").inc()
            return None if self._commit(gone) else row
        except Unready as unready:
            now = self._clock()
            if now - row.parked_at <= WAITS_AT_MOST:
                return self._keep(still_waiting(row, waits_for=unready.waits_for, now=now))
            return self._give_up(row, unready)
        except Exception as error:
            if isinstance(error, Malformed) or row.failures + 1 >= TRIES:
                return self._give_up(row, error)
            return self._keep(failed_once_more(row, now=self._clock()))

    def _keep(self, row: ParkedRecord) -> ParkedRecord:
        self._commit(Changes().replace(PARKED, row))
        return row

    def _give_up(self, row: ParkedRecord, error: Exception) -> ParkedRecord | None:
        letter = dead_letter(row.record, error, now=self._clock())
        if not self._commit(Changes().insert_absent(DEAD_LETTERS, letter).erase(PARKED, row)):
            return row
        metrics.DEAD_LETTERED.labels(row.topic, letter.error_class).inc()
        _log.error("dead letter", origin=letter.id, type=letter.type, error=letter.error_class)
        return None

    def _commit(self, changes: Changes) -> bool:
        """Whether it was committed; False when another process was faster."""
        try:
            self._store.commit(changes)
        except (VersionConflict, AlreadyExists):
            return False
        return True

    def _replay(self, letter: DeadLetter) -> int:
        done = settled(letter, now=self._clock())
        try:
            arrival = self._routes.arrival(letter.record)
            self._project(arrival)
            if not arrival.reacts or self._reactor.applied_before(arrival):
                changes = Changes()
            else:
                changes = self._decided(arrival)
            self._store.commit(changes.replace(DEAD_LETTERS, done))
        except Unavailable:
            raise
        except Exception as error:
            # Also when another process released it at the same moment: then there is nothing left to change here.
            self._commit(Changes().replace(DEAD_LETTERS, failed_again(letter, error, now=self._clock())))
            _log.warning("a released dead letter failed again", origin=letter.id, error=type(error).__name__)
            return 0
        metrics.APPLIED.labels(letter.topic).inc()
        return 1

    def _decided(self, arrival: Arrival) -> Changes:
        try:
            return self._reactor.decide(arrival)
        except Unready as unready:
            row = parked(arrival.record, waits_for=unready.waits_for, now=self._clock())
            return Changes().insert_absent(PARKED, row)

    def _project(self, arrival: Arrival) -> None:
        if arrival.route.projections:
            _, failed = self._projector.project([arrival])
            for error in failed.values():
                raise error
