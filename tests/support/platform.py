"""A real Kafka and a real MongoDB for the tests.

Taken in this order: the servers that KAFKA_BOOTSTRAP_SERVERS and MONGODB_URI name; containers where
TEST_BACKEND=docker; else the embedded ones, started once per run on free ports. A server that cannot
start fails the test: nothing is ever skipped.

    def test_something(namespace: Namespace) -> None:     # one per test module
        namespace.kafka("members").client_settings()      # for kafka-python
        namespace.mongo("members").uri                    # its own database alone
        namespace.environment("members")                  # for a process of the service
"""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from deploy.local import access_control
from deploy.local.access import ADMIN, KafkaAccess, MongoAccess
from deploy.local.access_control import Grant, TopicAccess, topic_acls
from deploy.local.embedded_platform import EmbeddedPlatform
from deploy.local.process_family import ProcessFamily

JAR_CACHE = Path(__file__).parents[2] / ".local" / "cache"


class Platform(Protocol):
    """A broker and a database server, whoever runs them."""

    has_access_control: bool

    def kafka(self, user: str) -> KafkaAccess:
        """How `admin` or a service reaches the broker."""

    def mongo(self, service: str, prefix: str) -> MongoAccess:
        """A database named `<prefix><service>`; where there is access control, with a user for it alone."""

    def drop(self, service: str, prefix: str) -> None:
        """Removes what `mongo` made."""


@dataclass
class Namespace:
    """Topics, groups and databases of its own on a shared platform, removed at its end."""

    platform: Platform
    topic_prefix: str
    database_prefix: str
    _grants: list[Grant] = field(default_factory=list)
    _databases: dict[str, MongoAccess] = field(default_factory=dict)

    @property
    def bootstrap_servers(self) -> str:
        return self.kafka(ADMIN).bootstrap_servers

    def topic(self, name: str) -> str:
        """The name with this namespace's prefix."""
        return self.topic_prefix + name

    def kafka(self, user: str) -> KafkaAccess:
        """How `admin`, `members`, `scheduling` or `notifications` reaches the broker."""
        return self.platform.kafka(user)

    def mongo(self, service: str) -> MongoAccess:
        """The service's database here; made with its user at the first call."""
        if service not in self._databases:
            self._databases[service] = self.platform.mongo(service, self.database_prefix)
        return self._databases[service]

    def allow(self, topics: Iterable[TopicAccess]) -> None:
        """Access control for further topics (unprefixed names), as for those in contracts/topics.yaml."""
        if self.platform.has_access_control:
            grants = topic_acls(topics, self.topic_prefix)
            access_control.grant(self.kafka(ADMIN), grants)
            self._grants += grants

    def environment(self, service: str, *, as_admin: bool = False) -> Mapping[str, str]:
        """The variables by which a process of `service` finds its platform.

        `as_admin` gives it the Kafka user who may create topics, as `migrate` needs."""
        return {
            **self.kafka(ADMIN if as_admin else service).environment(),
            **self.mongo(service).environment(),
            "TOPIC_PREFIX": self.topic_prefix,
        }

    def close(self) -> None:
        """Removes topics, grants, databases and users."""
        if self._grants:
            access_control.revoke(self.kafka(ADMIN), self._grants)
        _delete_topics(self.kafka(ADMIN), self.topic_prefix)
        for service in self._databases:
            self.platform.drop(service, self.database_prefix)


@contextmanager
def namespace_on(platform: Platform) -> Iterator[Namespace]:
    """A new namespace, in which the topics of contracts/topics.yaml may be used by those they name."""
    unique = f"t{secrets.token_hex(4)}"
    namespace = Namespace(platform, f"{unique}.", f"{unique}_")
    namespace.allow(access_control.topics_of())
    try:
        yield namespace
    finally:
        namespace.close()


@contextmanager
def running_platform() -> Iterator[Platform]:
    """The platform of this test run."""
    with ExitStack() as stack:
        if os.environ.get("KAFKA_BOOTSTRAP_SERVERS") and os.environ.get("MONGODB_URI"):
            yield _given_platform(os.environ)
        elif os.environ.get("TEST_BACKEND") == "docker":
            from tests.support.docker_platform import docker_platform

            yield stack.enter_context(docker_platform())
        else:
            directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="nhipdoan-"))
            yield stack.enter_context(embedded_platform(Path(directory)))


@contextmanager
def embedded_platform(directory: Path) -> Iterator[EmbeddedTestPlatform]:
    """Kafka and mongod of one's own, for tests that stop, kill or freeze them (`.kafka`, `.mongod`)."""
    with ProcessFamily(directory / "log") as family:
        servers = EmbeddedPlatform(family, directory, JAR_CACHE)
        servers.start()
        yield EmbeddedTestPlatform(servers)


class EmbeddedTestPlatform:
    """The embedded servers as a Platform."""

    has_access_control = True

    def __init__(self, servers: EmbeddedPlatform) -> None:
        self._servers = servers
        self.kafka_server = servers.kafka
        self.mongod = servers.mongod

    def kafka(self, user: str) -> KafkaAccess:
        return self._servers.kafka_access(user)

    def mongo(self, service: str, prefix: str) -> MongoAccess:
        return self._servers.mongo_access(service, prefix)

    def drop(self, service: str, prefix: str) -> None:
        self.mongod.take_database(prefix + service, prefix + service)


@dataclass(frozen=True)
class OneUserPlatform:
    """Servers where every service comes as the same user, or as none."""

    kafka_access: KafkaAccess
    mongo_uri: str
    has_access_control = False

    def kafka(self, user: str) -> KafkaAccess:
        return self.kafka_access

    def mongo(self, service: str, prefix: str) -> MongoAccess:
        return MongoAccess(self.mongo_uri, prefix + service)

    def drop(self, service: str, prefix: str) -> None:
        from pymongo import MongoClient

        with MongoClient[dict[str, object]](self.mongo_uri) as client:
            client.drop_database(prefix + service)


def _given_platform(environment: Mapping[str, str]) -> OneUserPlatform:
    return OneUserPlatform(
        KafkaAccess(
            environment["KAFKA_BOOTSTRAP_SERVERS"],
            environment.get("KAFKA_SECURITY_PROTOCOL", "PLAINTEXT"),
            environment.get("KAFKA_USERNAME", ""),
            environment.get("KAFKA_PASSWORD", ""),
        ),
        environment["MONGODB_URI"],
    )


def _delete_topics(access: KafkaAccess, prefix: str) -> None:
    from kafka import KafkaAdminClient

    admin = KafkaAdminClient(client_id="tests", **access.client_settings())
    try:
        topics = [name for name in admin.list_topics() if name.startswith(prefix)]
        if topics:
            admin.delete_topics(topics)
    finally:
        admin.close()
