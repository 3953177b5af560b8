"""The embedded Kafka and mongod keep what they were given: through a kill, and on another port."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import NewTopic
from pymongo import MongoClient

from deploy.local.embedded_platform import EmbeddedPlatform
from deploy.local.ports import free_port
from deploy.local.process_family import ProcessFamily
from tests.support.eventually import eventually
from tests.support.platform import JAR_CACHE

pytestmark = pytest.mark.embedded

TOPIC = "kept.v1"
Documents = MongoClient[dict[str, object]]


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("servers")


@pytest.fixture(scope="module")
def servers(directory: Path) -> Iterator[EmbeddedPlatform]:
    with ProcessFamily(directory / "log") as family:
        platform = EmbeddedPlatform(family, directory, JAR_CACHE)
        platform.start()
        admin = KafkaAdminClient(**platform.kafka_access("admin").client_settings())
        admin.create_topics([NewTopic(TOPIC, 1, 1)])
        admin.close()
        yield platform


def write(servers: EmbeddedPlatform, value: bytes) -> None:
    producer = KafkaProducer(**servers.kafka_access("admin").client_settings(), acks="all")
    producer.send(TOPIC, value).get(timeout=20)
    producer.close()


def read_all(servers: EmbeddedPlatform) -> list[bytes]:
    consumer = KafkaConsumer(**servers.kafka_access("admin").client_settings(), auto_offset_reset="earliest")
    partition = TopicPartition(TOPIC, 0)
    consumer.assign([partition])
    end = consumer.end_offsets([partition])[partition]
    values: list[bytes] = []

    def has_all() -> bool:
        for batch in consumer.poll(timeout_ms=100).values():
            values.extend(record.value for record in batch)
        return bool(consumer.position(partition) >= end)

    eventually(has_all)
    consumer.close()
    return values


def test_what_kafka_acknowledged_is_there_after_a_kill_and_on_another_port(servers: EmbeddedPlatform) -> None:
    before = read_all(servers)
    write(servers, b"one")
    servers.kafka.kill()
    servers.kafka.start()
    write(servers, b"two")
    servers.kafka.stop()
    servers.kafka.port = free_port()
    servers.kafka.start()
    assert read_all(servers) == [*before, b"one", b"two"]


def test_what_mongod_acknowledged_is_there_after_a_kill_and_on_another_port(servers: EmbeddedPlatform) -> None:
    with Documents(servers.mongo_access("members").uri) as client:
        client.members.kept.insert_one({"_id": "one"})
    servers.mongod.kill()
    servers.mongod.start()
    with Documents(servers.mongo_access("members").uri) as client:
        client.members.kept.insert_one({"_id": "two"})
    servers.mongod.stop()
    servers.mongod.port = free_port()
    servers.mongod.start()
    with Documents(servers.mongo_access("members").uri) as client:
        assert {one["_id"] for one in client.members.kept.find()} == {"one", "two"}


def test_mongod_has_transactions_and_change_streams(servers: EmbeddedPlatform) -> None:
    with Documents(servers.mongo_access("scheduling").uri) as client, client.scheduling.things.watch() as changes:
        with client.start_session() as session, session.start_transaction():
            client.scheduling.things.insert_one({"_id": 1}, session=session)
        assert eventually(changes.try_next)["documentKey"] == {"_id": 1}


def test_passwords_lie_in_files_for_their_owner_alone(servers: EmbeddedPlatform, directory: Path) -> None:
    for name in ("secrets.json", "kafka/server.properties", "mongod/keyfile"):
        assert stat.S_IMODE((directory / name).stat().st_mode) == 0o600
    assert not (directory / "kafka" / "format.arguments").exists()


def test_passwords_are_in_no_command_line(servers: EmbeddedPlatform) -> None:
    for server in (servers.kafka, servers.mongod):
        arguments = Path(f"/proc/{server.child.pid}/cmdline").read_text()
        for user in ("admin", "members", "scheduling", "notifications"):
            assert servers.kafka_access(user).password not in arguments
