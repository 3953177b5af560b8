"""What an operator does on the running system: look at dead letters, release one, replay a topic, rebuild, tell again.
No second SMS.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
import urllib3
from kafka import KafkaProducer

from deploy.local.processes import ServiceProcess
from deploy.local.system import REPOSITORY
from tests.chaos.commands import Ledger
from tests.chaos.conftest import Town
from tests.chaos.evidence import Stores, lags, stores_of, topic_records
from tests.chaos.poison import headers_like, valid_payload
from tests.chaos.proofs import Evidence, in_order, read_models_equal_source
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


def command(town: Town, service: str) -> tuple[list[str], dict[str, str]]:
    """`python -m <service>` and its environment, for an operator's command."""
    environment = town.stage.system.environment(ServiceProcess(service, "relay"))
    python = str(town.stage.system.supervisor.programs[f"{service}-relay"].program.command[0])
    return [python, "-m", service], dict(environment)


def command_line(town: Town, service: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """As an operator types it."""
    called, environment = command(town, service)
    return subprocess.run(
        [*called, *arguments],
        env=environment,
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def killed(town: Town, service: str, *arguments: str, once: Callable[[], Any]) -> bool:
    """Begin a command, and kill -9 it once this is true; whether it was still at work."""
    called, environment = command(town, service)
    begun = subprocess.Popen([*called, *arguments], env=environment, cwd=REPOSITORY, stdout=subprocess.DEVNULL)
    try:
        eventually(lambda: once() or begun.poll() is not None, within=60, pause=0.001)
    finally:
        begun.kill()
    return begun.wait() < 0


def test_a_dead_letter_is_listed_shown_and_released_at_the_terminal_and_by_the_api(town: Town, stores: Stores) -> None:
    origin = put(town, b"\xff{", 900_001)
    behind = put(town, valid_payload(REPLY), 900_002)
    eventually(lambda: stores.count("scheduling", "dead_letters", {"_id": origin}), within=15)
    eventually(
        lambda: stores.count("scheduling", "inbox", {"_id": "scheduling:poison-900002"}),
        within=15,
        because=f"{behind} is behind the poison and must go on",
    )

    def dead_letters(*arguments: str) -> subprocess.CompletedProcess[str]:
        return command_line(town, "scheduling", "dead-letters", *arguments)

    listed, shown = dead_letters("list"), dead_letters("show", origin)
    assert listed.returncode == shown.returncode == 0, listed.stderr + shown.stderr
    assert origin in listed.stdout
    assert "error     Malformed" in shown.stdout
    assert f"  ce_type: {REPLY}" in shown.stdout
    assert shown.stdout.endswith("payload   2 bytes, no JSON\n\\xff{\n")
    assert dead_letters("show", f"{TOPIC}:0:999999999").returncode == 1
    assert dead_letters("burn", origin).returncode == 2

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
    assert dead_letters("release", origin).returncode == 0
    eventually(lambda: stores.count("scheduling", "dead_letters", {"_id": origin, "attempts": 3}), within=15)
    assert admin.post("scheduling", f"/v1/dead-letters/{origin}/drop")["state"] == "dropped"
    assert stores.count("scheduling", "dead_letters", {"_id": origin, "state": "dropped", "value": None}) == 1
    assert dead_letters("drop", origin).returncode == 1


def test_reading_every_topic_again_from_the_beginning_sends_no_second_sms(town: Town, stores: Stores) -> None:
    """The group of a used consumer is rewound; then its read models are lost and rebuilt from the log as well."""
    stage = town.stage
    eventually(lambda: not stores.count("notifications", "deliveries", {"state": {"$in": ["queued", "sending"]}}), 30)
    before = {row["_id"] for row in stores.rows("notifications", "deliveries", only={"_id": 1})}
    sms = len(stage.inbox.messages(kind="sms"))
    contacts = stores.count("notifications", "contacts_seen")
    supervised = stage.system.supervisor.programs["notifications-consume"]
    refused = command_line(town, "notifications", "rewind", "all")
    assert (refused.returncode, "still reads" in refused.stderr) == (1, True), refused.stderr
    supervised.is_wanted = False
    supervised.child.stop(20)
    rewound = command_line(town, "notifications", "rewind", "all")
    assert (rewound.returncode, "are read from their beginning" in rewound.stdout) == (0, True), rewound.stderr
    stores._databases["notifications"]["contacts_seen"].delete_many({})
    stage.system.supervisor.start(supervised.program)
    eventually(lambda: stores.count("notifications", "contacts_seen") == contacts, within=30)
    eventually(lambda: lag(town, "notifications") == 0, within=30)
    after = {row["_id"] for row in stores.rows("notifications", "deliveries", only={"_id": 1})}
    assert after == before
    assert len(stage.inbox.messages(kind="sms")) == sms


def test_read_models_are_rebuilt_beside_running_consumers_also_after_a_kill_in_the_middle(
    town: Town, stores: Stores
) -> None:
    people, contacts = (stores._databases[service] for service in ("scheduling", "notifications"))
    half = [row["_id"] for row in stores.rows("scheduling", "people_seen", only={"_id": 1})][::2]
    people["people_seen"].delete_many({"_id": {"$in": half}})
    people["units_seen"].update_many({}, {"$set": {"kind_now": "spoilt"}})
    contacts["contacts_seen"].update_many({"_id": {"$in": half}}, {"$set": {"sms": "+84590999999"}})
    people["posts_seen"].insert_one({"_id": "nobody's", "version": 1, **_without_id(people["posts_seen"].find_one({}))})

    before = stores.count("scheduling", "people_seen")
    killed(
        town, "scheduling", "rebuild", "all", once=lambda: stores.count("scheduling", "people_seen") > before
    )  # kill -9 as soon as it writes
    rebuilt = command_line(town, "scheduling", "rebuild", "all", "--remove-unknown")
    assert rebuilt.returncode == 0, rebuilt.stderr
    assert "posts_seen: " in rebuilt.stdout
    assert "1 without a record, 1 of them removed" in rebuilt.stdout
    told = command_line(town, "notifications", "rebuild", "contacts_seen")
    assert told.returncode == 0, told.stderr
    assert f"{len(half)} rows written, 0 erased, 0 set back" in told.stdout
    assert command_line(town, "notifications", "rebuild", "all").returncode == 0
    assert command_line(town, "scheduling", "rebuild", "people").returncode == 2
    assert read_models_equal_source(evidence(town, stores)).broken == []


def test_a_service_tells_all_its_states_again_also_after_a_kill_in_the_middle(town: Town, stores: Stores) -> None:
    eventually(lambda: lag(town, "scheduling") == lag(town, "notifications") == 0, within=30)
    sms = len(town.stage.inbox.messages(kind="sms"))
    before = {topic: len(records) for topic, records in topic_records(town.stage).items()}
    killed(
        town,
        "members",
        "republish",
        "all",
        once=lambda: stores.count("members", "people", {"told_again": {"$exists": True}}),
    )

    def tell_again(service: str) -> str:
        done = command_line(town, service, "republish", "all")
        assert done.returncode == 0, done.stderr
        return done.stdout

    for service in ("members", "scheduling"):
        # What a killed one was about to commit, MongoDB holds for up to 38 s: an operator runs it again, too.
        said = eventually(partial(tell_again, service), within=45, pause=1.0)
        assert said.endswith("all of them are published\n")
    assert stores.count("members", "outbox", {"state": "pending"}) == 0
    found = evidence(town, stores)
    people = stores.count("members", "people")
    assert len(found.records["members.people.v1"]) >= before["members.people.v1"] + people
    assert [in_order(found).broken, read_models_equal_source(found).broken] == [[], []]
    eventually(lambda: lag(town, "scheduling") == lag(town, "notifications") == 0, within=30)
    assert len(town.stage.inbox.messages(kind="sms")) == sms


def test_a_broker_that_does_not_answer_shows_in_the_relays_metrics_and_the_process_stays_ready(town: Town) -> None:
    called, environment = command(town, "members")
    town.stage.kafka.child.freeze()
    try:
        telling = subprocess.Popen(
            [*called, "republish", "members.signing-keys.v1"],
            env=environment,
            cwd=REPOSITORY,
            stdout=subprocess.DEVNULL,
        )
        eventually(lambda: gauge(town, "members-relay", "kafka_unanswered_seconds") > 1, within=20)
        eventually(lambda: gauge(town, "members-relay", "outbox_pending") > 0, within=30)
        assert ask(town, "members-relay", "readyz").status == ask(town, "members-relay", "livez").status == 200
    finally:
        town.stage.kafka.child.thaw()
    assert telling.wait(60) == 0, "it waited for the relay, and the relay for the broker"
    eventually(lambda: gauge(town, "members-relay", "kafka_unanswered_seconds") == 0, within=30)


def ask(town: Town, process: str, path: str) -> urllib3.BaseHTTPResponse:
    service, _, kind = process.partition("-")
    port = town.stage.system.environment(ServiceProcess(service, kind))["HEALTH_PORT"]
    return urllib3.request("GET", f"http://127.0.0.1:{port}/{path}", timeout=5.0)


def gauge(town: Town, process: str, name: str) -> float:
    lines = ask(town, process, "metrics").data.decode().splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith(f"{name} "))


def evidence(town: Town, stores: Stores) -> Evidence:
    return Evidence(Ledger(), stores, topic_records(town.stage))


def _without_id(row: Any) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in ("_id", "version")}


def lag(town: Town, service: str) -> int:
    return lags(town.stage)[service]
