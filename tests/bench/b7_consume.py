"""B7: how fast records become a read model under its version guard, and effects through the inbox."""

from __future__ import annotations

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
from chassis.messaging.kafka.consumer import KafkaSource
from chassis.messaging.kinds import MESSAGING_KINDS
from chassis.messaging.mongo.collections import ensure_collections
from chassis.runtime.garbage import collect_rarely
from chassis.runtime.shutdown import Shutdown
from chassis.storage.bson_form import to_bson
from chassis.storage.changes import Changes
from chassis.storage.documents import Document, Kind
from chassis.storage.mongo import MongoStore
from chassis.storage.store import Store
from contracts.members_states import ContactState
from contracts.scheduling_events import TaskAssigned
from notifications.application.read_models import CONTACTS, as_contact
from tests.bench.district import contact_states
from tests.bench.figures import Figure, Findings
from tests.bench.ground import Ground, bench_ground

TITLE = "consume: into a read model, and through the inbox"
READER = "notifications"
READ_MODEL_PER_SECOND, INBOX_PER_SECOND = 15_000, 4_000


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
        model = _consume(ground, "read model", [Projection(ContactState, CONTACTS, as_contact)], CONTACTS, states)
        inbox = _consume(ground, "inbox and one document", [Reaction(TaskAssigned, _tell)], TOLD, events)
    findings.figures += [raw, bulk, model, inbox]
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


def _model(handler: Handler) -> Any:
    return handler.state if isinstance(handler, Projection) else handler.event


def _until(step: Callable[[], int], reading: Any, count: int) -> None:
    while reading.count < count:
        reading.count += step()
