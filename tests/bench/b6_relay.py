"""B6: how fast the relay takes events from the outbox to the broker's acknowledgement and the mark behind it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from kafka import KafkaProducer

from chassis.context import new_uuid7
from chassis.messaging.cloudevents import headers_of
from chassis.messaging.envelope import Cause, Message
from chassis.messaging.kafka.producer import KafkaPublisher
from chassis.messaging.kinds import MESSAGING_KINDS
from chassis.messaging.lease import Lease
from chassis.messaging.mongo.collections import ensure_collections
from chassis.messaging.mongo.lease import MongoLeaseTable
from chassis.messaging.mongo.outbox_rows import MongoOutboxRows
from chassis.messaging.outbox import OUTBOX, publish
from chassis.messaging.relay import ROUND, Relay
from chassis.runtime.garbage import collect_rarely
from chassis.storage.bson_form import to_bson
from chassis.storage.changes import Changes
from tests.bench.figures import Findings
from tests.bench.ground import Ground, bench_ground
from tests.bench.metering import Reading, joined

TITLE = "relay: outbox to acknowledged and marked"
SERVICE, TOPIC = "scheduling", "scheduling.events.v1"
PAYLOAD_BYTES = 600
SHARE_OF_RAW = 0.6
TURNS = 4


def run(small: bool) -> Findings:
    findings = Findings("b6", TITLE)
    count = 2_000 if small else 100_000
    collect_rarely()  # as every worker process does; the floors profit as well
    with bench_ground() as ground:
        messages = _messages(count)
        _raw(ground, messages[: count // 3])  # the broker's code is compiled while it runs: neither side should pay
        raws, relays = [], []
        for turn in range(TURNS):  # in turns, so that whatever else the machine does meets both
            part = messages[turn::TURNS]
            raws.append(_raw(ground, part))
            relays.append(_relay(ground, part))
    findings.figures += [joined(raws), joined(relays)]
    raw, relay = (figure.per_second for figure in findings.figures)
    findings.at_least("relay ÷ raw rounds", relay / raw, SHARE_OF_RAW, "×")
    findings.notes.append(f"{PAYLOAD_BYTES}-byte payloads, rounds of {ROUND}, lz4, acks=all, SCRAM, ACLs on both sides")
    return findings


def _messages(count: int) -> list[Message]:
    payload = b'{"title":"' + b"Giao ban " * (PAYLOAD_BYTES // 9) + b'"}'
    return [
        Message(
            new_uuid7(),
            "vn.nhipdoan.scheduling.meeting.scheduled.v1",
            TOPIC,
            "meeting",
            new_uuid7(),
            1,
            datetime.now(UTC),
            Cause(new_uuid7()),
            payload,
        )
        for _ in range(count)
    ]


def _raw(ground: Ground, messages: list[Message]) -> Reading:
    """kafka-python with the relay's own settings: rounds of 500, all futures awaited."""
    connection = ground.connection(SERVICE)
    producer = KafkaProducer(
        enable_idempotence=True,
        acks="all",
        linger_ms=5,
        batch_size=65536,
        compression_type="lz4",
        metrics_enabled=False,
        **connection.client_settings(),
    )
    topic = connection.topic(TOPIC)
    records = [(message.key.encode(), message.payload, headers_of(message, SERVICE)) for message in messages]
    producer.partitions_for(topic)
    try:
        with ground.meter().reading("raw kafka-python, rounds of 500") as reading:
            for start in range(0, len(records), ROUND):
                sent = [
                    producer.send(topic, key=key, value=value, headers=headers)
                    for key, value, headers in records[start : start + ROUND]
                ]
                for future in sent:
                    future.get(timeout=30)
            reading.count = len(records)
        return reading
    finally:
        producer.close()


def _relay(ground: Ground, messages: list[Message]) -> Reading:
    database = ground.database(SERVICE)
    ensure_collections(database, MESSAGING_KINDS)
    for start in range(0, len(messages), 5_000):
        rows = publish(Changes(), *messages[start : start + 5_000]).changes
        database[OUTBOX.name].insert_many([to_bson(row.document) for row in rows])
    publisher = KafkaPublisher(ground.connection(SERVICE), SERVICE)
    lease = Lease(MongoLeaseTable(database), "relay", "bench")
    assert lease.acquire()
    try:
        with ThreadPoolExecutor(2, "beside") as beside:
            relay = Relay(MongoOutboxRows(database), publisher, lease, beside=beside)
            relay.take_over()
            with ground.meter().reading("relay") as reading:
                while reading.count < len(messages):
                    reading.count += relay.round()
                relay.settle()
        assert database[OUTBOX.name].count_documents({"state": "pending"}) == 0
        return reading
    finally:
        lease.release()
        publisher.close()
        database.client.close()
