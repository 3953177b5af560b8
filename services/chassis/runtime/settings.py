"""What every process is told by its environment. A wrong or missing value ends the process with its name."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class ServiceSettings(BaseSettings):
    """The settings that all services share; the environment's names are these in capitals."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True, env_ignore_empty=True)

    kafka_bootstrap_servers: str = "127.0.0.1:9092"
    kafka_security_protocol: Literal["SASL_PLAINTEXT", "PLAINTEXT", "SASL_SSL", "SSL"] = "PLAINTEXT"
    kafka_username: str | None = None
    kafka_password: SecretStr | None = None
    """SCRAM-SHA-512."""
    mongodb_uri: SecretStr
    mongodb_database: str
    topic_prefix: str = ""
    """Before each topic's and consumer group's name; tests use one."""

    port: int = Field(default=8000, ge=0, le=65535)
    """Of the web process."""
    health_port: int = Field(default=0, ge=0, le=65535)
    """Of every other process, for /livez /readyz /metrics; 0 is any free port."""
    bind_address: str = "127.0.0.1"
    """Where web and health listen; an image sets 0.0.0.0."""
    web_workers: int = Field(default=1, ge=1, le=64)
    web_threads: int = Field(default=16, ge=1, le=256)
    web_stall_seconds: float = Field(default=10.0, gt=0)
    """A client that sends nothing for so long in the middle of a request is given up."""
    web_receive_seconds: float = Field(default=60.0, gt=0)
    """A request that was not received whole after so long is given up."""
    trusted_proxies: int = Field(default=0, ge=0, le=5)
    """How many proxies in front of the web process set X-Forwarded-For."""

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    public_url: str = "http://127.0.0.1:8000"
    """The service's base URL as its users see it."""
    token_issuer: str = "nhipdoan-members"  # noqa: S105  # a name, no secret
    """The `iss` that tokens carry; the same for all services of a deployment."""
