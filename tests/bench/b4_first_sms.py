"""B4: how long from the POST of a meeting, on an idle system, to the first SMS at the gateway."""

from __future__ import annotations

import http.client
import random
import time
from collections.abc import Mapping
from typing import Any

from kafka import KafkaConsumer, KafkaProducer
from pymongo.database import Database

from chassis.context import new_uuid7
from chassis.messaging.kafka.topics import ensure_topics
from contracts.catalogue import Topic
from deploy.local.access_control import TopicAccess
from deploy.local.processes import ServiceProcess
from tests.bench.callers import timed
from tests.bench.commune_desk import HALF_YEARS, convene, prepare, token_of_all
from tests.bench.district import POSTS_PER_COMMUNE
from tests.bench.edge import Edge, instants, notifications, running_edge
from tests.bench.figures import Figure, Findings
from tests.bench.ground import Ground
from tests.support.eventually import eventually
from tests.support.web import TokenOffice

TITLE = "POST of a meeting on an idle system to its first SMS at the gateway"
P50_MS, P99_MS = 60.0, 200.0
FLOOR = Topic("bench.floor.v1", "event", "scheduling", ("notifications",), "none", 1, "B4", retention_days=1)
"""A topic of the bench's own: what lies on it is no event."""


def run(small: bool) -> Findings:
    findings = Findings("b4", TITLE)
    communes = 1 if small else 15
    office = TokenOffice()
    with running_edge(communes * POSTS_PER_COMMUNE, {"LOG_LEVEL": "WARNING"}, communes=communes) as edge:
        prepare(edge.ground, office, communes)
        edge.faults(no_receipt_rate=1.0)
        floor = _floor(edge.ground, communes * HALF_YEARS)
        edge.start(*(ServiceProcess("scheduling", process) for process in ("web", "relay", "consume", "timers")))
        edge.start(*notifications("web", "consume", "deliver", "relay", "timers"))
        first = _first_sms(edge, token_of_all(office), communes)
    findings.figures += [floor, first]
    findings.at_most("p50", first.p50_ms or 0.0, P50_MS, "ms")
    findings.at_most("p99", first.p99_ms or 0.0, P99_MS, "ms")
    findings.notes.append(
        "the sink's clock has whole milliseconds; each meeting has seven invitees; pauses between them"
    )
    return findings


def _floor(ground: Ground, count: int) -> Figure:
    """A transaction of three writes, a record produced and consumed, a second transaction: one after the other."""
    ground.namespace.allow([TopicAccess(FLOOR.name, FLOOR.owner, FLOOR.readers)])
    ensure_topics(ground.connection("admin"), [FLOOR])
    connection = ground.connection("scheduling")
    reader = ground.connection("notifications")
    database = ground.database("scheduling")
    producer = KafkaProducer(enable_idempotence=True, acks="all", linger_ms=5, **connection.client_settings())
    consumer = KafkaConsumer(connection.topic(FLOOR.name), auto_offset_reset="latest", **reader.client_settings())
    while not consumer.assignment() or any(consumer.position(at) is None for at in consumer.assignment()):
        consumer.poll(100)
    try:
        with ground.meter().reading("two transactions and one produce/consume") as reading:
            for number in range(count):
                began = time.perf_counter()
                _transaction(database)
                producer.send(connection.topic(FLOOR.name), key=b"%d" % number, value=b"x" * 700)
                while not consumer.poll(1000):
                    pass
                _transaction(database)
                if number:  # the first one pays for what is opened once
                    reading.latencies_ms.append((time.perf_counter() - began) * 1000)
            reading.count = count
    finally:
        producer.close()
        consumer.close(autocommit=False)
        for name in ("floor_a", "floor_b", "floor_c"):
            database.drop_collection(name)
        database.client.close()
    return reading.figure()


def _transaction(database: Database[dict[str, Any]]) -> None:
    with database.client.start_session() as session, session.start_transaction():
        for name in ("floor_a", "floor_b", "floor_c"):
            database[name].insert_one({"_id": new_uuid7(), "payload": b"x" * 700}, session=session)


def _first_sms(edge: Edge, token: str, communes: int) -> Figure:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    connection = http.client.HTTPConnection("127.0.0.1", edge.ports.scheduling, timeout=30)
    meter = edge.meter()
    chance = random.Random(5)
    with meter.reading("scheduling to notifications, end to end") as reading:
        for number in range(communes * HALF_YEARS):
            known = len(edge.inbox.messages(kind="sms"))
            began = time.time()
            _, status, body = timed(connection, convene(number, communes), headers)
            assert status == 201, body
            told = _told(edge, known)
            if number:
                reading.latencies_ms.append((min(instants(told)) - began) * 1000)
            time.sleep(0.05 + chance.random() * 0.1)  # idle: nothing may be in step with the pollers
        reading.count = communes * HALF_YEARS
    connection.close()
    return reading.figure()


def _told(edge: Edge, known: int) -> list[Mapping[str, Any]]:
    """The SMS of the meeting that was just convened, once all are there."""

    def all_there() -> list[Mapping[str, Any]]:
        new = edge.inbox.messages(kind="sms")[known:]
        return list(new) if len(new) >= POSTS_PER_COMMUNE else []

    return eventually(all_there, within=30, pause=0.02)
