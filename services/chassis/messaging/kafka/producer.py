"""The publisher on kafka-python: idempotent, acknowledged by all in-sync replicas, bounded by the caller's rounds."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import structlog
from kafka import KafkaProducer
from kafka.errors import KafkaError, KafkaTimeoutError, MessageSizeTooLargeError

from chassis.failures import Unavailable
from chassis.messaging.cloudevents import headers_of
from chassis.messaging.envelope import Message
from chassis.messaging.kafka.connection import KafkaConnection
from chassis.messaging.kafka.partitioning import partition_of
from chassis.messaging.relay import PublishingFailed

LARGEST_MESSAGE_BYTES = 6 * 1024 * 1024
"""Below the topics' `max.message.bytes`, so that a message is refused here, by name, and never by the broker."""

_DELIVERY_TIMEOUT_MS = 24 * 3600 * 1000
_METADATA_SECONDS = 5.0
_CLOSING_SECONDS = 2.0
_LINGER_MS = 25
"""Longer than handing over a round takes. Whoever waits for it flushes it, so that nothing ever lingers so long."""
_HANDING_OVER_SECONDS = 0.002

_log = structlog.get_logger("relay")


class KafkaPublisher:
    """`Publisher` of one service. Build it after a fork. Raises Unavailable when no broker answers."""

    def __init__(self, connection: KafkaConnection, service: str) -> None:
        self._service, self._connection = service, connection
        connection.require_reachable()
        try:
            self._producer = KafkaProducer(
                client_id=f"{service}-relay",
                enable_idempotence=True,
                acks="all",
                # Once a delivery expires, kafka-python 3.0 never sends again, and what it reported as failed may be
                # in the log all the same. A day is longer than any outage we wait out in one process.
                delivery_timeout_ms=_DELIVERY_TIMEOUT_MS,
                linger_ms=_LINGER_MS,
                batch_size=65536,
                compression_type="lz4",
                max_request_size=LARGEST_MESSAGE_BYTES,
                max_block_ms=int(_METADATA_SECONDS * 1000),
                allow_auto_create_topics=False,
                metrics_enabled=False,
                bootstrap_timeout_ms=5_000,
                **connection.client_settings(),
            )
        except KafkaError as error:
            raise Unavailable(f"Kafka: {type(error).__name__}") from error

    def send(self, messages: Sequence[Message], began: datetime) -> KafkaSending:
        targets = {name: self._target(name) for name in {message.topic for message in messages}}
        began_ms = int(began.timestamp() * 1000)
        # All is made before the first is handed over. A round that is handed over slowly leaves in many small batches,
        # and each of them wakes the client's thread, which then wants the interpreter for itself.
        records = []
        for message in messages:
            (topic, partitions), key = targets[message.topic], message.key.encode()
            headers = headers_of(message, self._service)
            records.append((topic, message.payload, key, headers, partition_of(key, partitions), began_ms))
        futures: list[Any] = []
        refused: list[Message] = []
        for message, record in zip(messages, records, strict=True):
            try:
                futures.append(self._producer.send(*record))
            except MessageSizeTooLargeError:
                refused.append(message)
            except KafkaError as error:
                raise PublishingFailed(f"Kafka: {type(error).__name__}") from error
        self._flush(_HANDING_OVER_SECONDS)
        return KafkaSending(futures, refused, self._flush)

    def close(self, seconds: float = 5.0) -> None:
        """Let what is on its way arrive, at most so long; then drop it: it is still pending in the outbox.

        With 0 it is dropped at once, as one must who is no longer allowed to send.
        """
        try:
            if seconds > 0:
                self._producer.flush(seconds)
            else:
                self._producer._sender.force_close()
        except KafkaError:
            # `KafkaProducer.close` begins with a flush, and gives up where that does, with its thread still sending.
            self._producer._sender.force_close()
        try:
            self._producer.close(timeout=_CLOSING_SECONDS)
        except KafkaError as error:
            _log.warning("the producer did not close", error=type(error).__name__)

    def _target(self, topic: str) -> tuple[str, int]:
        """Its name on the broker and its number of partitions.

        Asked before anything is begun: a topic that is not known would fail in the middle of a round.
        """
        name = self._connection.topic(topic)
        try:
            return name, len(self._producer.partitions_for(name))
        except KafkaError as error:
            raise Unavailable(f"Kafka: no metadata of {topic}: {type(error).__name__}") from error

    def _flush(self, seconds: float) -> None:
        """Have what lingers sent now. What became of it, the futures tell, also when this takes longer."""
        try:
            self._producer.flush(timeout=seconds)
        except KafkaError:
            pass


class KafkaSending:
    """Records whose futures are awaited, these and no others."""

    def __init__(self, futures: list[Any], refused: Sequence[Message], flush: Callable[[float], None]) -> None:
        self._open, self.refused, self._flush = futures, refused, flush

    def wait(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        if self._open:
            self._flush(seconds)
        while self._open:
            future = self._open[-1]
            if not future.is_done:
                try:
                    future.get(timeout=max(0.0, deadline - time.monotonic()))
                except KafkaTimeoutError:
                    if not future.is_done:
                        return False
                except KafkaError:
                    pass
            if future.failed():
                raise PublishingFailed(f"Kafka: {type(future.exception).__name__}")
            self._open.pop()
        return True
