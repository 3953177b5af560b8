"""The source on kafka-python: a classic group, no auto-commit, no rebalance listener.

A listener would run on the client's IO thread, where `commit()` raises. Instead every poll is worked off and committed
before the next one, and a commit that comes too late says so: the partition is someone else's now, who reads from the
last commit on; the inbox and the version guard absorb what both have done.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from operator import itemgetter
from typing import cast

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import (
    CommitFailedError,
    FencedInstanceIdError,
    IllegalGenerationError,
    IllegalStateError,
    KafkaError,
    RebalanceInProgressError,
    UnknownMemberIdError,
)
from kafka.structs import OffsetAndMetadata

from chassis.failures import Unavailable
from chassis.messaging.cloudevents import Headers, Partition, Record
from chassis.messaging.kafka.connection import KafkaConnection

_LOST = (
    CommitFailedError,
    FencedInstanceIdError,
    IllegalGenerationError,
    RebalanceInProgressError,
    UnknownMemberIdError,
)
_REQUEST_MS = 5_000
_VALUE = itemgetter(1)


class KafkaSource:
    """`Source` of one service's group. Not for several threads. Raises Unavailable when no broker answers."""

    def __init__(
        self, connection: KafkaConnection, service: str, topics: Collection[str], *, max_records: int = 2000
    ) -> None:
        self._connection, self._topics = connection, frozenset(topics)
        connection.require_reachable()
        try:
            self._consumer = KafkaConsumer(
                *sorted(map(connection.topic, topics)),
                client_id=f"{service}-consume",
                group_id=connection.group(service),
                enable_auto_commit=False,
                auto_offset_reset="earliest",
                max_poll_records=max_records,
                max_partition_fetch_bytes=4 * 1024 * 1024,
                # A member that was killed is noticed within ten seconds; one that waits for a database for ten
                # minutes gives its partitions up.
                session_timeout_ms=7_000,
                heartbeat_interval_ms=2_000,
                max_poll_interval_ms=600_000,
                allow_auto_create_topics=False,
                metrics_enabled=False,
                bootstrap_timeout_ms=_REQUEST_MS,
                **connection.client_settings(),
            )
        except KafkaError as error:
            raise Unavailable(f"Kafka: {type(error).__name__}") from error

    def poll(self, seconds: float) -> list[Record]:
        try:
            self._finish_joining()
            polled = self._consumer.poll(timeout_ms=int(seconds * 1000))
        except KafkaError as error:
            raise Unavailable(f"Kafka: {type(error).__name__}") from error
        return [
            Record(topic, at.partition, r.offset, r.key, headers_of_record(r.headers), r.value)
            for at, topic, records in [(at, self._connection.bare(at.topic), found) for at, found in polled.items()]
            for r in records
        ]

    def commit(self, positions: Mapping[Partition, int]) -> bool:
        offsets = {self._at(partition): OffsetAndMetadata(offset, "", -1) for partition, offset in positions.items()}
        try:
            self._consumer.commit(offsets, timeout_ms=_REQUEST_MS)
        except _LOST:
            return False
        except KafkaError as error:
            raise Unavailable(f"Kafka: {type(error).__name__}") from error
        return True

    def positions(self) -> dict[Partition, int]:
        found = {}
        try:
            for at in self._consumer.assignment():
                position = self._consumer.position(at, timeout_ms=_REQUEST_MS)
                if position is not None:
                    found[self._partition(at)] = position
        except IllegalStateError:
            return {}  # a rebalance took it between the two questions
        except KafkaError as error:
            raise Unavailable(f"Kafka: {type(error).__name__}") from error
        return found

    def ends(self, partitions: Collection[Partition]) -> dict[Partition, int]:
        try:
            ends = self._consumer.end_offsets([self._at(partition) for partition in partitions], _REQUEST_MS)
        except KafkaError as error:
            raise Unavailable(f"Kafka: {type(error).__name__}") from error
        return {self._partition(at): offset for at, offset in ends.items()}

    def partition_counts(self) -> dict[str, int]:
        try:
            counts = {
                topic: self._consumer.partitions_for_topic(self._connection.topic(topic)) for topic in self._topics
            }
        except KafkaError as error:
            raise Unavailable(f"Kafka: {type(error).__name__}") from error
        return {topic: len(numbers or ()) for topic, numbers in counts.items()}

    def close(self) -> None:
        """Leave the group, so that others need not wait for this member's session to run out."""
        try:
            self._consumer.close(autocommit=False, timeout_ms=_REQUEST_MS)
        except KafkaError:
            pass

    def _finish_joining(self) -> None:
        """Have the next poll look at a join that went on in the background.

        kafka-python 3.0 forgets it when the join was for changed metadata and its answer came after the poll's time:
        `need_rejoin()` is false by then, the assignment is never taken over and the member waits for ever.
        """
        coordinator = self._consumer._coordinator
        if coordinator.rebalance_in_progress():
            coordinator.request_rejoin()

    def _at(self, partition: Partition) -> TopicPartition:
        return TopicPartition(self._connection.topic(partition.topic), partition.number)

    def _partition(self, at: TopicPartition) -> Partition:
        return Partition(self._connection.bare(at.topic), at.partition)


def headers_of_record(headers: Sequence[tuple[str, bytes | None]]) -> Headers:
    """Kafka allows a header without a value; we know none such, and read it as an empty one."""
    if None in map(_VALUE, headers):
        return tuple((name, value or b"") for name, value in headers)
    return cast(Headers, tuple(headers))
