"""Timers: what a service does because time has passed, by one process at a time."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from chassis.context import Context, new_uuid7, utc_now
from chassis.failures import Unavailable
from chassis.messaging import metrics
from chassis.messaging.envelope import Cause
from chassis.messaging.lease import Lease
from chassis.messaging.waiting import Stop, Stopping, Waiting
from chassis.storage.store import Store

_log = structlog.get_logger("timers")

_TURN_SECONDS = 0.5


@dataclass(frozen=True)
class Timer:
    """Every `every_seconds`, `run` looks for what is due, commits it itself through the store and says how much it was.

    It may run again right after a crash or a take-over, also while a former holder still finishes: what it does must
    be guarded by versions or ids. A run must end well within a lease (6 s); a long one works in pieces.
    """

    name: str
    every_seconds: float
    run: Callable[[Store, Context], int]


class Timers:
    """The loop over a service's timers, while the lease is held. An error of one is logged and stops no other.

    `clock`: what they take for now; may raise Unavailable.
    """

    def __init__(
        self,
        timers: Sequence[Timer],
        store: Store,
        lease: Lease,
        stop: Stop,
        *,
        beat: Callable[[], None] = lambda: None,
        clock: Callable[[], datetime] = utc_now,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._timers, self._store, self._lease, self._waiting = timers, store, lease, Waiting(stop, beat)
        self._clock, self._monotonic = clock, monotonic
        self._next = {timer.name: float("-inf") for timer in timers}
        self._failures = dict.fromkeys(self._next, 0)

    def run(self) -> None:
        """Until asked to end; the lease must be held. Raises LeaseLost."""
        try:
            while True:
                self._waiting.require_going_on()
                self.turn()
                if self._waiting.stop.wait(_TURN_SECONDS):
                    return
        except Stopping:
            pass

    def turn(self) -> int:
        """Run each timer that is due once; how many ran. Raises LeaseLost."""
        ran = 0
        for timer in self._timers:
            if self._monotonic() < self._next[timer.name]:
                continue
            self._lease.keep()
            self._lease.require()
            self._waiting.beat()
            self._run(timer)
            ran += 1
        self._lease.keep()
        return ran

    def _run(self, timer: Timer) -> None:
        pause = timer.every_seconds
        try:
            done = timer.run(self._store, Context(now=self._clock(), cause=Cause(correlation_id=new_uuid7())))
        except Unavailable as error:
            self._failures[timer.name] += 1
            pause = min(pause, 0.5 * 2 ** min(self._failures[timer.name], 6))
            metrics.TIMER_RUNS.labels(timer.name, "unavailable").inc()
            _log.warning("unavailable: backing off", timer=timer.name, reason=str(error))
        except Exception as error:
            metrics.TIMER_RUNS.labels(timer.name, "failed").inc()
            _log.error("a timer failed", timer=timer.name, error=type(error).__name__, where=_where(error))
        else:
            self._failures[timer.name] = 0
            metrics.TIMER_RUNS.labels(timer.name, "done").inc()
            if done:
                _log.info("a timer did its work", timer=timer.name, count=done)
        self._next[timer.name] = self._monotonic() + pause


def _where(error: BaseException) -> str:
    """The place in the code, without the error's text, which may quote data."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno}" if trace else ""
