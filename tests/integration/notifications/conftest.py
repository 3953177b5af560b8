"""The notifications database on a real MongoDB, emptied between tests; and its twin in memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pymongo.database import Database

from chassis.messaging.mongo.collections import ensure_collections
from chassis.storage.mongo import MongoStore, open_database
from notifications.adapters.mongo_queue import MongoQueue
from notifications.bootstrap import KINDS
from tests.component.notifications.world import Clock, World
from tests.support.platform import Namespace


@pytest.fixture(scope="module")
def made_database(namespace: Namespace) -> Iterator[Database[dict[str, Any]]]:
    access = namespace.mongo("notifications").environment()
    database = open_database(access["MONGODB_URI"], access["MONGODB_DATABASE"], app="tests")
    ensure_collections(database, KINDS)
    yield database
    database.client.close()


@pytest.fixture
def database(made_database: Database[dict[str, Any]]) -> Database[dict[str, Any]]:
    for kind in KINDS:
        made_database[kind.name].delete_many({})
    return made_database


@pytest.fixture
def mongo_world(database: Database[dict[str, Any]]) -> World:
    """A world whose store and queue are MongoDB's and whose clock is the server's."""
    queue = MongoQueue(database)
    world = World(store=MongoStore(database), clock=Clock(queue.now()), make_queue=lambda store, clock: queue)
    world.units()
    return world
