"""From an event to the phone and the mailbox: real MongoDB, the real adapters, the gateway and mail sinks."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from deploy.local.ports import answers, free_port
from deploy.local.process_family import ProcessFamily
from notifications.adapters.delivery_counts import MongoCounter, StoreCounter
from notifications.application.look_up import Counter
from notifications.bootstrap import deliverers
from notifications.domain.delivery import Channel, State
from notifications.settings import Settings
from tests.component.notifications.world import MEETING, World, facts, scheduled
from tests.support.eventually import eventually
from tests.support.inbox_client import InboxClient
from tests.support.platform import Namespace

REPOSITORY = Path(__file__).parents[3]
KEYS = {"SMS_GATEWAY_API_KEY": "key", "SMS_GATEWAY_SECRET_KEY": "secret", "SMS_BRANDNAME": "NHIPDOAN"}


class Sinks:
    def __init__(self, family: ProcessFamily, directory: Path) -> None:
        self.port, self.smtp_port = free_port(), free_port()
        self.inbox = InboxClient(f"http://127.0.0.1:{self.port}")
        environment = {
            **KEYS,
            "PYTHONPATH": str(REPOSITORY),
            "INBOX_PORT": str(self.port),
            "SMTP_PORT": str(self.smtp_port),
            "SINK_DIRECTORY": str(directory),
        }
        family.start("sinks", [sys.executable, "-m", "deploy.local.sinks"], environment)
        eventually(lambda: answers(self.port) and answers(self.smtp_port), because="the sinks listen")


@pytest.fixture(scope="module")
def running_sinks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sinks]:
    directory = tmp_path_factory.mktemp("sinks")
    with ProcessFamily(directory / "log") as family:
        sinks = Sinks(family, directory / "data")
        yield sinks
        sinks.inbox.close()


@pytest.fixture
def sinks(running_sinks: Sinks) -> Sinks:
    running_sinks.inbox.reset()
    running_sinks.inbox.set_faults()
    return running_sinks


@pytest.fixture
def settings(namespace: Namespace, sinks: Sinks, monkeypatch: pytest.MonkeyPatch) -> Settings:
    environment = {
        **KEYS,
        **namespace.environment("notifications"),
        "SMS_GATEWAY_URL": f"http://127.0.0.1:{sinks.port}/gateway/esms",
        "SMTP_PORT": str(sinks.smtp_port),
        "CALLBACK_URL": "",
        "QUIET_HOURS": "",
        "DELIVER_LEASE_SECONDS": "3",
        "GATEWAY_TIMEOUT_SECONDS": "0.5",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return Settings()


@pytest.fixture
def delivering(settings: Settings, mongo_world: World) -> Iterator[World]:
    """Deliverers run in threads, as in the deliver process."""
    with ExitStack() as stack:
        made = stack.enter_context(deliverers(settings))
        threads = [threading.Thread(target=one.run) for one in made]
        for thread in threads:
            thread.start()
        yield mongo_world
        for one in made:
            one.stop()
        for thread in threads:
            thread.join(20)
        assert not any(thread.is_alive() for thread in threads)


def all_in(world: World, *states: State, channel: Channel = Channel.SMS) -> bool:
    return {row.state for row in world.rows(channel=channel)} <= set(states)


def test_each_invitee_has_his_sms_and_his_email(delivering: World, sinks: Sinks) -> None:
    people = delivering.people(60, mail=True)
    delivering.hear(scheduled(people, meeting=facts(starts_at=delivering.clock.now.replace(year=2030))))
    messages = sinks.inbox.wait_for(lambda found: len(found) >= 60, kind="sms")
    assert sorted(message["person"] for message in messages) == [f"+8491{n:07}" for n in range(60)]
    [mail] = sinks.inbox.wait_for(kind="email", person="nguoi7@example.vn")
    assert "Kính gửi đồng chí Lê Thị Hoa" in mail["text"]
    assert b"ATTENDEE" in sinks.inbox.attachment(mail)
    assert "Lê Thị Hoa" in sinks.inbox.mail_html(mail)
    eventually(lambda: all_in(delivering, State.ACCEPTED))
    eventually(lambda: all_in(delivering, State.ACCEPTED, channel=Channel.EMAIL))


def test_an_idle_deliverer_is_woken_by_the_event(delivering: World, sinks: Sinks) -> None:
    delivering.person("p-1")
    delivering.hear(scheduled(["p-1"], meeting=facts(starts_at=delivering.clock.now.replace(year=2030))))
    sinks.inbox.wait_for(kind="sms", within=2.0)


def test_answers_that_get_lost_make_no_second_sms(delivering: World, sinks: Sinks) -> None:
    sinks.inbox.set_faults(lost_answer_rate=0.5, lost_answer_seconds=0.05)
    people = delivering.people(40)
    delivering.hear(scheduled(people, meeting=facts(starts_at=delivering.clock.now.replace(year=2030))))
    eventually(lambda: all_in(delivering, State.ACCEPTED), within=60)
    messages = sinks.inbox.messages(kind="sms")
    assert sorted(message["person"] for message in messages) == [f"+8491{n:07}" for n in range(40)]


def test_a_gateway_that_asks_for_time_is_given_it_and_gets_everything(delivering: World, sinks: Sinks) -> None:
    sinks.inbox.set_faults(too_many_rate=0.5, retry_after_seconds=1)
    people = delivering.people(20)
    delivering.hear(scheduled(people, meeting=facts(starts_at=delivering.clock.now.replace(year=2030))))
    eventually(lambda: "gateway_busy" in {reason for _, reason in delivering.states().values()})
    sinks.inbox.set_faults(too_many_rate=0.0)  # by chance one message alone could be put off for minutes
    eventually(lambda: all_in(delivering, State.ACCEPTED), within=60)
    assert len(sinks.inbox.messages(kind="sms")) == 20


def test_mailboxes_that_refuse_are_told_apart(delivering: World, sinks: Sinks) -> None:
    delivering.person("p-gone", phone=None, mail="khong-ton-tai@example.vn")
    delivering.person("p-full", phone=None, mail="hop-thu-day@example.vn")
    delivering.hear(scheduled(["p-gone", "p-full"], meeting=facts(starts_at=delivering.clock.now.replace(year=2030))))

    def settled() -> bool:
        states = delivering.states(channel=Channel.EMAIL)
        return states["p-gone"] == (State.FAILED, "bad_address") and states["p-full"][1] == "gateway_busy"

    eventually(settled)


@pytest.mark.parametrize("kind", [MongoCounter, StoreCounter])
def test_both_counters_count_alike(
    mongo_world: World, database: Database[dict[str, Any]], kind: type[MongoCounter] | type[StoreCounter]
) -> None:
    mongo_world.people(3)
    mongo_world.person("p-00001", phone=None, version=2)
    mongo_world.hear(scheduled(["p-00000", "p-00001", "p-00002"]))
    counter: Counter = MongoCounter(database) if kind is MongoCounter else StoreCounter(mongo_world.store)
    counts = {(one.state, one.reason): one.deliveries for one in counter.count({"about": MEETING})}
    assert counts == {(State.QUEUED, None): 2, (State.SKIPPED, "no_mobile"): 1}
