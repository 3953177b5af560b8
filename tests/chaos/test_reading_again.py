"""The topics read again from the beginning by a consumer that begins anew, on the running system: no second SMS."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from kafka import KafkaConsumer, TopicPartition
from kafka.structs import OffsetAndMetadata
from pymongo.database import Database

from deploy.local.supervisor import Supervised
from tests.chaos.conftest import Town
from tests.chaos.evidence import READ_BY, Stores, lags, stores_of
from tests.support.eventually import eventually

pytestmark = pytest.mark.timeout(300)

CONSUME, DELIVER = "notifications-consume", "notifications-deliver"
OTHERS = ("notifications-relay", "notifications-timers")
AT_REST = {"due": {"$ne": None}, "state": {"$ne": "accepted"}}
Rows = list[dict[str, Any]]


@pytest.fixture
def stores(town: Town) -> Iterator[Stores]:
    with stores_of(town.stage) as opened:
        eventually(lambda: not opened.count("notifications", "deliveries", AT_REST), within=60)
        yield opened


@pytest.fixture
def database(stores: Stores) -> Database[dict[str, Any]]:
    return stores._databases["notifications"]


@contextmanager
def stopped(town: Town, *names: str) -> Iterator[list[Supervised]]:
    """These processes are not running, and run again afterwards, whatever happens."""
    supervisor = town.stage.system.supervisor
    for name in names:
        supervisor.programs[name].is_wanted = False
        supervisor.programs[name].child.stop(20)
    try:
        yield [supervisor.programs[name] for name in names]
    finally:
        start(town, *(name for name in names if not supervisor.programs[name].child.is_running))


def start(town: Town, *names: str) -> None:
    for name in names:
        town.stage.system.supervisor.start(town.stage.system.supervisor.programs[name].program)


def rewind(town: Town) -> None:
    """Nobody is in the group of notifications; it begins at the beginning of everything that it reads."""
    namespace = town.stage.namespace
    consumer = KafkaConsumer(
        group_id=namespace.topic_prefix + "notifications",
        enable_auto_commit=False,
        metrics_enabled=False,
        **namespace.kafka("notifications").client_settings(),
    )
    topics = [namespace.topic(name) for name in READ_BY["notifications"]]
    partitions = [TopicPartition(topic, n) for topic in topics for n in consumer.partitions_for_topic(topic)]
    consumer.assign(partitions)
    consumer.commit({at: OffsetAndMetadata(0, "", -1) for at in partitions})
    consumer.close()


def read_to_the_end(town: Town) -> None:
    eventually(lambda: lags(town.stage)["notifications"] == 0, within=90, pause=0.5)


def asked(sms: Sequence[dict[str, Any]]) -> int:
    """How often the gateway was asked to send, first times and repetitions."""
    return sum(int(one["request_id_count"]) for one in sms)


def test_a_consumer_with_an_empty_inbox_tells_nobody_again(
    town: Town, stores: Stores, database: Database[dict[str, Any]]
) -> None:
    before = {row["_id"]: row["state"] for row in stores.rows("notifications", "deliveries")}
    sms, letters = town.stage.inbox.messages(kind="sms"), stores.count("notifications", "dead_letters")
    known = stores.count("notifications", "inbox")
    with stopped(town, CONSUME):
        rewind(town)
        database["inbox"].delete_many({})
        database["consumer_progress"].delete_many({})
        start(town, CONSUME)
        read_to_the_end(town)
        eventually(lambda: not stores.count("notifications", "parked"), within=30)
    assert stores.count("notifications", "inbox") == known
    assert stores.count("notifications", "dead_letters") == letters
    after = {row["_id"]: row["state"] for row in stores.rows("notifications", "deliveries")}
    assert after.keys() == before.keys()
    told = town.stage.inbox.messages(kind="sms")
    assert (len(told), asked(told)) == (len(sms), asked(sms)), "the gateway was not even asked"


def test_an_empty_database_is_filled_from_the_topics_and_the_gateways_key_prevents_every_second_sms(
    town: Town, stores: Stores, database: Database[dict[str, Any]]
) -> None:
    """Everything is lost but the topics: what was sent comes into being under the ids it had. Whom contacts that came
    later let be reached now, he is told for the first time."""
    saved: dict[str, Rows] = {name: list(database[name].find()) for name in database.list_collection_names()}
    sent = {row["_id"] for row in saved["deliveries"] if row["state"] in ("accepted", "delivered")}
    sms = town.stage.inbox.messages(kind="sms")
    with stopped(town, CONSUME, DELIVER, *OTHERS):
        try:
            rewind(town)
            for name in saved:
                database[name].delete_many({})
            start(town, CONSUME, *OTHERS)
            read_to_the_end(town)
            eventually(lambda: not stores.count("notifications", "parked"), within=60)
            start(town, DELIVER)
            eventually(lambda: not stores.count("notifications", "deliveries", AT_REST), within=120)
            rows = {row["_id"]: row for row in stores.rows("notifications", "deliveries")}
        finally:
            _put_back(town, database, saved)
    events = {row["_id"] for row in saved["inbox"]}
    sent_for_events = {
        row["_id"]
        for row in saved["deliveries"]
        if row["_id"] in sent and f"notifications:{row['notice_id']}" in events
    }
    assert sent_for_events <= rows.keys()
    told = town.stage.inbox.messages(kind="sms")
    first_time = {one["request_id"] for one in told} - {one["request_id"] for one in sms}
    assert len(told) == len(sms) + len(first_time), "no RequestId led to a second SMS"
    assert not first_time & sent, "whom the former database had told, the new one did not tell under another id"
    assert first_time <= rows.keys()
    again = [
        id for id in sent_for_events if rows[id]["channel"] == "sms" and rows[id]["state"] in ("accepted", "delivered")
    ]
    assert asked(told) - asked(sms) >= len(again) > 50, "it was the key that prevented them"


def _put_back(town: Town, database: Database[dict[str, Any]], saved: dict[str, Rows]) -> None:
    """As it was, for whoever looks at the town next. The group has read to the end, as it had."""
    with stopped(town, CONSUME, DELIVER, *OTHERS):
        for name, rows in saved.items():
            database[name].delete_many({})
            if rows:
                database[name].insert_many(rows)
