"""A lease is over for its holder before it is over for the database."""

from __future__ import annotations

import pytest

from chassis.failures import Unavailable
from chassis.messaging.lease import Holding, Lease, LeaseLost
from chassis.messaging.memory.lease import MemoryLeaseTable


class Clock:
    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


class SlowTable:
    """A table that answers after a while, or not at all."""

    def __init__(self, clock: Clock, takes: float) -> None:
        self._clock, self.takes, self.away = clock, takes, False
        self._table = MemoryLeaseTable(clock)

    def take(self, name: str, holder: str, seconds: float) -> Holding | None:
        if self.away:
            raise Unavailable("for a test")
        holding = self._table.take(name, holder, seconds)
        self._clock.seconds += self.takes
        return holding

    def give_up(self, name: str, holder: str) -> None:
        self._table.give_up(name, holder)

    def announce_late(self, name: str) -> None:
        self._table.announce_late(name)


def test_the_holder_counts_from_before_it_asked() -> None:
    clock = Clock()
    lease = Lease(SlowTable(clock, takes=5.0), "relay", "me", seconds=6.0, monotonic=clock)
    assert lease.acquire()
    assert lease.held
    clock.seconds += 0.5
    assert not lease.held, "six seconds, less a tenth, from the question and not from its answer"
    with pytest.raises(LeaseLost):
        lease.require()


def test_what_its_holder_begins_bears_a_time_within_its_term_whatever_his_own_clock_says() -> None:
    clock, mine = Clock(), Clock()
    table = MemoryLeaseTable(clock)
    mine.seconds = 7_000.0
    lease = Lease(table, "relay", "me", seconds=6.0, monotonic=mine)
    lease.acquire()
    assert lease.require().timestamp() == 100.0
    mine.seconds += 5.0
    assert lease.require().timestamp() == 105.0
    mine.seconds += 1.0
    with pytest.raises(LeaseLost):
        lease.require()


def test_keeping_it_asks_only_now_and_then() -> None:
    clock = Clock()
    table = SlowTable(clock, takes=0.0)
    lease = Lease(table, "relay", "me", seconds=6.0, monotonic=clock)
    lease.acquire()
    table.away = True
    clock.seconds += 1.9
    lease.keep()
    table.away = False
    clock.seconds += 0.2
    lease.keep()
    clock.seconds += 5.0
    assert lease.held


def test_a_database_that_is_away_is_borne_until_the_lease_runs_out() -> None:
    clock = Clock()
    table = SlowTable(clock, takes=0.0)
    lease = Lease(table, "relay", "me", seconds=6.0, monotonic=clock)
    lease.acquire()
    table.away = True
    clock.seconds += 5.0
    lease.keep()
    clock.seconds += 0.5
    with pytest.raises(LeaseLost):
        lease.keep()


def test_a_holder_that_overslept_and_lost_it_to_nobody_goes_on() -> None:
    clock = Clock()
    lease = Lease(MemoryLeaseTable(clock), "relay", "me", seconds=6.0, monotonic=clock)
    lease.acquire()
    clock.seconds += 3600
    lease.keep()
    assert lease.held


def test_what_was_never_held_cannot_be_kept() -> None:
    lease = Lease(MemoryLeaseTable(Clock()), "relay", "me")
    with pytest.raises(LeaseLost):
        lease.keep()
    lease.release()
