"""Web processes on one database count tries together."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from pymongo.database import Database

from chassis.failures import Unavailable
from chassis.storage.mongo import open_database
from chassis.web.problems import ProblemRaised
from chassis.web.rate_limits import RateLimit, SharedCounts
from tests.support.platform import Namespace

pytestmark = pytest.mark.embedded

Databases = tuple[Database[dict[str, Any]], Database[dict[str, Any]]]
Processes = Callable[[str], tuple[RateLimit, RateLimit]]


@pytest.fixture(scope="module")
def databases(namespace: Namespace) -> Iterator[Databases]:
    """One database, as two web processes reach it: each with its own client."""
    access = namespace.mongo("members")
    first, second = (open_database(access.uri, access.database, app="tests") for _ in range(2))
    yield first, second
    first.client.close()
    second.client.close()


@pytest.fixture
def processes(databases: Databases) -> Processes:
    """The same limit in two processes."""

    def with_limit(rate: str) -> tuple[RateLimit, RateLimit]:
        first, second = (RateLimit(rate, SharedCounts(database)) for database in databases)
        return first, second

    return with_limit


def passes(limit: RateLimit, name: str) -> bool:
    try:
        limit.spend(name)
    except ProblemRaised as refused:
        if refused.told.status == 429:
            return False
        raise
    return True


def test_tries_at_one_process_count_at_the_other(processes: Processes) -> None:
    here, there = processes("3/minute")
    passed = [passes(limit, "hoa.nguyen") for limit in (here, there, here, there, here)]
    assert passed == [True, True, True, False, False]
    assert passes(there, "binh.tran")


def test_a_refusal_says_how_long_to_wait_and_that_is_enough(processes: Processes) -> None:
    here, there = processes("2/3seconds")
    assert passes(here, "an.le")
    assert passes(there, "an.le")
    with pytest.raises(ProblemRaised) as refused:
        there.spend("an.le")
    wait = int(refused.value.told.headers["Retry-After"])
    assert wait in range(1, 4)
    time.sleep(wait)  # as the caller was told: the window is real time, kept by two processes
    assert passes(there, "an.le")


@pytest.mark.parametrize("name", [f"first.tries.{n}" for n in range(20)])
def test_of_many_tries_at_once_exactly_so_many_pass(processes: Processes, name: str) -> None:
    """Also while the row of the key is being made, where MongoDB refuses the second of two first tries."""
    limits = processes("10/minute")
    with ThreadPoolExecutor(16) as together:
        passed = list(together.map(lambda n: passes(limits[n % 2], name), range(32)))
    assert sum(passed) == 10


def test_what_is_forgotten_at_one_process_is_forgotten_at_the_other(processes: Processes) -> None:
    here, there = processes("2/minute")
    assert [passes(here, "mai.vo") for _ in range(3)] == [True, True, False]
    there.forget("mai.vo")
    assert passes(here, "mai.vo")


def test_neither_name_nor_address_is_kept(processes: Processes, databases: Databases) -> None:
    here, _ = processes("3/minute")
    here.spend("lan.pham")
    rows = list(databases[0].rate_limits.find())
    assert rows
    assert "lan.pham" not in str(rows)


def test_without_the_database_nobody_is_let_in_uncounted() -> None:
    nowhere = open_database("mongodb://127.0.0.1:9/", "members", app="tests", socket_seconds=0.3)
    with nowhere.client, pytest.raises(Unavailable):
        RateLimit("3/minute", SharedCounts(nowhere)).spend("hoa.nguyen")
