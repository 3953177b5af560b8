"""What scheduling is told by its environment, beside what every service is."""

from __future__ import annotations

from pathlib import Path

from chassis.runtime.settings import ServiceSettings


class Settings(ServiceSettings):
    """Read from the environment; a wrong or missing value ends the process with its name."""

    policy_file: Path | None = None
    """A commune's or province's own policy.yaml in place of the one that comes along."""


def from_environment() -> Settings:
    """Raises pydantic's ValidationError, which names what is wrong or missing."""
    return Settings()
