"""How a process reaches the broker, as whom, and under which prefix its topics and groups live."""

from __future__ import annotations

import socket
from dataclasses import dataclass, field
from typing import Any

from chassis.failures import Unavailable
from chassis.messaging.settings import MessagingSettings, revealed

_CONNECT_SECONDS = 2.0


@dataclass(frozen=True)
class KafkaConnection:
    """`security_protocol`: SASL_PLAINTEXT or SASL_SSL (SCRAM-SHA-512), SSL or PLAINTEXT."""

    bootstrap_servers: str
    security_protocol: str = "PLAINTEXT"
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    prefix: str = ""

    @classmethod
    def of(cls, settings: MessagingSettings) -> KafkaConnection:
        return cls(
            settings.kafka_bootstrap_servers,
            settings.kafka_security_protocol,
            settings.kafka_username,
            revealed(settings.kafka_password),
            settings.topic_prefix,
        )

    def client_settings(self) -> dict[str, Any]:
        """Keyword arguments of every kafka-python client."""
        settings: dict[str, Any] = {
            "bootstrap_servers": self.bootstrap_servers.split(","),
            "security_protocol": self.security_protocol,
            # A broker that comes back is met within a second, not within the half minute of the default.
            "reconnect_backoff_max_ms": 1_000,
        }
        if self.security_protocol.startswith("SASL_"):
            settings |= {
                "sasl_mechanism": "SCRAM-SHA-512",
                "sasl_plain_username": self.username,
                "sasl_plain_password": self.password,
            }
        return settings

    def require_reachable(self) -> None:
        """Raises Unavailable when no bootstrap server takes a connection.

        Ask before making a client: kafka-python leaves a thread and a socket behind for each client that could not
        be made, and one tries again for as long as the broker is away.
        """
        for server in self.bootstrap_servers.split(","):
            host, _, port = server.strip().rpartition(":")
            try:
                socket.create_connection((host.strip("[]"), int(port)), timeout=_CONNECT_SECONDS).close()
            except OSError:
                continue
            return
        raise Unavailable(f"Kafka: no connection to {self.bootstrap_servers}")

    def topic(self, name: str) -> str:
        """The topic's name on the broker."""
        return self.prefix + name

    def bare(self, topic: str) -> str:
        """The topic's name in the contracts."""
        return topic.removeprefix(self.prefix)

    def group(self, service: str) -> str:
        return self.prefix + service
