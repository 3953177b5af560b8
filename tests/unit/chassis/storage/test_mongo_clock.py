"""The database's clock, counted on between the questions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from pymongo.database import Database
from pymongo.errors import AutoReconnect

from chassis.failures import Unavailable
from chassis.storage.mongo_clock import ASKED_EVERY_SECONDS, MongoClock

NOON = datetime(2026, 6, 8, 12, tzinfo=UTC)


class Server:
    """Answers `hello` with its own time, and counts the questions."""

    codec_options = None

    def __init__(self) -> None:
        self.now, self.asked, self.away = NOON, 0, False

    def command(self, name: str, **_: Any) -> dict[str, Any]:
        assert name == "hello"
        self.asked += 1
        if self.away:
            raise AutoReconnect("gone")
        return {"localTime": self.now}


class Ticking:
    """This machine's monotonic clock."""

    def __init__(self) -> None:
        self.seconds = 50.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def ticking() -> Ticking:
    return Ticking()


@pytest.fixture
def clock(server: Server, ticking: Ticking) -> MongoClock:
    return MongoClock(cast(Database[dict[str, Any]], server), monotonic=ticking)


def test_it_tells_the_databases_time_and_counts_on_by_itself(
    clock: MongoClock, server: Server, ticking: Ticking
) -> None:
    assert clock() == NOON
    ticking.seconds += 3
    assert clock() == NOON + timedelta(seconds=3)
    assert server.asked == 1


def test_it_asks_again_now_and_then_so_that_a_corrected_clock_is_followed(
    clock: MongoClock, server: Server, ticking: Ticking
) -> None:
    clock()
    server.now = NOON - timedelta(seconds=90)
    ticking.seconds += ASKED_EVERY_SECONDS
    assert clock() == server.now
    assert server.asked == 2


def test_without_a_database_it_does_not_guess(clock: MongoClock, server: Server, ticking: Ticking) -> None:
    clock()
    ticking.seconds += ASKED_EVERY_SECONDS - 1
    server.away = True
    assert clock() == NOON + timedelta(seconds=ASKED_EVERY_SECONDS - 1), "it was asked a moment ago"
    ticking.seconds += 1
    with pytest.raises(Unavailable):
        clock()
