"""What every HTTP gateway shares: a kept connection per thread, one clock per call, one way to read failures.

A provider's module writes the call and a table of its codes, and nothing else.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any

import orjson
import structlog
from prometheus_client import Counter, Histogram
from urllib3.util import parse_url
from urllib3.util.wait import wait_for_read

from notifications.domain.sending import InDoubt, Temporary

_log = structlog.get_logger("gateway")

_HEADERS = {"Content-Type": "application/json"}

CALL_SECONDS = Histogram(
    "notifications_gateway_call_seconds",
    "Time a gateway took to answer",
    ("gateway",),
    buckets=(0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
ANSWERS = Counter("notifications_gateway_answers_total", "What a gateway answered", ("gateway", "outcome"))


@dataclass(frozen=True, slots=True)
class Answered:
    """The gateway's own answer, read as JSON."""

    said: Mapping[str, Any]


class HttpGateway:
    """Calls one gateway. Safe for threads. Logs codes and durations, never numbers or texts.

    With `http.client` itself: what urllib3 adds to it (pool, retries, redirects) is not wanted here, and cost more than
    the call. Whether a kept connection still stands is asked in urllib3's way.
    """

    name = "gateway"

    def __init__(self, base_url: str, *, timeout_seconds: float = 10.0) -> None:
        url = parse_url(base_url)
        self._kind = HTTPSConnection if url.scheme == "https" else HTTPConnection
        self._host, self._port, self._prefix = (url.host or "").strip("[]"), url.port, (url.path or "").rstrip("/")
        self._timeout = timeout_seconds
        self._thread = threading.local()
        self._connections: set[HTTPConnection] = set()
        self._lock = threading.Lock()
        self._seconds = CALL_SECONDS.labels(self.name)

    def call(self, method: str, path: str, body: bytes | None = None) -> Answered | Temporary | InDoubt:
        """One call. Temporary: certainly not taken. InDoubt: it may have been."""
        began = time.perf_counter()
        try:
            connection = self._connected()
        except OSError:
            return self._told("unreachable", Temporary("gateway_unreachable", counts=False))
        try:
            connection.request(method, self._prefix + path, body, _HEADERS)
            response = connection.getresponse()
            said = response.read()
        except (OSError, HTTPException) as error:  # a timeout or a broken connection after the request was on its way
            connection.close()
            return self._told(type(error).__name__, InDoubt())
        finally:
            self._seconds.observe(time.perf_counter() - began)
        return self._read(response.status, response.headers, said)

    def _connected(self) -> HTTPConnection:
        """This thread's connection. Raises OSError where nobody answers."""
        connection: HTTPConnection | None = getattr(self._thread, "connection", None)
        if connection is None:
            connection = self._thread.connection = self._kind(self._host, self._port)
            with self._lock:
                self._connections.add(connection)
        if connection.sock is not None and wait_for_read(connection.sock, timeout=0.0):
            connection.close()  # an idle one that the gateway has closed: nothing of ours was on its way
        if connection.sock is None:
            self._connect(connection)
        return connection

    def _connect(self, connection: HTTPConnection) -> None:
        connection.timeout = min(3.0, self._timeout)
        try:
            connection.connect()
            connection.sock.settimeout(self._timeout)
        except BaseException:
            connection.close()
            raise

    def _read(self, status: int, headers: Message, said: bytes) -> Answered | Temporary | InDoubt:
        if status in (429, 503):
            return self._told(str(status), Temporary("gateway_busy", asked=retry_after(headers)))
        if status in (401, 403):
            return self._told(str(status), Temporary("gateway_account", asked=60.0, counts=False))
        if status >= 500:
            return self._told(str(status), InDoubt())
        try:
            read = orjson.loads(said)
        except orjson.JSONDecodeError:
            read = None
        if not isinstance(read, dict):
            return self._told("unreadable", InDoubt())
        return Answered(read)

    def _told(self, outcome: str, answer: Temporary | InDoubt) -> Temporary | InDoubt:
        self.count(outcome)
        _log.warning("gateway failed", gateway=self.name, outcome=outcome, reason=answer.reason)
        return answer

    def count(self, outcome: str) -> None:
        ANSWERS.labels(self.name, outcome).inc()

    def close(self) -> None:
        with self._lock:
            connections, self._connections = self._connections, set()
        for connection in connections:
            connection.close()


def retry_after(headers: Message) -> float | None:
    """Seconds to wait, from Retry-After in its form of seconds; a date or nonsense counts as not said."""
    said = str(headers.get("Retry-After", "")).strip()
    return min(float(said), 3600.0) if said.isdigit() else None
