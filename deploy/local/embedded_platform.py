"""Kafka and mongod together, with a user for each service."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from deploy.local import kafka_distribution
from deploy.local.access import ADMIN, SERVICES, KafkaAccess, MongoAccess
from deploy.local.embedded_kafka import EmbeddedKafka
from deploy.local.embedded_mongod import EmbeddedMongod
from deploy.local.process_family import ProcessFamily
from deploy.local.secret_store import SecretStore

SECURITY_PROTOCOL = "SASL_PLAINTEXT"


def embedded_kafka(
    family: ProcessFamily,
    data: Path,
    cache: Path,
    secret_store: SecretStore,
    *,
    port: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> EmbeddedKafka:
    """A broker that knows the admin and one user per service; it is not started yet."""
    passwords = {user: secret_store.get(f"kafka-{user}") for user in (ADMIN, *SERVICES)}
    jars = kafka_distribution.fetch(cache, progress)
    return EmbeddedKafka(family, jars, data / "kafka", passwords, port=port)


def embedded_mongod(family: ProcessFamily, data: Path, secret_store: SecretStore, port: int = 0) -> EmbeddedMongod:
    """A database server; it is not started yet."""
    return EmbeddedMongod(family, data / "mongod", secret_store.get("mongo-root"), port)


class EmbeddedPlatform:
    """Both servers, started side by side (about 3 s) and ended together."""

    def __init__(
        self, family: ProcessFamily, data: Path, cache: Path, kafka_port: int = 0, mongo_port: int = 0
    ) -> None:
        """`cache` holds the downloaded JARs and is shared by runs and tests; `data` is of this one."""
        self._secrets = SecretStore(data / "secrets.json")
        self.kafka = embedded_kafka(family, data, cache, self._secrets, port=kafka_port)
        self.mongod = embedded_mongod(family, data, self._secrets, mongo_port)

    def start(self) -> None:
        """Raises CannotStart with the server's last words."""
        self.kafka.launch()
        self.mongod.start()
        self.kafka.wait_until_ready()

    def stop(self) -> None:
        self.kafka.stop()
        self.mongod.stop()

    def kafka_access(self, user: str) -> KafkaAccess:
        """`user` is `admin` or a service."""
        password = self._secrets.get(f"kafka-{user}")
        return KafkaAccess(self.kafka.bootstrap_servers, SECURITY_PROTOCOL, user, password)

    def mongo_access(self, service: str, prefix: str = "") -> MongoAccess:
        """The service's own database, with its user; both bear `prefix` before the service's name."""
        name = prefix + service
        return self.mongod.give_database(name, self._secrets.get(f"mongo-{service}"), name)
