"""HTTP clients that keep their connections: sixteen threads that call as fast as they are answered."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from chassis.context import new_uuid7
from tests.bench.metering import Reading

CONNECTIONS = 16


@dataclass(frozen=True)
class Call:
    method: str
    path: str
    body: bytes | None = None


def call_many(reading: Reading, port: int, token: str, calls: Callable[[int], Call], count: int) -> list[bytes]:
    """Make `count` calls, the n-th as `calls(n)` says, over 16 connections; their answers. Fills the reading.

    Raises AssertionError when one is not answered 2xx.
    """
    numbers = iter(range(count))
    lock, answers, wrong = threading.Lock(), list[bytes](), list[str]()

    def one() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        while not wrong:
            with lock:
                number = next(numbers, None)
            if number is None:
                break
            took, status, body = timed(connection, calls(number), headers)
            with lock:
                reading.latencies_ms.append(took)
                answers.append(body)
            if status >= 300:
                wrong.append(f"{status} {body[:300]!r}")
        connection.close()

    threads = [threading.Thread(target=one) for _ in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong, wrong[0]
    reading.count = count
    return answers


def timed(connection: http.client.HTTPConnection, call: Call, headers: Mapping[str, str]) -> tuple[float, int, bytes]:
    """Milliseconds, status and body of one call; a POST gets an Idempotency-Key of its own."""
    sent = dict(headers)
    if call.method == "POST":
        sent["Idempotency-Key"] = new_uuid7()
    began = time.perf_counter()
    connection.request(call.method, call.path, call.body, sent)
    answer = connection.getresponse()
    body = answer.read()
    return (time.perf_counter() - began) * 1000, answer.status, body
