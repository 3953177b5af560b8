"""Broker and database hold every service to what is its own: each pair of service and topic, service and database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import GroupAuthorizationFailedError, KafkaError, TopicAuthorizationFailedError
from kafka.structs import OffsetAndMetadata
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


@pytest.mark.parametrize("other", SERVICES)
def test_nobody_reads_or_commits_under_anothers_group(town: Town, service: str, other: str) -> None:
    """Else one could set another's offsets forward, and what lies between would be lost to it."""
    if service == other:
        return  # the demo month proves that it may
    settings = town.stage.namespace.kafka(service).client_settings()
    group = town.stage.namespace.topic_prefix + other
    readable = next(topic for topic in TOPICS if service in topic.readers)
    at = TopicPartition(town.stage.namespace.topic(readable.name), 0)
    consumer = KafkaConsumer(group_id=group, enable_auto_commit=False, metrics_enabled=False, **settings)
    consumer.assign([at])
    with pytest.raises(GroupAuthorizationFailedError):
        consumer.commit({at: OffsetAndMetadata(10**6, "", -1)}, timeout_ms=5000)
    consumer.close()


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_no_service_deletes_a_topic_not_even_its_own(town: Town, service: str, topic: TopicAccess) -> None:
    admin = KafkaAdminClient(**town.stage.namespace.kafka(service).client_settings())
    try:
        with pytest.raises(KafkaError):
            admin.delete_topics([town.stage.namespace.topic(topic.name)])
    finally:
        admin.close()


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
        with pytest.raises(OperationFailure, match="not authorized"):
            database["outbox"].delete_many({})
        with pytest.raises(OperationFailure, match="not authorized"):
            database["outbox"].drop()
        with pytest.raises(OperationFailure, match="not authorized"):
            database.watch().close()
        with pytest.raises(OperationFailure, match="not authorized"):
            client.admin.command("createUser", "smuggler", pwd="x", roles=[])
        assert foreign.database not in client.list_database_names()


def test_the_named_readers_of_a_topic_are_those_that_read_it() -> None:
    """A right that nobody uses is a way in: who handles nothing of a topic may not read it."""
    for topic in TOPICS:
        assert set(topic.readers) == {service for service, read in READ_BY.items() if topic.name in read}, topic.name
