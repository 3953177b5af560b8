"""A relay that has just got the lease makes good, before anything else, what its predecessor may have spoilt."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from chassis.failures import Unavailable
from chassis.messaging.lease import Holding, Lease, LeaseLost
from chassis.runtime.shutdown import Shutdown
from tests.integration.messaging.playthings import UNITS, tell_of, unit
from tests.integration.messaging.stage import MemoryBackend, Stage


class EndsAfterOneWait:
    """There is nothing to publish: time to end."""

    def __init__(self, stop: Shutdown) -> None:
        self._stop = stop

    def wait(self, seconds: float) -> None:
        self._stop.ask()


def test_a_relay_that_runs_begins_by_publishing_the_recent_states_again() -> None:
    stage = Stage(MemoryBackend())
    lease = stage.lease()
    before = stage.relay(lease=lease)
    for told in (unit("u-1", 1), unit("u-1", 2), unit("u-2", 1)):
        tell_of(stage.publishing, told)
        before.round()
    lease.release()
    stop = Shutdown()
    stage.relay().run(stop, EndsAfterOneWait(stop))
    log = [(record.key, dict(record.headers)["ce_sequence"]) for record in stage.backend.log(UNITS)]
    assert sorted(log) == [(b"u-1", b"1"), (b"u-1", b"2"), (b"u-1", b"2"), (b"u-2", b"1"), (b"u-2", b"1")]


class Away:
    """A table that answers once and is then away."""

    def __init__(self) -> None:
        self._answers = [Holding(term=1, late=0, at=datetime.now(UTC))]

    def take(self, name: str, holder: str, seconds: float) -> Holding | None:
        if not self._answers:
            raise Unavailable("the database is away")
        return self._answers.pop()

    def give_up(self, name: str, holder: str) -> None:
        raise Unavailable("the database is away")

    def announce_late(self, name: str) -> None:
        raise Unavailable("the database is away")


def test_a_database_that_is_away_is_borne_until_the_lease_runs_out_and_not_a_moment_longer() -> None:
    now = [100.0]
    lease = Lease(Away(), "relay", "one", seconds=6.0, monotonic=lambda: now[0])
    assert lease.acquire()
    now[0] += 5.0
    lease.keep()
    assert lease.held
    now[0] += 0.5
    assert not lease.held
    with pytest.raises(LeaseLost):
        lease.keep()
    with pytest.raises(LeaseLost):
        lease.require()
