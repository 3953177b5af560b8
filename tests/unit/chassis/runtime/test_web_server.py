"""The web process: serves, keeps slow clients from stopping it, ends when asked, and speaks JSON on its output."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

import pytest

from tests.support.eventually import eventually


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Served:
    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self.process, self.port = process, port

    def get(self, path: str, timeout: float = 10) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def answers(self) -> bool:
        try:
            return self.get("/pid", 1)[0] == 200
        except OSError:
            assert self.process.poll() is None, "the web process ended"
            return False


IN_THREADS, IN_AN_EVENT_LOOP = (), ("loop",)
WAYS = ((IN_THREADS, IN_AN_EVENT_LOOP), ("threads", "event loop"))


@contextmanager
def serving(way: Sequence[str] = IN_THREADS, **settings: str) -> Iterator[Served]:
    port = free_port()
    environment = os.environ | {
        "PYTHONPATH": "services:.",
        "MONGODB_URI": "mongodb://127.0.0.1:1",
        "MONGODB_DATABASE": "x",
        "PORT": str(port),
        "WEB_THREADS": "4",
        "WEB_STALL_SECONDS": "0.5",
        "WEB_RECEIVE_SECONDS": "1.5",
        **settings,
    }
    command = [sys.executable, "-W", "error", "-m", "tests.unit.chassis.runtime.served", *way]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        served = Served(process, port)
        try:
            eventually(served.answers, within=20)
            yield served
        finally:
            process.terminate()
            out, errors = process.communicate(timeout=30)
            assert all(json.loads(line)["service"] == "served" for line in out.splitlines())
            assert errors == ""


@pytest.fixture(scope="module", params=WAYS[0], ids=WAYS[1])
def served(request: pytest.FixtureRequest) -> Iterator[Served]:
    with serving(request.param) as running:
        yield running


def test_clients_that_stall_do_not_keep_others_out(served: Served) -> None:
    with ExitStack() as stack:
        for sent in [
            b"G",
            b"GET /pid HTTP/1.1\r\nHost: x\r\n",
            b"POST /length HTTP/1.1\r\nContent-Length: 9\r\n\r\nab",
        ] * 3:
            client = stack.enter_context(socket.create_connection(("127.0.0.1", served.port)))
            client.sendall(sent)
        assert served.get("/pid", timeout=10)[0] == 200


def test_a_client_that_drips_is_given_up(served: Served) -> None:
    with socket.create_connection(("127.0.0.1", served.port)) as client:
        client.sendall(b"POST /length HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n")

        def given_up() -> bool:
            """Whether an answer or the end came back after one more byte."""
            try:
                client.settimeout(0.05)
                client.sendall(b"x")
                client.recv(100)
                return True
            except TimeoutError:
                return False
            except ConnectionError:
                return True

        eventually(given_up, within=15, pause=0.2)


def test_an_answer_that_takes_long_is_not_cut(served: Served) -> None:
    assert served.get("/slow") == (200, "done")


@pytest.mark.parametrize("way", WAYS[0], ids=WAYS[1])
def test_asked_to_end_it_finishes_what_it_has_and_ends_well(way: Sequence[str]) -> None:
    with serving(way) as served:
        answers: list[tuple[int, str]] = []
        asking = threading.Thread(target=lambda: answers.append(served.get("/slow")))
        asking.start()
        eventually(lambda: served.get("/under-way") == (200, "True"))
        served.process.send_signal(signal.SIGTERM)
        asking.join(20)
        assert served.process.wait(25) == 0
    assert answers == [(200, "done")]


@pytest.mark.parametrize("way", WAYS[0], ids=WAYS[1])
def test_several_workers_share_their_metrics(way: Sequence[str]) -> None:
    with serving(way, WEB_WORKERS="2") as served:
        for _ in range(30):
            served.get("/count")
        assert "counted_total 30.0" in served.get("/metrics")[1]


@pytest.mark.parametrize("sent", [b"", b"GET /pid HTTP/1.1\r\nHos"], ids=["nothing", "half a head"])
def test_an_event_loop_closes_a_connection_on_which_no_request_comes(sent: bytes) -> None:
    with serving(IN_AN_EVENT_LOOP) as served, socket.create_connection(("127.0.0.1", served.port)) as client:
        client.sendall(sent)
        client.settimeout(20)
        assert client.recv(100) == b""


def test_an_event_loop_tells_a_sender_that_he_was_too_slow_and_a_large_one_that_it_was_too_much() -> None:
    with serving(IN_AN_EVENT_LOOP) as served:
        for length, status in ((9, b"408"), (2_000_000, b"413")):
            with socket.create_connection(("127.0.0.1", served.port)) as client:
                client.sendall(b"POST /length HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % length)
                client.sendall(b"x" * min(length - 1, 1_500_000))
                client.settimeout(10)
                assert status in b"".join(iter(lambda: client.recv(4096), b""))
