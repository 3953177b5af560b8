"""Timers run when they are due, by who holds the lease, and one that fails stops no other."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from chassis.context import Context
from chassis.failures import Unavailable
from chassis.messaging.lease import Lease, LeaseLost
from chassis.messaging.memory.lease import MemoryLeaseTable
from chassis.messaging.timers import Timer, Timers
from chassis.runtime.shutdown import Shutdown
from chassis.storage.memory import MemoryStore
from chassis.storage.store import Store


class Clock:
    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


class Bench:
    def __init__(self, *timers: Timer) -> None:
        self.clock = Clock()
        self.table = MemoryLeaseTable(self.clock)
        self.lease = Lease(self.table, "timers", "me", monotonic=self.clock)
        self.lease.acquire()
        self.stop = Shutdown()
        self.timers = Timers(
            timers,
            MemoryStore(),
            self.lease,
            self.stop,
            clock=lambda: datetime(2026, 3, 1, tzinfo=UTC),
            monotonic=self.clock,
        )


def counted(runs: list[Context], error: Exception | None = None) -> Timer:
    def run(store: Store, context: Context) -> int:
        runs.append(context)
        if error is not None:
            raise error
        return 1

    return Timer(f"timer {id(runs)}", 10.0, run)


def test_a_timer_runs_at_once_and_then_every_so_many_seconds() -> None:
    runs: list[Context] = []
    bench = Bench(counted(runs))
    for seconds in (0, 1, 8.9, 0.2):
        bench.clock.seconds += seconds
        bench.timers.turn()
    assert len(runs) == 2
    assert runs[0].now == datetime(2026, 3, 1, tzinfo=UTC)
    assert runs[0].cause.correlation_id != runs[1].cause.correlation_id


def test_a_timer_that_fails_stops_no_other_and_runs_again_in_its_time() -> None:
    broken: list[Context] = []
    fine: list[Context] = []
    bench = Bench(counted(broken, RuntimeError("a bug")), counted(fine))
    assert bench.timers.turn() == 2
    assert (len(broken), len(fine)) == (1, 1)
    bench.clock.seconds += 10
    bench.timers.turn()
    assert (len(broken), len(fine)) == (2, 2)


def test_a_timer_whose_database_was_away_is_tried_again_sooner() -> None:
    runs: list[Context] = []
    bench = Bench(counted(runs, Unavailable("for a test")))
    bench.timers.turn()
    bench.clock.seconds += 1.1
    bench.timers.turn()
    assert len(runs) == 2


def test_without_the_lease_nothing_runs() -> None:
    runs: list[Context] = []
    bench = Bench(counted(runs))
    bench.clock.seconds += 60
    assert Lease(bench.table, "timers", "another", monotonic=bench.clock).acquire()
    with pytest.raises(LeaseLost):
        bench.timers.turn()
    assert runs == []


def test_asked_to_end_it_ends() -> None:
    bench = Bench()
    bench.stop.ask()
    bench.timers.run()
