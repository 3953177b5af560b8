"""The platform's own access control: what the services cannot do, whatever their code tries."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
from kafka.admin import NewTopic
from kafka.errors import GroupAuthorizationFailedError, KafkaError, TopicAuthorizationFailedError
from pymongo import MongoClient
from pymongo.errors import OperationFailure

from deploy.local import access_control
from deploy.local.access_control import TopicAccess, topic_acls
from tests.support.eventually import eventually
from tests.support.platform import (
    EmbeddedTestPlatform,
    Namespace,
    Platform,
    embedded_platform,
    namespace_on,
)

pytestmark = pytest.mark.embedded

UNITS = "members.units.v1"
CONTACTS = "members.contacts.v1"


@pytest.fixture(scope="module")
def guarded(platform: Platform, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedTestPlatform]:
    """The embedded platform, also where the other tests run on servers without access control."""
    if isinstance(platform, EmbeddedTestPlatform):
        yield platform
    else:
        with embedded_platform(Path(tmp_path_factory.mktemp("guarded"))) as own:
            yield own


@pytest.fixture(scope="module")
def room(guarded: EmbeddedTestPlatform) -> Iterator[Namespace]:
    with namespace_on(guarded) as own:
        admin = KafkaAdminClient(**own.kafka("admin").client_settings())
        admin.create_topics([NewTopic(own.topic(name), 1, 1) for name in (UNITS, CONTACTS)])
        admin.close()
        yield own


def produce(room: Namespace, user: str, topic: str) -> None:
    producer = KafkaProducer(**room.kafka(user).client_settings(), max_block_ms=1500, acks="all")
    try:
        producer.send(room.topic(topic), key=b"k", value=b"v").get(timeout=10)
    finally:
        producer.close()


def visible_topics(room: Namespace, user: str) -> set[str]:
    admin = KafkaAdminClient(**room.kafka(user).client_settings())
    try:
        return set(admin.list_topics())
    finally:
        admin.close()


def consume(room: Namespace, user: str, topic: str, group: str, within: float = 10) -> list[bytes]:
    consumer = KafkaConsumer(**room.kafka(user).client_settings(), group_id=group, auto_offset_reset="earliest")
    try:
        consumer.subscribe([room.topic(topic)])
        records: list[bytes] = []

        def some_came() -> bool:
            for batch in consumer.poll(timeout_ms=200).values():
                records.extend(record.value for record in batch)
            return bool(records)

        eventually(some_came, within)
        return records
    finally:
        consumer.close()


def test_the_owner_writes_and_a_named_reader_reads_under_his_own_group(room: Namespace) -> None:
    produce(room, "members", UNITS)
    assert consume(room, "scheduling", UNITS, group=room.topic("scheduling"))[0] == b"v"


@pytest.mark.parametrize("user", ["scheduling", "notifications"])
def test_nobody_else_writes_a_topic(room: Namespace, user: str) -> None:
    with pytest.raises(TopicAuthorizationFailedError):
        produce(room, user, UNITS)


def test_who_is_not_named_does_not_read_contacts(room: Namespace) -> None:
    produce(room, "members", CONTACTS)
    assert consume(room, "notifications", CONTACTS, group=room.topic("notifications"))
    assert visible_topics(room, "notifications") >= {room.topic(CONTACTS)}
    assert room.topic(CONTACTS) not in visible_topics(room, "scheduling")
    with pytest.raises(AssertionError, match="not within"):  # the client only logs the refusal
        consume(room, "scheduling", CONTACTS, group=room.topic("scheduling"), within=1.5)


def test_nobody_joins_another_services_group(room: Namespace) -> None:
    produce(room, "members", UNITS)
    with pytest.raises(GroupAuthorizationFailedError):
        consume(room, "scheduling", UNITS, group=room.topic("notifications"))


def test_a_service_makes_no_topics(room: Namespace) -> None:
    admin = KafkaAdminClient(**room.kafka("members").client_settings())
    try:
        with pytest.raises(KafkaError):
            admin.create_topics([NewTopic(room.topic("members.smuggled.v1"), 1, 1)])
    finally:
        admin.close()


def test_writing_to_an_unknown_topic_does_not_make_it(room: Namespace) -> None:
    with pytest.raises(KafkaError):
        produce(room, "admin", "members.never-declared.v1")


def test_grants_become_exactly_the_wanted_ones(tmp_path: Path) -> None:
    with embedded_platform(tmp_path) as own:
        old = topic_acls([TopicAccess("old.v1", "members", ("scheduling",))])
        new = topic_acls([TopicAccess("new.v1", "scheduling", ("members",))])
        access_control.grant_exactly(own.kafka("admin"), old)
        access_control.grant_exactly(own.kafka("admin"), new)
        assert access_control.present_grants(own.kafka("admin")) == set(new)


def test_a_service_reads_its_own_database_and_no_other(room: Namespace) -> None:
    own, foreign = room.mongo("members"), room.mongo("scheduling")
    with MongoClient[dict[str, object]](own.uri) as client:
        client[own.database]["things"].insert_one({"_id": 1})
        assert client[own.database]["things"].find_one() == {"_id": 1}
        assert client.list_database_names() == [own.database]
        with pytest.raises(OperationFailure, match="not authorized"):
            client[foreign.database]["things"].find_one()
