"""What an operator does on the running system: look at dead letters, release one, replay a topic. No second SMS."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.structs import OffsetAndMetadata

from deploy.local.processes import ServiceProcess
from deploy.local.system import REPOSITORY
from tests.chaos.conftest import Town
from tests.chaos.evidence import Stores, stores_of
from tests.chaos.poison import headers_like, valid_payload
from tests.support.eventually import eventually

pytestmark = pytest.mark.timeout(240)

REPLY = "vn.nhipdoan.notifications.reply.received.v1"
TOPIC = "notifications.events.v1"


@pytest.fixture
def stores(town: Town) -> Iterator[Stores]:
    with stores_of(town.stage) as opened:
        yield opened


def put(town: Town, value: bytes, number: int) -> str:
    """A record on notifications' topic, written as its owner; its origin."""
    access = town.stage.namespace.kafka("notifications")
    producer = KafkaProducer(acks="all", metrics_enabled=False, **access.client_settings())
    topic = town.stage.namespace.topic(TOPIC)
    sent = producer.send(topic, key=b"poison", value=value, headers=list(headers_like(REPLY, number))).get(10)
    producer.close()
    return f"{TOPIC}:{sent.partition}:{sent.offset}"


def command_line(town: Town, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`python -m scheduling dead-letters …`, as an operator types it."""
    environment = town.stage.system.environment(ServiceProcess("scheduling", "relay"))
    command = [town.stage.system.supervisor.programs["scheduling-relay"].program.command[0], "-m", "scheduling"]
    return subprocess.run(
        [*map(str, command), "dead-letters", *arguments],
        env=dict(environment),
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_dead_letter_is_listed_shown_and_released_at_the_terminal_and_by_the_api(town: Town, stores: Stores) -> None:
    origin = put(town, b"\xff{", 900_001)
    behind = put(town, valid_payload(REPLY), 900_002)
    eventually(lambda: stores.count("scheduling", "dead_letters", {"_id": origin}), within=15)
    eventually(
        lambda: stores.count("scheduling", "inbox", {"_id": "scheduling:poison-900002"}),
        within=15,
        because=f"{behind} is behind the poison and must go on",
    )

    listed, shown = command_line(town, "list"), command_line(town, "show", origin)
    assert listed.returncode == shown.returncode == 0, listed.stderr + shown.stderr
    assert origin in listed.stdout
    assert "Malformed" in shown.stdout
    assert command_line(town, "show", f"{TOPIC}:0:999999999").returncode == 1

    admin = town.founded.admin
    assert origin in [one["id"] for one in admin.get("scheduling", "/v1/dead-letters")["items"]]
    assert "ReplyReceived" in admin.get("scheduling", f"/v1/dead-letters/{origin}")["error"]
    released = admin.post("scheduling", f"/v1/dead-letters/{origin}/release")
    assert released["state"] == "released"
    eventually(
        lambda: stores.count("scheduling", "dead_letters", {"_id": origin, "state": "open", "attempts": 2}),
        within=15,
        because="it is still malformed, so it is open again",
    )
    assert command_line(town, "release", origin).returncode == 0
    eventually(lambda: stores.count("scheduling", "dead_letters", {"_id": origin, "attempts": 3}), within=15)


def test_reading_every_topic_again_from_the_beginning_sends_no_second_sms(town: Town, stores: Stores) -> None:
    """The group of a used consumer is rewound; then its read models are lost and rebuilt from the log as well."""
    stage = town.stage
    eventually(lambda: not stores.count("notifications", "deliveries", {"state": {"$in": ["queued", "sending"]}}), 30)
    before = {row["_id"] for row in stores.rows("notifications", "deliveries", only={"_id": 1})}
    sms = len(stage.inbox.messages(kind="sms"))
    contacts = stores.count("notifications", "contacts_seen")
    supervised = stage.system.supervisor.programs["notifications-consume"]
    supervised.is_wanted = False
    supervised.child.stop(20)
    rewind(town, "notifications")
    stores._databases["notifications"]["contacts_seen"].delete_many({})
    stage.system.supervisor.start(supervised.program)
    eventually(lambda: stores.count("notifications", "contacts_seen") == contacts, within=30)
    eventually(lambda: lag(town, "notifications") == 0, within=30)
    after = {row["_id"] for row in stores.rows("notifications", "deliveries", only={"_id": 1})}
    assert after == before
    assert len(stage.inbox.messages(kind="sms")) == sms


def rewind(town: Town, service: str) -> None:
    """Nobody is in the group; it begins at the beginning of everything it reads."""
    consumer, partitions = _consumer(town, service)
    consumer.assign(partitions)
    consumer.commit({at: OffsetAndMetadata(0, "", -1) for at in partitions})
    consumer.close()


def lag(town: Town, service: str) -> int:
    from tests.chaos.evidence import lags

    return lags(town.stage)[service]


def _consumer(town: Town, service: str) -> tuple[KafkaConsumer, list[TopicPartition]]:
    from tests.chaos.evidence import READ_BY

    namespace = town.stage.namespace
    consumer = KafkaConsumer(
        group_id=namespace.topic_prefix + service,
        enable_auto_commit=False,
        metrics_enabled=False,
        **namespace.kafka(service).client_settings(),
    )
    topics = [namespace.topic(name) for name in READ_BY[service]]
    return consumer, [
        TopicPartition(topic, number) for topic in topics for number in consumer.partitions_for_topic(topic)
    ]
