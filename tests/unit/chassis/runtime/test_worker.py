"""A worker can be seen to live, backs off when the world is away, and ends when it is asked to."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import struct
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator

import pytest
from pydantic import ValidationError

from chassis.failures import Unavailable
from chassis.runtime import worker as worker_module
from chassis.runtime.health import HealthServer, Heartbeat
from chassis.runtime.readiness import Readiness, mongo_answers
from chassis.runtime.settings import ServiceSettings
from chassis.runtime.shutdown import Shutdown
from chassis.runtime.worker import Worker
from tests.support.eventually import eventually


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def worker(clock: Callable[[], float] | None = None) -> Worker:
    return Worker(Shutdown(), Heartbeat(clock=clock) if clock else Heartbeat(), health_port=0)


def test_a_worker_repeats_its_step_until_it_is_asked_to_end() -> None:
    running = worker()
    steps: list[int] = []

    def step() -> bool:
        steps.append(len(steps))
        if len(steps) == 3:
            running.shutdown.ask()
        return True

    running.repeat(step, idle_seconds=60)
    assert steps == [0, 1, 2]


def test_a_worker_without_work_rests_and_wakes_at_once_to_end() -> None:
    running = worker()
    ended = threading.Event()
    resting = threading.Event()

    def idle() -> bool:
        resting.set()
        return False

    def run() -> None:
        running.repeat(idle, idle_seconds=3600)
        ended.set()

    threading.Thread(target=run).start()
    assert resting.wait(5)
    running.shutdown.ask()
    assert ended.wait(5)


def test_a_worker_backs_off_longer_while_the_database_is_away_and_forgets_it_after(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rests: list[float] = []
    monkeypatch.setattr(Worker, "pause", lambda _, seconds: rests.append(seconds))
    running, outcomes = worker(), iter(["away", "away", "busy", "away", "end"])

    def step() -> bool:
        outcome = next(outcomes)
        if outcome == "away":
            raise Unavailable("MongoDB: AutoReconnect")
        if outcome == "end":
            running.shutdown.ask()
        return True

    running.repeat(step, idle_seconds=1)
    first, second, *_ = worker_module.BACK_OFF_SECONDS
    assert rests == [first, second, first]


def test_an_unexpected_error_ends_the_worker() -> None:
    def step() -> bool:
        raise RuntimeError("a bug")

    with pytest.raises(RuntimeError):
        worker().repeat(step, idle_seconds=1)


@pytest.fixture
def signals() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_asks_to_end_and_a_second_one_changes_nothing(signals: None, number: signal.Signals) -> None:
    shutdown = Shutdown().listen()
    assert not shutdown.asked
    signal.raise_signal(number)
    signal.raise_signal(number)
    assert shutdown.asked
    assert shutdown.wait(60)


class Health:
    def __init__(self) -> None:
        self.clock = Clock()
        self.heartbeat = Heartbeat(dead_after_seconds=30, clock=self.clock)
        self.caught_up = False
        self.server = HealthServer(self.heartbeat, Readiness({"catch-up": lambda: self.caught_up})).start()

    def ask(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.server.port}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()


@pytest.fixture
def health() -> Iterator[Health]:
    made = Health()
    yield made
    made.server.close()


def test_a_worker_is_alive_while_its_loop_turns(health: Health) -> None:
    assert health.ask("/livez")[0] == 200
    health.clock.now += 30
    status, said = health.ask("/livez")
    assert (status, json.loads(said)) == (503, {"status": "stuck", "last_beat_seconds_ago": 30.0})
    health.heartbeat.beat()
    assert health.ask("/livez")[0] == 200


def test_a_worker_is_ready_when_nothing_is_waited_for(health: Health) -> None:
    assert health.ask("/readyz") == (503, '{"status": "waiting", "waiting_for": ["catch-up"]}')
    health.caught_up = True
    assert health.ask("/readyz")[0] == 200


def test_a_worker_shows_its_metrics_and_nothing_else(health: Health) -> None:
    assert "process_cpu_seconds_total" in health.ask("/metrics")[1]
    assert health.ask("/")[0] == 404


def being_answered() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if "process_request_thread" in thread.name]


def test_a_caller_who_hangs_up_makes_no_noise(capfd: pytest.CaptureFixture[str]) -> None:
    asked, gone = threading.Event(), threading.Event()

    def slow() -> bool:
        asked.set()
        return gone.wait(10)

    server = HealthServer(Heartbeat(), Readiness({"slow": slow})).start()
    try:
        with socket.create_connection(("127.0.0.1", server.port)) as caller:
            caller.sendall(b"GET /readyz HTTP/1.0\r\n\r\n")
            assert asked.wait(10)
            caller.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # closed by a reset
        gone.set()
        eventually(lambda: not being_answered())
    finally:
        server.close()
    assert capfd.readouterr() == ("", "")


def test_a_check_that_fails_unexpectedly_is_a_line_of_the_log(capfd: pytest.CaptureFixture[str]) -> None:
    def broken() -> bool:
        raise RuntimeError("a bug")

    server = HealthServer(Heartbeat(), Readiness({"broken": broken})).start()
    try:
        with (
            pytest.raises(http.client.RemoteDisconnected),
            urllib.request.urlopen(f"http://127.0.0.1:{server.port}/readyz", timeout=5),
        ):
            pass
        eventually(lambda: not being_answered())
    finally:
        server.close()
    said = capfd.readouterr()
    assert "health could not be told" in said.out
    assert said.err == ""


def test_a_database_that_is_not_there_is_a_no_in_time() -> None:
    from pymongo import MongoClient

    client: MongoClient[dict[str, object]] = MongoClient("mongodb://127.0.0.1:1/", serverSelectionTimeoutMS=50)
    assert mongo_answers(client.get_database("x"), within_seconds=1)() is False
    client.close()


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "KAFKA_BOOTSTRAP_SERVERS": "k:1",
        "KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
        "KAFKA_USERNAME": "members",
        "KAFKA_PASSWORD": "secret-1",
        "MONGODB_URI": "mongodb://members:secret-2@m:1/?authSource=admin",
        "MONGODB_DATABASE": "members",
        "TOPIC_PREFIX": "t1.",
        "PORT": "8101",
        "HEALTH_PORT": "",
        "PUBLIC_URL": "http://127.0.0.1:8101",
    }.items():
        monkeypatch.setenv(name, value)
    settings = ServiceSettings()
    assert (settings.kafka_username, settings.port, settings.health_port) == ("members", 8101, 0)
    assert "secret" not in repr(settings)


def test_a_missing_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MONGODB_URI", raising=False)
    monkeypatch.setenv("MONGODB_DATABASE", "members")
    with pytest.raises(ValidationError, match="mongodb_uri"):
        ServiceSettings()
