"""A process killed between a transaction's first write and its commit keeps nobody from writing for long."""

from __future__ import annotations

import multiprocessing
import signal
import time
from collections.abc import Iterator
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.client_session import ClientSession

from chassis.failures import Unavailable
from chassis.storage.changes import Changes, Operation
from chassis.storage.documents import Document, Kind
from chassis.storage.mongo import MongoStore, open_database
from deploy.local.access import MongoAccess
from deploy.local.embedded_mongod import TRANSACTION_LIFETIME_SECONDS, EmbeddedMongod
from deploy.local.process_family import ProcessFamily

pytestmark = pytest.mark.embedded

LIFETIME_SECONDS = 3


class Thing(Document):
    name: str


THINGS = Kind("things", Thing)


class StopsHalfway(MongoStore):
    """Commits as every service does, up to behind the first write."""

    written: Event

    def _write(self, session: ClientSession, kind: Kind[Any], operation: Operation, rows: list[Any]) -> None:
        super()._write(session, kind, operation, rows)
        self.written.set()
        signal.pause()


def commit_half(access: MongoAccess, written: Event) -> None:
    store = StopsHalfway(open_database(access.uri, access.database, app="killed"))
    store.written = written
    store.commit(Changes().replace(THINGS, Thing(id="a", version=2, name="the killed one's")))


@pytest.fixture(scope="module")
def mongod(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedMongod]:
    directory: Path = tmp_path_factory.mktemp("mongod")
    with ProcessFamily(directory / "log") as family:
        server = EmbeddedMongod(family, directory, "root")
        server.start()
        yield server


@pytest.fixture
def access(mongod: EmbeddedMongod) -> MongoAccess:
    return mongod.give_database("members", "password", "members")


@pytest.fixture
def store(access: MongoAccess) -> Iterator[MongoStore]:
    database = open_database(access.uri, access.database, app="another")
    database.create_collection(THINGS.name)
    yield MongoStore(database)
    database.drop_collection(THINGS.name)
    database.client.close()


@pytest.fixture
def root(mongod: EmbeddedMongod) -> Iterator[MongoClient[dict[str, Any]]]:
    with MongoClient[dict[str, Any]](mongod.root_uri) as client:
        yield client


@pytest.fixture
def soon_over(root: MongoClient[dict[str, Any]]) -> Iterator[None]:
    """The configured limit is as good as this one, only longer than a test should be."""
    root.admin.command("setParameter", transactionLifetimeLimitSeconds=LIFETIME_SECONDS)
    yield
    root.admin.command("setParameter", transactionLifetimeLimitSeconds=TRANSACTION_LIFETIME_SECONDS)


def test_mongod_is_told_how_long_a_transaction_may_stay_open(root: MongoClient[dict[str, Any]]) -> None:
    said = root.admin.command("getParameter", transactionLifetimeLimitSeconds=1)
    assert said["transactionLifetimeLimitSeconds"] == TRANSACTION_LIFETIME_SECONDS


@pytest.mark.usefixtures("soon_over")
def test_what_a_killed_process_was_about_to_change_can_be_changed_once_the_limit_is_over(
    access: MongoAccess, store: MongoStore
) -> None:
    store.commit(Changes().insert(THINGS, Thing(id="a", name="the first one's")))
    spawning = multiprocessing.get_context("spawn")
    written = spawning.Event()
    half = spawning.Process(target=commit_half, args=(access, written))
    half.start()
    try:
        assert written.wait(30)
    finally:
        began = time.monotonic()
        half.kill()
        half.join(10)
    others = Changes().replace(THINGS, Thing(id="a", version=2, name="another's"))
    with pytest.raises(Unavailable):
        MongoStore(store.database, timeout_seconds=0.5).commit(others)
    store.commit(others)  # one call: the transaction is tried until the other one is gone
    assert time.monotonic() - began < 1.5 * LIFETIME_SECONDS + 2
    assert store.get(THINGS, "a") == Thing(id="a", version=2, name="another's")
