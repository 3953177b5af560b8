"""What the adapters do on the servers beyond what their twins know: topics, collections, alarm, closing."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType
from pymongo.database import Database

from chassis.failures import Unavailable
from chassis.messaging.kafka.connection import KafkaConnection
from chassis.messaging.kafka.producer import KafkaPublisher
from chassis.messaging.kafka.topics import WrongPartitions, ensure_topics
from chassis.messaging.kinds import MESSAGING_KINDS
from chassis.messaging.mongo.collections import ensure_collections
from chassis.messaging.mongo.outbox_rows import MongoOutboxRows, OutboxAlarm
from chassis.messaging.outbox import publish
from chassis.storage.changes import Changes
from chassis.storage.documents import Document, Index, Kind
from chassis.storage.mongo import MongoStore, open_database
from deploy.local.access_control import TopicAccess
from tests.integration.messaging.playthings import (
    PUBLISHER,
    READER,
    TOPICS,
    MeetingMoved,
    message,
    schedule,
    unit,
)
from tests.support.platform import Namespace

pytestmark = pytest.mark.embedded


def connection(namespace: Namespace, user: str) -> KafkaConnection:
    access = namespace.kafka(user)
    return KafkaConnection(
        access.bootstrap_servers,
        access.security_protocol,
        access.username or None,
        access.password or None,
        namespace.topic_prefix,
    )


@pytest.fixture(scope="module")
def database(namespace: Namespace) -> Iterator[Database[dict[str, Any]]]:
    access = namespace.mongo(PUBLISHER)
    database = open_database(access.uri, access.database, app="tests")
    ensure_collections(database, MESSAGING_KINDS)
    yield database
    database.client.close()


def test_topics_are_made_as_the_contract_says_and_again_without_harm(namespace: Namespace) -> None:
    admin = connection(namespace, "admin")
    topics = [replace(topic, name=f"new.{topic.name}") for topic in TOPICS]
    events_name, units_name = (namespace.topic(topic.name) for topic in topics)
    with ThreadPoolExecutor(2) as at_once:
        made = list(at_once.map(lambda _: ensure_topics(admin, topics), range(2)))
    assert {name for names in made for name in names} == {events_name, units_name}
    assert ensure_topics(admin, topics) == []

    client = KafkaAdminClient(**admin.client_settings())
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in (events_name, units_name)]
    told = client.describe_configs(resources)["topic"]
    counts = {found["name"]: len(found["partitions"]) for found in client.describe_topics(list(told))}
    client.close()
    events, units = told[events_name], told[units_name]
    assert (counts[events_name], counts[units_name]) == (3, 2)
    assert events["retention.ms"]["value"] == str(14 * 24 * 3600 * 1000)
    assert units["cleanup.policy"]["value"] == "compact"
    assert units["max.compaction.lag.ms"]["value"] == str(24 * 3600 * 1000)
    assert units["message.timestamp.before.max.ms"]["value"] == str(10 * 60 * 1000)


def test_another_number_of_partitions_is_an_error_and_changes_nothing(namespace: Namespace) -> None:
    admin = connection(namespace, "admin")
    ensure_topics(admin, TOPICS)
    with pytest.raises(WrongPartitions, match="has 3 partitions, the contract says 6"):
        ensure_topics(admin, [replace(TOPICS[0], partitions=6)])


def test_no_broker_is_told_as_unavailable() -> None:
    nobody = KafkaConnection("127.0.0.1:9")
    with pytest.raises(Unavailable):
        KafkaPublisher(nobody, PUBLISHER)


def test_a_publisher_is_dropped_at_once_with_all_it_holds(namespace: Namespace) -> None:
    ensure_topics(connection(namespace, "admin"), TOPICS)
    namespace.allow(TopicAccess(topic.name, PUBLISHER, (READER,)) for topic in TOPICS)
    publisher = KafkaPublisher(connection(namespace, PUBLISHER), PUBLISHER)
    moved = [message(MeetingMoved(meeting_id=f"m-{n}", number=1), f"m-{n}", 1) for n in range(2000)]
    publisher.send(moved, datetime.now(UTC))
    began = time.monotonic()
    publisher.close(0)
    assert time.monotonic() - began < 5


def test_a_topic_that_is_not_there_begins_nothing(namespace: Namespace) -> None:
    publisher = KafkaPublisher(connection(namespace, PUBLISHER), PUBLISHER)
    unheard_of = replace(message(MeetingMoved(meeting_id="m", number=1), "m", 1), topic="no.such.topic")
    try:
        with pytest.raises(Unavailable):
            publisher.send([unheard_of], datetime.now(UTC))
    finally:
        publisher.close()


class Thing(Document):
    name: str = ""


def test_collections_and_indexes_are_made_once_and_follow_their_options(database: Database[dict[str, Any]]) -> None:
    def things(index: Index) -> list[Kind[Any]]:
        return [Kind("things", Thing, (index,))]

    assert ensure_collections(database, things(Index((("name", 1),)))) == ["things"]
    assert ensure_collections(database, things(Index((("name", 1),)))) == []
    assert "unique" not in database["things"].index_information()["name_1"]
    ensure_collections(database, things(Index((("name", 1),), unique=True, only={"name": {"$gt": ""}})))
    told = database["things"].index_information()["name_1"]
    assert told["unique"]
    assert told["partialFilterExpression"] == {"name": {"$gt": ""}}


def test_messaging_has_the_indexes_that_expire_what_is_done_with(database: Database[dict[str, Any]]) -> None:
    expiring = {
        name: [
            index["expireAfterSeconds"]
            for index in database[name].index_information().values()
            if "expireAfterSeconds" in index
        ]
        for name in ("outbox", "inbox", "parked", "dead_letters")
    }
    assert expiring == {"outbox": [3 * 24 * 3600], "inbox": [45 * 24 * 3600], "parked": [], "dead_letters": []}


def test_the_alarm_rings_when_something_is_written_to_the_outbox(database: Database[dict[str, Any]]) -> None:
    database.create_collection("meetings")
    store = MongoStore(database)
    alarm = OutboxAlarm(database)
    alarm.wait(0.1)

    def rings_before_its_time(number: int) -> bool:
        with ThreadPoolExecutor(1) as another:
            began = time.monotonic()
            waiting = another.submit(alarm.wait, 5.0)
            schedule(store, f"m-{time.monotonic_ns()}-{number}", "u-1")
            waiting.result()
        return time.monotonic() - began < 2.0

    assert all(rings_before_its_time(number) for number in range(3))
    began = time.monotonic()
    alarm.wait(0.2)
    assert time.monotonic() - began >= 0.1, "and not without one"
    alarm.close()


def test_the_alarm_only_waits_where_there_is_no_stream() -> None:
    nowhere = open_database("mongodb://127.0.0.1:9/", "none", app="tests", socket_seconds=0.1)
    began = time.monotonic()
    OutboxAlarm(nowhere).wait(0.3)
    waited = time.monotonic() - began
    nowhere.client.close()
    assert 0.25 <= waited < 3


def test_a_relay_with_a_wrong_clock_hides_nothing_of_what_it_sent(database: Database[dict[str, Any]]) -> None:
    rows = MongoOutboxRows(database)
    sent = unit("u-wrong-clock", 1)
    MongoStore(database).commit(publish(Changes(), sent))
    with time_machine.travel(datetime.now(UTC) - timedelta(hours=3), tick=True):
        rows.mark_published([sent.id])
    found = rows.latest_published([sent.topic], 60.0, lambda: None)
    assert [one.id for one in found if one.key == "u-wrong-clock"] == [sent.id]
