"""The topics, as the contracts list them: made once, with a fixed number of partitions, by `migrate`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, Protocol

from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import KafkaError, TopicAlreadyExistsError

from chassis.failures import Unavailable
from chassis.messaging.kafka.connection import KafkaConnection
from chassis.messaging.outbox import STATES_ARRIVE_WITHIN

_DAY_MS = 24 * 3600 * 1000
_HOUR_MS = 3600 * 1000
MAX_MESSAGE_BYTES = 8 * 1024 * 1024
"""A convocation of 20,000 invitees in one event is some 2 MB before compression."""


class TopicLike(Protocol):
    """An entry of `contracts/topics.yaml`."""

    @property
    def name(self) -> str: ...
    @property
    def kind(self) -> Literal["event", "state"]: ...
    @property
    def partitions(self) -> int: ...
    @property
    def retention_days(self) -> int | None: ...
    @property
    def max_compaction_lag_hours(self) -> int | None: ...


class WrongPartitions(Exception):
    """A topic has another number of partitions than the contract says. More would break the order per key: make a new
    version of the topic instead."""


def ensure_topics(
    connection: KafkaConnection, topics: Iterable[TopicLike], *, replication_factor: int = -1
) -> list[str]:
    """Make the topics that are missing and set the configuration of those that are there; the names of the new ones.

    May be called by several at once and again. `replication_factor` -1 is the broker's default.
    Raises WrongPartitions, or Unavailable when no broker answers.
    """
    wanted = {connection.topic(topic.name): topic for topic in topics}
    connection.require_reachable()
    try:
        admin = KafkaAdminClient(client_id="topics", bootstrap_timeout_ms=10_000, **connection.client_settings())
    except KafkaError as error:
        raise Unavailable(f"Kafka: {type(error).__name__}") from error
    try:
        there = set(admin.list_topics()) & wanted.keys()
        _require_partitions(admin, {name: wanted[name] for name in there})
        new = sorted(wanted.keys() - there)
        if new:
            _create(admin, {name: wanted[name] for name in new}, replication_factor)
        if there:
            admin.alter_configs(
                [ConfigResource(ConfigResourceType.TOPIC, name, configuration(wanted[name])) for name in sorted(there)]
            )
        admin.wait_for_topics(sorted(wanted))
        _require_partitions(admin, wanted)
        return new
    except KafkaError as error:
        raise Unavailable(f"Kafka: {type(error).__name__}: {error}") from error
    finally:
        admin.close()


def configuration(topic: TopicLike) -> dict[str, str]:
    """What the broker is told of a topic."""
    settings = {"max.message.bytes": str(MAX_MESSAGE_BYTES)}
    if topic.kind == "event":
        days = topic.retention_days or 14
        return settings | {"cleanup.policy": "delete", "retention.ms": str(days * _DAY_MS)}
    lag = (topic.max_compaction_lag_hours or 24) * _HOUR_MS
    return settings | {
        "cleanup.policy": "compact",
        "max.compaction.lag.ms": str(lag),
        # An erasure is a tombstone: readers that were away get a week to see it before it goes too.
        "delete.retention.ms": str(7 * _DAY_MS),
        # Only closed segments are compacted, so that an erasure within the lag needs them closed within it.
        "segment.ms": str(lag),
        # What a relay that slept through its lease sends late must not become a key's last word: see `relay`.
        "message.timestamp.type": "CreateTime",
        "message.timestamp.before.max.ms": str(STATES_ARRIVE_WITHIN * 1000),
    }


def _create(admin: Any, topics: dict[str, TopicLike], replication_factor: int) -> None:
    try:
        admin.create_topics(
            {
                name: {
                    "num_partitions": topic.partitions,
                    "replication_factor": replication_factor,
                    "configs": configuration(topic),
                }
                for name, topic in topics.items()
            }
        )
    except TopicAlreadyExistsError:
        pass  # another migrate was faster; what it made is checked afterwards


def _require_partitions(admin: Any, topics: dict[str, TopicLike]) -> None:
    if not topics:
        return
    for found in admin.describe_topics(sorted(topics)):
        count, wanted = len(found["partitions"]), topics[found["name"]].partitions
        if count != wanted:
            raise WrongPartitions(f"{found['name']} has {count} partitions, the contract says {wanted}")
