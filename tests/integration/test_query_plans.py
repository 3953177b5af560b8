"""Every question that notifications puts to MongoDB in its daily work is answered by an index, and needs no sorting.

The driver tells what was really asked; `explain` tells how it is answered. Small data shows it as well as large: a
plan that has to read or sort everything has to do so at any size. The same is held for scheduling by
tests/component/scheduling/test_no_scans.py and for members by tests/component/members/test_indexes.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.database import Database

from chassis.messaging.mongo.collections import ensure_collections
from chassis.storage.documents import Kind
from chassis.storage.mongo import MongoStore, open_database
from contracts.scheduling_events import MeetingFacts
from notifications import bootstrap as notifications
from notifications.adapters.delivery_counts import MongoCounter
from notifications.adapters.mongo_queue import MongoQueue
from notifications.application.receipts import fold_receipts, put_by
from notifications.domain.delivery import DELIVERIES, Channel
from notifications.domain.receipt import Receipt
from notifications.web.parts import EDGE
from tests.component.notifications.test_web import COMMUNE, Web
from tests.component.notifications.test_web import MEETING as MEETING_ID
from tests.component.notifications.world import Clock, cancelled, facts, moved, scheduled
from tests.support.platform import Namespace
from tests.support.query_plans import Recorder, costly, hearing_new_clients

pytestmark = pytest.mark.embedded

SMALL = frozenset({"signing_keys_seen", "leases", "progress"})
"""Collections of a handful of documents for ever: reading them whole is no scan that grows."""


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


Open = Callable[[str, Sequence[Kind[Any]]], Database[dict[str, Any]]]


@pytest.fixture
def opened(namespace: Namespace, recorder: Recorder) -> Iterator[Open]:
    """A service's database, empty, whose every command the recorder hears."""
    clients: list[MongoClient[Any]] = []

    def open_as(service: str, kinds: Sequence[Kind[Any]]) -> Database[dict[str, Any]]:
        access = namespace.mongo(service)
        with hearing_new_clients(recorder):
            database = open_database(access.uri, access.database, app="query-plans")
        clients.append(database.client)
        ensure_collections(database, kinds)
        for kind in kinds:
            database[kind.name].delete_many({})
        return database

    yield open_as
    for client in clients:
        client.close()


def what_costs(database: Database[dict[str, Any]], recorder: Recorder) -> set[str]:
    asked = [one for one in recorder.asked() if one.collection not in SMALL]
    assert asked, "nothing was asked"
    return costly(database.client, database.name, asked)


def test_no_question_of_notifications_reads_or_sorts_more_than_it_answers(opened: Open, recorder: Recorder) -> None:
    database = opened("notifications", notifications.KINDS)
    queue = MongoQueue(database)
    web = Web(store=MongoStore(database), clock=Clock(queue.now()), make_queue=lambda store, clock: queue)
    web.app.extensions[EDGE] = replace(web.edge, counter=MongoCounter(database))
    people = web.people(60, mail=True)
    with recorder.listening():
        web.hear(scheduled(people, meeting_id=MEETING_ID, meeting=_soon(web)))
        web.deliver()
        web.deliver(Channel.EMAIL)
        _report(web)
        web.hear(moved(_soon(web).starts_at, meeting_id=MEETING_ID).model_copy(update={"meeting": _soon(web)}))
        web.deliver()
        web.reply("1", phone="0910000000")
        web.hear(cancelled(meeting_id=MEETING_ID).model_copy(update={"meeting": _soon(web)}))
        web.deliver()
        secretary = web.secretary()
        for path in ("/v1/deliveries", f"/v1/deliveries?about={MEETING_ID}", "/v1/replies", "/v1/costs"):
            secretary.get(path)
    assert what_costs(database, recorder) == set()


def _soon(web: Web) -> MeetingFacts:
    return facts(starts_at=web.clock.now + timedelta(days=7)).model_copy(update={"unit_id": COMMUNE})


def _report(web: Web) -> None:
    """A receipt for each, folded in."""
    rows = web.store.find(DELIVERIES, {"about": MEETING_ID}, sort=(("person_id", 1), ("_id", 1)))
    web.store.commit(put_by([Receipt(row.id, True, "id", 850) for row in rows], web.clock()))
    changes, count = fold_receipts(web.store, web.context())
    assert count == len(rows)
    web.store.commit(changes)
