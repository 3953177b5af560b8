"""What messaging needs to know of a deployment; the runtime's settings object has it from the environment."""

from __future__ import annotations

from typing import Any, Protocol


class MessagingSettings(Protocol):
    """KAFKA_…, MONGODB_… and TOPIC_PREFIX. Secrets may be plain text or pydantic's SecretStr."""

    @property
    def kafka_bootstrap_servers(self) -> str: ...
    @property
    def kafka_security_protocol(self) -> str: ...
    @property
    def kafka_username(self) -> str | None: ...
    @property
    def kafka_password(self) -> Any: ...
    @property
    def topic_prefix(self) -> str: ...
    @property
    def mongodb_uri(self) -> Any: ...
    @property
    def mongodb_database(self) -> str: ...


def revealed(secret: Any) -> Any:
    """The plain text of a SecretStr; anything else as it is."""
    reveal = getattr(secret, "get_secret_value", None)
    return secret if reveal is None else reveal()
