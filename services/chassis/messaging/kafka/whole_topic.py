"""A topic read from its beginning to its end, outside of any group: for rebuilding a read model."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Self

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from chassis.failures import Unavailable
from chassis.messaging.cloudevents import Partition, Record
from chassis.messaging.kafka.connection import KafkaConnection
from chassis.messaging.kafka.consumer import headers_of_record

_REQUEST_MS = 10_000
_SILENCE_SECONDS = 30.0


class KafkaWholeTopic:
    """`WholeTopic` of one topic (its name without prefix). Leaves no trace at the broker: it is in no group."""

    def __init__(self, connection: KafkaConnection, service: str, topic: str, *, max_records: int = 2000) -> None:
        self._topic, self._name = topic, connection.topic(topic)
        connection.require_reachable()
        try:
            self._consumer = KafkaConsumer(
                client_id=f"{service}-rebuild",
                group_id=None,
                enable_auto_commit=False,
                auto_offset_reset="earliest",
                max_poll_records=max_records,
                max_partition_fetch_bytes=4 * 1024 * 1024,
                allow_auto_create_topics=False,
                metrics_enabled=False,
                bootstrap_timeout_ms=_REQUEST_MS,
                **connection.client_settings(),
            )
        except KafkaError as error:
            raise Unavailable(f"Kafka: {type(error).__name__}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._consumer.close(autocommit=False)

    def ends(self) -> dict[Partition, int]:
        try:
            numbers = sorted(self._consumer.partitions_for_topic(self._name) or ())
            if not numbers:
                raise Unavailable(f"Kafka: there is no topic {self._name}, or it may not be read")
            ends = self._consumer.end_offsets([TopicPartition(self._name, number) for number in numbers], _REQUEST_MS)
        except KafkaError as error:
            raise Unavailable(f"Kafka: {type(error).__name__}") from error
        return {Partition(self._topic, at.partition): offset for at, offset in ends.items()}

    def batches(self, until: Mapping[Partition, int]) -> Iterator[list[Record]]:
        wanted = {TopicPartition(self._name, partition.number): end for partition, end in until.items()}
        try:
            self._consumer.assign(list(wanted))
            self._consumer.seek_to_beginning(*wanted)
            heard = time.monotonic()
            while self._reads_on(wanted):
                polled = self._consumer.poll(timeout_ms=1000)
                if polled:
                    heard = time.monotonic()
                    yield [
                        Record(self._topic, at.partition, r.offset, r.key, headers_of_record(r.headers), r.value)
                        for at, records in polled.items()
                        for r in records
                        if r.offset < wanted[at]
                    ]
                elif time.monotonic() - heard > _SILENCE_SECONDS:
                    raise Unavailable(f"Kafka: nothing came of {self._name} for {_SILENCE_SECONDS:.0f} s")
        except KafkaError as error:
            raise Unavailable(f"Kafka: {type(error).__name__}") from error

    def _reads_on(self, wanted: Mapping[TopicPartition, int]) -> bool:
        """Whether something is missing; what is read to its end is asked for no longer."""
        done = [at for at, end in wanted.items() if self._position(at) >= end]
        self._consumer.pause(*done)
        return len(done) < len(wanted)

    def _position(self, at: TopicPartition) -> int:
        position = self._consumer.position(at, timeout_ms=_REQUEST_MS)
        return -1 if position is None else int(position)
