"""The platform in containers, for machines that have Docker (TEST_BACKEND=docker).

KAFKA_IMAGE and MONGO_IMAGE name other images than the default ones.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from pymongo import MongoClient
from pymongo.errors import PyMongoError

from deploy.local.access import KafkaAccess
from deploy.local.embedded_mongod import TRANSACTION_LIFETIME_SECONDS
from tests.support.eventually import eventually
from tests.support.platform import OneUserPlatform

KAFKA_IMAGE = "confluentinc/cp-kafka:8.1.0"
MONGO_IMAGE = "mongo:8"
MONGO_PORT = 27017
REPLICA_SET = "tests"
FACTORS_OF_ONE = (
    "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR",
    "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR",
    "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR",
    "KAFKA_SHARE_COORDINATOR_STATE_TOPIC_REPLICATION_FACTOR",
    "KAFKA_SHARE_COORDINATOR_STATE_TOPIC_MIN_ISR",
)


@contextmanager
def docker_platform() -> Iterator[OneUserPlatform]:
    """Kafka and a one-node replica set in containers, without access control."""
    with _kafka() as bootstrap_servers, _mongo() as uri:
        yield OneUserPlatform(KafkaAccess(bootstrap_servers, "PLAINTEXT"), uri)


@contextmanager
def _kafka() -> Iterator[str]:
    from testcontainers.community.kafka import KafkaContainer

    container = KafkaContainer(os.environ.get("KAFKA_IMAGE", KAFKA_IMAGE)).with_kraft()
    for factor in FACTORS_OF_ONE:
        container.with_env(factor, "1")
    container.with_env("KAFKA_AUTO_CREATE_TOPICS_ENABLE", "false")
    container.start()
    try:
        yield container.get_bootstrap_server()
    finally:
        container.stop()


@contextmanager
def _mongo() -> Iterator[str]:
    from testcontainers.core.container import DockerContainer

    container = DockerContainer(os.environ.get("MONGO_IMAGE", MONGO_IMAGE))
    container.with_exposed_ports(MONGO_PORT).with_command(
        f"--replSet {REPLICA_SET} --bind_ip_all"
        f" --setParameter transactionLifetimeLimitSeconds={TRANSACTION_LIFETIME_SECONDS}"
    )
    container.start()
    try:
        address = f"{container.get_container_host_ip()}:{container.get_exposed_port(MONGO_PORT)}"
        # The set knows its member by the name inside the container; only a direct connection finds it.
        uri = f"mongodb://{address}/?directConnection=true"
        _initiate(uri)
        yield uri
    finally:
        container.stop()


def _initiate(uri: str) -> None:
    with MongoClient[dict[str, object]](uri, serverSelectionTimeoutMS=1000) as client:

        def initiated() -> bool:
            try:
                if not client.admin.command("hello").get("setName"):
                    member = {"_id": 0, "host": f"127.0.0.1:{MONGO_PORT}"}
                    client.admin.command("replSetInitiate", {"_id": REPLICA_SET, "members": [member]})
                return bool(client.admin.command("hello")["isWritablePrimary"])
            except PyMongoError:
                return False

        eventually(initiated, within=60, because="the replica set has no primary")
