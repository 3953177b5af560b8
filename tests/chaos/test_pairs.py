"""Broker and database hold every service to what is its own: each pair of service and topic, service and database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import KafkaError, TopicAuthorizationFailedError
from pymongo import MongoClient
from pymongo.errors import OperationFailure

from deploy.local.access import SERVICES
from deploy.local.access_control import TopicAccess, topics_of
from tests.chaos.conftest import Town
from tests.chaos.evidence import READ_BY

pytestmark = pytest.mark.timeout(240)

TOPICS = topics_of()


@pytest.fixture(scope="module", params=SERVICES)
def service(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def producer(town: Town, service: str) -> Iterator[KafkaProducer]:
    settings = town.stage.namespace.kafka(service).client_settings()
    made = KafkaProducer(acks="all", max_block_ms=3000, metrics_enabled=False, **settings)
    yield made
    made.close(timeout=0)


@pytest.fixture(scope="module")
def consumer(town: Town, service: str) -> Iterator[KafkaConsumer]:
    settings = town.stage.namespace.kafka(service).client_settings()
    made = KafkaConsumer(enable_auto_commit=False, metrics_enabled=False, **settings)
    yield made
    made.close()


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_only_the_owner_writes(town: Town, service: str, producer: KafkaProducer, topic: TopicAccess) -> None:
    if service == topic.owner:
        return  # the demo month proves that it may
    with pytest.raises(KafkaError):
        producer.send(town.stage.namespace.topic(topic.name), key=b"k", value=b"{}").get(timeout=10)


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_only_named_readers_read(town: Town, service: str, consumer: KafkaConsumer, topic: TopicAccess) -> None:
    name = town.stage.namespace.topic(topic.name)
    if service in topic.readers:
        assert consumer.partitions_for_topic(name)
        return
    consumer.assign([TopicPartition(name, 0)])
    consumer.seek(TopicPartition(name, 0), 0)
    if service == topic.owner:
        with pytest.raises(TopicAuthorizationFailedError):
            consumer.poll(timeout_ms=3000)
    else:
        assert not seen(consumer, name), "not even that it exists"
    consumer.assign([])


def seen(consumer: KafkaConsumer, name: str) -> bool:
    """Whether the broker tells of the topic; it may leave it out, or refuse by name."""
    try:
        return bool(consumer.partitions_for_topic(name))
    except TopicAuthorizationFailedError:
        return False


@pytest.mark.parametrize("other", SERVICES)
def test_only_the_owner_reads_and_writes_a_database(town: Town, service: str, other: str) -> None:
    own, foreign = town.stage.namespace.mongo(service), town.stage.namespace.mongo(other)
    with MongoClient[dict[str, object]](own.uri) as client:
        database = client[foreign.database]
        if service == other:
            assert database["outbox"].find_one() is not None or service == "notifications"
            return
        with pytest.raises(OperationFailure, match="not authorized"):
            database["outbox"].find_one()
        with pytest.raises(OperationFailure, match="not authorized"):
            database["smuggled"].insert_one({"_id": 1})
        assert foreign.database not in client.list_database_names()


def test_the_named_readers_of_a_topic_are_those_that_read_it() -> None:
    """A right that nobody uses is a way in: who handles nothing of a topic may not read it."""
    for topic in TOPICS:
        assert set(topic.readers) == {service for service, read in READ_BY.items() if topic.name in read}, topic.name
