"""All events and states by type, and the topics they travel on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import yaml

from contracts import (  # noqa: F401  importing them is what fills the catalogue
    members_events,
    members_states,
    notifications_events,
    scheduling_events,
    scheduling_states,
)
from contracts.model import CATALOGUE, Contract

__all__ = ["CATALOGUE", "Contract", "Topic", "topics", "topics_owned_by", "topics_read_by"]


@dataclass(frozen=True)
class Topic:
    """One entry of topics.yaml. `retention_days` for events, `max_compaction_lag_hours` for states."""

    name: str
    kind: Literal["event", "state"]
    owner: str
    readers: tuple[str, ...]
    key: str
    partitions: int
    about: str
    retention_days: int | None = None
    max_compaction_lag_hours: int | None = None
    no_reader_because: str | None = None


@cache
def topics() -> dict[str, Topic]:
    """Every topic by its name, as topics.yaml lists it. Raises TypeError on an entry with a wrong field."""
    text = (files("contracts") / "topics.yaml").read_text(encoding="utf-8")
    listed: dict[str, dict[str, Any]] = yaml.safe_load(text)["topics"]
    return {name: Topic(name=name, **{**entry, "readers": tuple(entry["readers"])}) for name, entry in listed.items()}


def topics_owned_by(service: str) -> list[Topic]:
    """Those that the service alone writes, and that its `migrate` makes."""
    return [topic for topic in topics().values() if topic.owner == service]


def topics_read_by(service: str) -> list[Topic]:
    """Those that the service's consumer reads."""
    return [topic for topic in topics().values() if service in topic.readers]
