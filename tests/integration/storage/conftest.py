"""The store in memory and on MongoDB: one suite for both, so that the twin cannot drift."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chassis.messaging.mongo.collections import ensure_collections
from chassis.storage.memory import MemoryStore
from chassis.storage.mongo import MongoStore, open_database
from chassis.storage.store import Store
from tests.integration.storage.shelf import KINDS
from tests.support.platform import Namespace


@pytest.fixture(scope="module")
def mongo_store(namespace: Namespace) -> Iterator[MongoStore]:
    access = namespace.mongo("members")
    database = open_database(access.uri, access.database, app="tests")
    ensure_collections(database, KINDS)
    yield MongoStore(database)
    database.client.close()


@pytest.fixture(params=["memory", pytest.param("real", marks=pytest.mark.embedded)])
def store(request: pytest.FixtureRequest) -> Store:
    """An empty store."""
    if request.param == "memory":
        return MemoryStore()
    store: MongoStore = request.getfixturevalue("mongo_store")
    for kind in KINDS:
        store.database[kind.name].delete_many({})
    return store
