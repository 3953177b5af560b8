"""B7: how fast records become a read model under its version guard, and effects through the inbox."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import Any

from kafka import KafkaConsumer, KafkaProducer
from pymongo import ReplaceOne

from chassis.context import new_uuid7
from chassis.messaging.cloudevents import headers_of
from chassis.messaging.consumer import Consumer
from chassis.messaging.envelope import Cause, Incoming, compose
from chassis.messaging.handlers import Handler, Projection, Reaction
from chassis.messaging.kafka.connection import KafkaConnection
from chassis.messaging.kafka.consumer import KafkaSource
from chassis.messaging.kafka.group_beginning import set_to_beginning
from chassis.messaging.kinds import MESSAGING_KINDS
from chassis.messaging.mongo.collections import ensure_collections
from chassis.runtime.garbage import collect_rarely
from chassis.runtime.shutdown import Shutdown
from chassis.storage.bson_form import to_bson
from chassis.storage.changes import Changes
from chassis.storage.documents import Document, Kind
from chassis.storage.mongo import MongoStore, open_database
from chassis.storage.store import Store
from contracts.catalogue import topics
from contracts.members_states import ContactState
from contracts.scheduling_events import TaskAssigned
from deploy.local.access import MongoAccess
from deploy.manifests import REPLICAS
from notifications.application.read_models import CONTACTS, as_contact
from tests.bench.district import contact_states
from tests.bench.figures import Figure, Findings
from tests.bench.ground import Ground, bench_ground
from tests.support.eventually import eventually

TITLE = "consume: into a read model, and through the inbox"
READER = "notifications"
READ_MODEL_PER_SECOND, INBOX_PER_SECOND = 15_000, 4_000

_PROJECTION = Projection(ContactState, CONTACTS, as_contact)


class TaskTold(Document):
    """What the bench's reaction leaves behind."""

    assignee_id: str


TOLD: Kind[TaskTold] = Kind("bench_tasks_told", TaskTold)


def _tell(event: TaskAssigned, incoming: Incoming, store: Store) -> Changes:
    return Changes().insert(TOLD, TaskTold(id=incoming.id, assignee_id=event.assignee_id))


def run(small: bool) -> Findings:
    findings = Findings("b7", TITLE)
    states, events = (2_000, 1_000) if small else (100_000, 40_000)
    collect_rarely()  # as every worker process does; the floors profit as well
    with bench_ground() as ground:
        contacts = list(contact_states(states))
        produce(ground, "members", [(state, state.person_id, state.version) for state in contacts])
        produce(ground, "scheduling", [(task, task.task_id, 1) for task in _tasks(events)])
        raw = _raw(ground, ContactState.TOPIC, states)
        bulk = _bulk(ground, contacts)
        alone = _consume(ground, "read model, one process", [_PROJECTION], CONTACTS, states)
        model = _consume_together(ground, states)
        inbox = _consume(ground, "inbox and one document", [Reaction(TaskAssigned, _tell)], TOLD, events)
    findings.figures += [raw, bulk, alone, model, inbox]
    findings.at_least("read model", model.per_second, READ_MODEL_PER_SECOND, "/s")
    findings.at_least("with inbox", inbox.per_second, INBOX_PER_SECOND, "/s")
    findings.notes.append(f"read model ÷ pymongo bulk {model.per_second / bulk.per_second:.2f}")
    return findings


def produce(ground: Ground, owner: str, told: Sequence[tuple[Any, str, int]]) -> None:
    """Put these (event or state, key, sequence) on their topics as `owner`, past its outbox."""
    connection = ground.connection(owner)
    producer = KafkaProducer(
        acks="all", linger_ms=20, batch_size=262144, compression_type="lz4", **connection.client_settings()
    )
    for event, key, sequence in told:
        message = compose(
            event, message_id=new_uuid7(), key=key, sequence=sequence, time=datetime.now(UTC), cause=Cause(new_uuid7())
        )
        producer.send(
            connection.topic(event.TOPIC), key=key.encode(), value=message.payload, headers=headers_of(message, owner)
        )
    producer.flush(120)
    producer.close()


def _tasks(count: int) -> list[TaskAssigned]:
    return [
        TaskAssigned(
            task_id=new_uuid7(),
            unit_id="xa-1",
            branch_id="thon-1",
            assignee_id=f"person-{number}",
            title="Vận động thanh niên đăng ký hiến máu",
            due_on=date(2026, 12, 20),
        )
        for number in range(count)
    ]


def _raw(ground: Ground, topic: str, count: int) -> Figure:
    connection = ground.connection(READER)
    consumer = KafkaConsumer(
        connection.topic(topic),
        group_id=None,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        max_poll_records=1000,
        metrics_enabled=False,
        **connection.client_settings(),
    )
    try:
        with ground.meter().reading("raw kafka-python poll") as reading:
            while reading.count < count:
                reading.count += sum(map(len, consumer.poll(500).values()))
        return reading.figure()
    finally:
        consumer.close()


def _bulk(ground: Ground, contacts: Sequence[ContactState]) -> Figure:
    """pymongo alone: the same documents, prebuilt, as the same guarded upserts in batches of 1,000."""
    database = ground.database(READER)
    rows = [to_bson(as_contact(state)) for state in contacts]
    ensure_collections(database, [Kind("bench_bulk", CONTACTS.model, CONTACTS.indexes)])
    collection = database["bench_bulk"]
    with ground.meter().reading("bare pymongo bulk of the same upserts") as reading:
        for start in range(0, len(rows), 1000):
            collection.bulk_write(
                [
                    ReplaceOne({"_id": row["_id"], "version": {"$lt": row["version"]}}, row, upsert=True)
                    for row in rows[start : start + 1000]
                ],
                ordered=False,
            )
        reading.count = len(rows)
    database.client.close()
    return reading.figure()


def _consume(ground: Ground, name: str, handlers: Sequence[Handler], kind: Kind[Any], count: int) -> Figure:
    database = ground.database(READER)
    ensure_collections(database, (*MESSAGING_KINDS, kind))
    store = MongoStore(database)
    topics = {_model(handler).TOPIC for handler in handlers}
    source = KafkaSource(ground.connection(READER), READER, topics)
    consumer = Consumer(READER, handlers, store, source, Shutdown())
    try:
        with ground.meter().reading(name) as reading:
            _until(consumer.step, reading, count)
        assert database[kind.name].count_documents({}) == count
        return reading.figure()
    finally:
        source.close()
        database.client.close()


def _consume_together(ground: Ground, count: int) -> Figure:
    """The read model anew, by as many processes as are deployed, from the moment at which they share the partitions."""
    number = REPLICAS["consume"]
    connection, access, database = ground.connection(READER), ground.namespace.mongo(READER), ground.database(READER)
    set_to_beginning(connection, READER, {ContactState.TOPIC})
    database[CONTACTS.name].drop()
    ensure_collections(database, (*MESSAGING_KINDS, CONTACTS))
    spawn = multiprocessing.get_context("spawn")
    begin, done = spawn.Event(), spawn.Event()
    members = []
    meter = ground.meter()
    try:
        for _ in range(number):
            partitions, read = spawn.Value("q", 0), spawn.Value("q", 0)
            process = spawn.Process(
                target=_member, args=(connection, access, (begin, done), partitions, read), daemon=True
            )
            process.start()
            meter.add("consume", process.pid or 0)
            members.append((process, partitions, read))
        share = topics()[ContactState.TOPIC].partitions // number
        eventually(lambda: all(partitions.value == share for _, partitions, _ in members), within=60)
        begin.set()
        with meter.reading(f"read model, {number} processes as deployed") as reading:
            while reading.count < count and all(process.is_alive() for process, _, _ in members):
                time.sleep(0.005)  # the members count in shared memory, which wakes nobody
                reading.count = sum(read.value for _, _, read in members)
        assert database[CONTACTS.name].count_documents({}) == count
        return reading.figure()
    finally:
        done.set()
        for process, _, _ in members:
            process.join(20)
        database.client.close()


def _member(
    connection: KafkaConnection, access: MongoAccess, signs: tuple[Any, Any], partitions: Any, read: Any
) -> None:
    """One of them. What it reads before all have their share of the partitions is read again and not counted."""
    begin, done = signs
    collect_rarely()
    source = KafkaSource(connection, READER, {ContactState.TOPIC})
    while not begin.is_set():
        source.poll(0.1)
        partitions.value = len(source.positions())
    source._consumer.seek_to_beginning()
    store = MongoStore(open_database(access.uri, access.database, app="bench"))
    consumer = Consumer(READER, [_PROJECTION], store, source, Shutdown())
    while not done.is_set():
        read.value += consumer.step()
    source.close()


def _model(handler: Handler) -> Any:
    return handler.state if isinstance(handler, Projection) else handler.event


def _until(step: Callable[[], int], reading: Any, count: int) -> None:
    while reading.count < count:
        reading.count += step()
