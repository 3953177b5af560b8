"""How one user reaches the broker or the database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

SERVICES = ("members", "scheduling", "notifications")
ADMIN = "admin"


@dataclass(frozen=True)
class KafkaAccess:
    """`security_protocol` is SASL_PLAINTEXT (with SCRAM-SHA-512) or PLAINTEXT (no user needed)."""

    bootstrap_servers: str
    security_protocol: str
    username: str = ""
    password: str = ""

    def client_settings(self) -> dict[str, object]:
        """As keyword arguments of every kafka-python client."""
        settings: dict[str, object] = {
            "bootstrap_servers": self.bootstrap_servers,
            "security_protocol": self.security_protocol,
        }
        if self.security_protocol.startswith("SASL_"):
            settings |= {
                "sasl_mechanism": "SCRAM-SHA-512",
                "sasl_plain_username": self.username,
                "sasl_plain_password": self.password,
            }
        return settings

    def environment(self) -> Mapping[str, str]:
        """As the variables that every service process reads."""
        return {
            "KAFKA_BOOTSTRAP_SERVERS": self.bootstrap_servers,
            "KAFKA_SECURITY_PROTOCOL": self.security_protocol,
            "KAFKA_USERNAME": self.username,
            "KAFKA_PASSWORD": self.password,
        }


@dataclass(frozen=True)
class MongoAccess:
    """`uri` names the user; `database` is the one that the user may read and write."""

    uri: str
    database: str

    def environment(self) -> Mapping[str, str]:
        """As the variables that every service process reads."""
        return {"MONGODB_URI": self.uri, "MONGODB_DATABASE": self.database}
