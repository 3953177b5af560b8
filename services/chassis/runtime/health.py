"""A worker's health over HTTP: /livez (its loop still turns), /readyz (it can work), /metrics."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import structlog
from prometheus_client import CONTENT_TYPE_LATEST

from chassis.runtime.metrics import exposition
from chassis.runtime.readiness import ALWAYS_READY, Readiness

_log = structlog.get_logger("health")


class Heartbeat:
    """When a loop last turned. `beat` it once per round, and in the middle of long ones."""

    def __init__(self, *, dead_after_seconds: float = 60.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._dead_after = clock, dead_after_seconds
        self._last = clock()

    def beat(self) -> None:
        self._last = self._clock()

    @property
    def age(self) -> float:
        """Seconds since the last beat."""
        return self._clock() - self._last

    @property
    def alive(self) -> bool:
        return self.age < self._dead_after


class HealthServer:
    """Serves a worker's health from a thread of its own; `port` is the one it listens on."""

    def __init__(
        self, heartbeat: Heartbeat, readiness: Readiness = ALWAYS_READY, *, address: str = "127.0.0.1", port: int = 0
    ) -> None:
        self._heartbeat, self._readiness = heartbeat, readiness
        self._server = _Server((address, port), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.2,), name="health", daemon=True)

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def start(self) -> HealthServer:
        self._thread.start()
        return self

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(2)

    def answer(self, path: str) -> tuple[int, str, bytes]:
        """Status, content type and body for a path."""
        if path == "/livez":
            alive = self._heartbeat.alive
            said: dict[str, object] = {
                "status": "alive" if alive else "stuck",
                "last_beat_seconds_ago": round(self._heartbeat.age, 1),
            }
            return (200 if alive else 503), "application/json", json.dumps(said).encode()
        if path == "/readyz":
            waiting = self._readiness.waiting_for()
            said = {"status": "waiting" if waiting else "ready", "waiting_for": waiting}
            return (503 if waiting else 200), "application/json", json.dumps(said).encode()
        if path == "/metrics":
            return 200, CONTENT_TYPE_LATEST, exposition()
        return 404, "application/json", b'{"status":"not found"}'

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        answer = self.answer

        class Handler(BaseHTTPRequestHandler):
            timeout = 10

            def do_GET(self) -> None:
                status, content_type, body = answer(self.path)
                self.send_response(status)
                self.send_header("Content-Type", content_type)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                """Health is asked every few seconds: nothing worth a line."""

        return Handler


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A probe that has waited long enough hangs up: its own matter, and no reason to print a traceback. Anything
        else is a fault of ours, and a line of the log like all others."""
        if not isinstance(sys.exc_info()[1], ConnectionError | TimeoutError):
            _log.exception("health could not be told")
