"""Where the behaviour suite plays: the same tests on the twins in memory and on real Kafka and MongoDB."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any, Protocol, TypeVar, cast

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.structs import OffsetAndMetadata

from chassis.messaging.cloudevents import Headers, Record, headers_of
from chassis.messaging.consumer import Consumer, Source
from chassis.messaging.envelope import Message
from chassis.messaging.handlers import Handler
from chassis.messaging.kafka.connection import KafkaConnection
from chassis.messaging.kafka.consumer import KafkaSource
from chassis.messaging.kafka.producer import KafkaPublisher
from chassis.messaging.kafka.topics import ensure_topics
from chassis.messaging.kinds import MESSAGING_KINDS
from chassis.messaging.lease import Lease, LeaseTable
from chassis.messaging.memory.broker import MemoryBroker, MemoryPublisher
from chassis.messaging.memory.lease import MemoryLeaseTable
from chassis.messaging.memory.outbox_rows import StoredOutboxRows
from chassis.messaging.mongo.collections import ensure_collections
from chassis.messaging.mongo.lease import MongoLeaseTable
from chassis.messaging.mongo.outbox_rows import MongoOutboxRows
from chassis.messaging.relay import OutboxRows, Publisher, Relay
from chassis.runtime.shutdown import Shutdown
from chassis.storage.memory import MemoryStore
from chassis.storage.mongo import MongoStore, open_database
from chassis.storage.store import Store
from tests.integration.messaging.playthings import PLAY_KINDS, PUBLISHER, READER, TOPICS, UNITS, tell_of
from tests.support.eventually import eventually
from tests.support.platform import Namespace

T = TypeVar("T")


def altered(original: T, **behaviour: Any) -> T:
    """The same thing with some of its methods done otherwise, for accidents that must be staged."""

    class Altered:
        def __getattr__(self, name: str) -> Any:
            return behaviour[name] if name in behaviour else getattr(original, name)

    return cast(T, Altered())


class AtOnce(Executor):
    """What a relay has done beside its work, at the earliest moment: what was read is as old as can be when used."""

    def submit(self, task: Callable[..., Any], /, *arguments: Any, **named: Any) -> Future[Any]:
        done: Future[Any] = Future()
        try:
            done.set_result(task(*arguments, **named))
        except Exception as error:
            done.set_exception(error)
        return done


class Backend(Protocol):
    """One of the two worlds."""

    def store(self, service: str) -> Store: ...
    def outbox(self) -> OutboxRows: ...
    def leases(self) -> LeaseTable: ...
    def publisher(self) -> Publisher: ...
    def source(self) -> Source:
        """A new member of the reader's group."""

    def put(self, topic: str, key: bytes | None, value: bytes | None, headers: Headers) -> None:
        """Write a record past the relay."""

    def log(self, topic: str) -> list[Record]: ...
    def rewind(self) -> None:
        """Have the reader's group begin at the beginning; nobody must be in it."""

    def close(self) -> None: ...


class MemoryBackend:
    def __init__(self) -> None:
        self.broker = MemoryBroker({topic.name: topic.partitions for topic in TOPICS}, states=[UNITS])
        self._stores = {PUBLISHER: MemoryStore(), READER: MemoryStore()}
        self._leases = MemoryLeaseTable()

    def store(self, service: str) -> Store:
        return self._stores[service]

    def outbox(self) -> OutboxRows:
        return StoredOutboxRows(self._stores[PUBLISHER])

    def leases(self) -> LeaseTable:
        return self._leases

    def publisher(self) -> Publisher:
        return MemoryPublisher(self.broker, PUBLISHER)

    def source(self) -> Source:
        return self.broker.join(READER, [topic.name for topic in TOPICS])

    def put(self, topic: str, key: bytes | None, value: bytes | None, headers: Headers) -> None:
        self.broker.append(topic, key, value, headers)

    def log(self, topic: str) -> list[Record]:
        return self.broker.records(topic)

    def rewind(self) -> None:
        self.broker.rewind(READER)

    def close(self) -> None:
        """Nothing is open."""


class RealBackend:
    """Kafka and MongoDB, each reached as the service that the part belongs to."""

    def __init__(self, namespace: Namespace) -> None:
        self._namespace = namespace
        self._opened = ExitStack()
        ensure_topics(self.connection("admin"), TOPICS)
        self._admin = KafkaAdminClient(**self.connection("admin").client_settings())
        # Records of a compacted topic cannot be deleted; tests share the topic and must be able to.
        clearable = {"cleanup.policy": "compact,delete"}
        self._admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, namespace.topic(UNITS), clearable)])
        self._databases = {service: self._database(service) for service in (PUBLISHER, READER)}

    def store(self, service: str) -> MongoStore:
        return MongoStore(self._databases[service])

    def outbox(self) -> OutboxRows:
        return MongoOutboxRows(self._databases[PUBLISHER])

    def leases(self) -> LeaseTable:
        return MongoLeaseTable(self._databases[PUBLISHER])

    def publisher(self) -> KafkaPublisher:
        publisher = KafkaPublisher(self.connection(PUBLISHER), PUBLISHER)
        self._opened.callback(publisher.close, 1.0)
        return publisher

    def source(self) -> KafkaSource:
        source = KafkaSource(self.connection(READER), READER, [topic.name for topic in TOPICS])
        self._opened.callback(source.close)
        return source

    def put(self, topic: str, key: bytes | None, value: bytes | None, headers: Headers) -> None:
        producer = KafkaProducer(**self.connection(PUBLISHER).client_settings())
        producer.send(self._namespace.topic(topic), key=key, value=value, headers=list(headers)).get(10)
        producer.close()

    def log(self, topic: str) -> list[Record]:
        connection = self.connection(READER)
        consumer = KafkaConsumer(enable_auto_commit=False, **connection.client_settings())
        count = next(one.partitions for one in TOPICS if one.name == topic)
        partitions = [TopicPartition(connection.topic(topic), number) for number in range(count)]
        consumer.assign(partitions)
        consumer.seek_to_beginning()
        ends = consumer.end_offsets(partitions)
        found: list[Record] = []
        while any(consumer.position(at) < ends[at] for at in partitions):
            for at, records in consumer.poll(200).items():
                found += [Record(topic, at.partition, r.offset, r.key, tuple(r.headers), r.value) for r in records]
        consumer.close()
        return found

    def rewind(self) -> None:
        connection = self.connection(READER)
        consumer = KafkaConsumer(
            group_id=connection.group(READER), enable_auto_commit=False, **connection.client_settings()
        )
        at = [TopicPartition(connection.topic(topic.name), n) for topic in TOPICS for n in range(topic.partitions)]
        consumer.assign(at)
        consumer.commit({one: OffsetAndMetadata(0, "", -1) for one in at})
        consumer.close()

    def clear(self) -> None:
        """Leave, and have nothing left in topics and collections: room for the next test."""
        self._opened.close()
        for database in self._databases.values():
            for kind in (*MESSAGING_KINDS, *PLAY_KINDS):
                database[kind.name].delete_many({})
        everything = {
            TopicPartition(self._namespace.topic(topic.name), number): -1
            for topic in TOPICS
            for number in range(topic.partitions)
        }
        self._admin.delete_records(everything)

    def close(self) -> None:
        self._opened.close()
        self._admin.close()
        for database in self._databases.values():
            database.client.close()

    def connection(self, user: str) -> KafkaConnection:
        access = self._namespace.kafka(user)
        return KafkaConnection(
            access.bootstrap_servers,
            access.security_protocol,
            access.username or None,
            access.password or None,
            self._namespace.topic_prefix,
        )

    def _database(self, service: str) -> Any:
        access = self._namespace.mongo(service)
        database = open_database(access.uri, access.database, app="tests")
        ensure_collections(database, (*MESSAGING_KINDS, *PLAY_KINDS))
        return database


class Stage:
    """A publisher with its outbox, and a reader with its group."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self.publishing = backend.store(PUBLISHER)
        self.reading = backend.store(READER)
        self.stop = Shutdown()
        self._members: list[Source] = []
        self._relay: Relay | None = None

    def lease(self, *, seconds: float = 30.0, **options: Any) -> Lease:
        return Lease(self.backend.leases(), "relay", secrets.token_hex(4), seconds=seconds, **options)

    def relay(self, *, lease: Lease | None = None, publisher: Publisher | None = None, **options: Any) -> Relay:
        """A relay that holds the lease."""
        lease = lease or self.lease()
        assert lease.acquire()
        return Relay(
            options.pop("rows", None) or self.backend.outbox(),
            publisher or self.backend.publisher(),
            lease,
            state_topics=[UNITS],
            **options,
        )

    def publish(self, *messages: Message) -> None:
        """Put these into the outbox, if any, and relay all that is there."""
        if messages:
            tell_of(self.publishing, *messages)
        self._relay = self._relay or self.relay()
        while self._relay.round():
            pass

    def consumer(
        self, handlers: Sequence[Handler], *, source: Source | None = None, stop: Shutdown | None = None, **options: Any
    ) -> Consumer:
        """A consumer; the source is a new member of the group unless one is given."""
        if source is None:
            source = self.backend.source()
            self._members.append(source)
        return Consumer(
            READER,
            handlers,
            options.pop("store", self.reading),
            source,
            stop or self.stop,
            poll_seconds=0.05,
            **options,
        )

    def consume(self, consumer: Consumer, until: Callable[[], Any]) -> None:
        """Step until it is true."""

        def step() -> Any:
            consumer.step()
            return until()

        eventually(step, within=20)

    def all_consumed(self, consumer: Consumer) -> None:
        """Step until this only member has read all that is in the log."""
        partitions = sum(topic.partitions for topic in TOPICS)
        source: Source = consumer._source

        def at_the_end() -> bool:
            positions = source.positions()
            return len(positions) == partitions and source.ends(positions) == positions

        self.consume(consumer, at_the_end)

    def leave(self) -> None:
        """All members leave."""
        while self._members:
            self._members.pop().close()

    def raw(self, topic: str, key: bytes | None, value: bytes | None, headers: Headers = ()) -> None:
        self.backend.put(topic, key, value, headers)

    def like(self, told: Message) -> Headers:
        return tuple(headers_of(told, PUBLISHER))

    def now(self) -> datetime:
        return datetime.now(UTC)
