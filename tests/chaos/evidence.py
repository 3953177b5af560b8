"""What lies in stores, topics and sinks, read raw: with drivers only, and none of the product's own readers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from kafka import KafkaConsumer, TopicPartition
from kafka.admin import KafkaAdminClient
from pymongo import MongoClient
from pymongo.database import Database

from chassis.messaging.handlers import Handler, Projection
from deploy.local.access import ADMIN, SERVICES
from deploy.local.access_control import topics_of
from members.workers.handlers import HANDLERS as MEMBERS
from notifications.adapters.template_files import TemplateFiles
from notifications.application.announce import Desk, Policy
from notifications.workers.handlers import handlers as notifying
from scheduling.workers.handlers import HANDLERS as SCHEDULING
from tests.chaos.stage import Stage

Row = Mapping[str, Any]


def _read(handlers: Iterable[Handler]) -> frozenset[str]:
    models = [one.state if isinstance(one, Projection) else one.event for one in handlers]
    return frozenset(str(model.TOPIC) for model in models)


READ_BY = {
    "members": _read(MEMBERS),
    "scheduling": _read(SCHEDULING),
    "notifications": _read(notifying(Desk(TemplateFiles(), Policy()))),
}
"""What each consumer subscribes to, by its table of handlers."""


@dataclass(frozen=True)
class TopicRecord:
    """A record as the broker has it; `topic` without the deployment's prefix."""

    topic: str
    partition: int
    offset: int
    key: str
    headers: Mapping[str, str]
    value: bytes | None

    @property
    def id(self) -> str:
        return self.headers["ce_id"]

    @property
    def type(self) -> str:
        return self.headers["ce_type"]

    @property
    def sequence(self) -> int:
        return int(self.headers["ce_sequence"])


class Stores:
    """The three databases, each read as the service that owns it."""

    def __init__(self, stage: Stage) -> None:
        self._clients: list[MongoClient[dict[str, Any]]] = []
        self._databases: dict[str, Database[dict[str, Any]]] = {}
        for service in SERVICES:
            access = stage.namespace.mongo(service)
            client: MongoClient[dict[str, Any]] = MongoClient(
                access.uri, tz_aware=True, serverSelectionTimeoutMS=5000, socketTimeoutMS=20_000
            )
            self._clients.append(client)
            self._databases[service] = client[access.database]

    def rows(self, service: str, collection: str, where: Row | None = None, only: Row | None = None) -> list[Any]:
        return list(self._databases[service][collection].find(dict(where or {}), dict(only) if only else None))

    def count(self, service: str, collection: str, where: Row | None = None) -> int:
        return self._databases[service][collection].count_documents(dict(where or {}))

    def close(self) -> None:
        for client in self._clients:
            client.close()


@contextmanager
def stores_of(stage: Stage) -> Iterator[Stores]:
    stores = Stores(stage)
    try:
        yield stores
    finally:
        stores.close()


def topic_records(stage: Stage) -> dict[str, list[TopicRecord]]:
    """All records of all topics, each topic's in the order of its partitions and offsets."""
    access = stage.namespace.kafka(ADMIN)
    consumer = KafkaConsumer(
        enable_auto_commit=False, auto_offset_reset="earliest", metrics_enabled=False, **access.client_settings()
    )
    try:
        return {topic.name: _records(consumer, stage, topic.name) for topic in topics_of()}
    finally:
        consumer.close()


def _records(consumer: KafkaConsumer, stage: Stage, name: str) -> list[TopicRecord]:
    topic = stage.namespace.topic(name)
    partitions = [TopicPartition(topic, number) for number in sorted(consumer.partitions_for_topic(topic) or ())]
    consumer.assign(partitions)
    consumer.seek_to_beginning(*partitions)
    ends = consumer.end_offsets(partitions)
    found: list[TopicRecord] = []
    while any(consumer.position(at) < ends[at] for at in partitions):
        for at, records in consumer.poll(timeout_ms=300).items():
            for one in records:
                headers = {header: value.decode() for header, value in one.headers}
                found.append(TopicRecord(name, at.partition, one.offset, one.key.decode(), headers, one.value))
    return sorted(found, key=lambda one: (one.partition, one.offset))


def lags(stage: Stage) -> dict[str, int]:
    """Per consumer group, how many records it has not committed yet."""
    access = stage.namespace.kafka(ADMIN)
    settings = {**access.client_settings(), "request_timeout_ms": 10_000}
    admin = KafkaAdminClient(client_id="chaos", **settings)
    consumer = KafkaConsumer(enable_auto_commit=False, metrics_enabled=False, **access.client_settings())
    lag: dict[str, int] = {}
    try:
        for service in SERVICES:
            read = [stage.namespace.topic(topic) for topic in READ_BY[service]]
            partitions = [
                TopicPartition(topic, number) for topic in read for number in consumer.partitions_for_topic(topic) or ()
            ]
            ends = consumer.end_offsets(partitions)
            group = stage.namespace.topic_prefix + service
            committed = admin.list_group_offsets({group: None})[group]
            lag[service] = sum(end - max(0, _offset(committed.get(at))) for at, end in ends.items())
    finally:
        admin.close()
        consumer.close()
    return lag


def _offset(committed: Any) -> int:
    return 0 if committed is None else int(committed.offset)
