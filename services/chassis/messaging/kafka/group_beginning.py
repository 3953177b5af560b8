"""Setting a service's consumer group back to the beginning of topics, while nobody is in it."""

from __future__ import annotations

from collections.abc import Collection

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import (
    CommitFailedError,
    FencedInstanceIdError,
    IllegalGenerationError,
    KafkaError,
    RebalanceInProgressError,
    UnknownMemberIdError,
)
from kafka.structs import OffsetAndMetadata

from chassis.failures import Refusal, Unavailable
from chassis.messaging.kafka.connection import KafkaConnection

_REQUEST_MS = 10_000
_IN_USE = (
    CommitFailedError,
    FencedInstanceIdError,
    IllegalGenerationError,
    RebalanceInProgressError,
    UnknownMemberIdError,
)


def set_to_beginning(connection: KafkaConnection, service: str, topics: Collection[str]) -> int:
    """Have the service's group read these topics (names without prefix) from their beginning; how many partitions.

    Raises Unavailable, and Refusal while a member is in the group: the broker takes no offsets from an outsider then.
    """
    consumer = _outsider(connection, service)
    try:
        at = [
            TopicPartition(name, number)
            for name in sorted(map(connection.topic, topics))
            for number in sorted(consumer.partitions_for_topic(name) or ())
        ]
        consumer.assign(at)
        starts = consumer.beginning_offsets(at, _REQUEST_MS)
        consumer.commit(
            {one: OffsetAndMetadata(offset, "", -1) for one, offset in starts.items()}, timeout_ms=_REQUEST_MS
        )
    except _IN_USE as error:
        raise Refusal(
            "group-in-use",
            vi="Tiến trình consume còn chạy: hãy dừng nó trước.",
            en="The consume process still reads: stop it, and wait ten seconds if it was killed or frozen.",
            because="conflict",
        ) from error
    except KafkaError as error:
        raise Unavailable(f"Kafka: {type(error).__name__}") from error
    finally:
        consumer.close(autocommit=False)
    return len(at)


def _outsider(connection: KafkaConnection, service: str) -> KafkaConsumer:
    """One that names the group without joining it."""
    connection.require_reachable()
    try:
        return KafkaConsumer(
            client_id=f"{service}-rewind",
            group_id=connection.group(service),
            enable_auto_commit=False,
            allow_auto_create_topics=False,
            metrics_enabled=False,
            bootstrap_timeout_ms=_REQUEST_MS,
            **connection.client_settings(),
        )
    except KafkaError as error:
        raise Unavailable(f"Kafka: {type(error).__name__}") from error
