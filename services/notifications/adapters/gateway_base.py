"""What every HTTP gateway shares: a kept pool of connections, one clock per call, one way to read failures.

A provider's module writes the call and a table of its codes, and nothing else.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
import structlog
import urllib3
from prometheus_client import Counter, Histogram
from urllib3.connectionpool import connection_from_url
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NameResolutionError,
    NewConnectionError,
)

from notifications.domain.sending import InDoubt, Temporary

_log = structlog.get_logger("gateway")

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
    """Calls one gateway. Safe for threads. Logs codes and durations, never numbers or texts."""

    name = "gateway"

    def __init__(self, base_url: str, *, connections: int, timeout_seconds: float = 10.0) -> None:
        self._prefix = urllib3.util.parse_url(base_url).path or ""
        self._pool = connection_from_url(
            base_url,
            maxsize=connections,
            block=False,
            retries=False,
            timeout=urllib3.Timeout(connect=min(3.0, timeout_seconds), read=timeout_seconds),
        )
        self._seconds = CALL_SECONDS.labels(self.name)

    def call(self, method: str, path: str, body: bytes | None = None) -> Answered | Temporary | InDoubt:
        """One call. Temporary: certainly not taken. InDoubt: it may have been."""
        began = time.perf_counter()
        try:
            response = self._pool.urlopen(
                method, self._prefix.rstrip("/") + path, body=body, headers={"Content-Type": "application/json"}
            )
        except (NewConnectionError, ConnectTimeoutError, NameResolutionError):
            return self._told("unreachable", Temporary("gateway_unreachable", counts=False))
        except HTTPError as error:  # a timeout or a broken connection after the request was on its way
            return self._told(type(error).__name__, InDoubt())
        finally:
            self._seconds.observe(time.perf_counter() - began)
        return self._read(response)

    def _read(self, response: Any) -> Answered | Temporary | InDoubt:
        status = int(response.status)
        if status in (429, 503):
            return self._told(str(status), Temporary("gateway_busy", asked=retry_after(response.headers)))
        if status in (401, 403):
            return self._told(str(status), Temporary("gateway_account", asked=60.0, counts=False))
        if status >= 500:
            return self._told(str(status), InDoubt())
        try:
            said = orjson.loads(response.data)
        except orjson.JSONDecodeError:
            said = None
        if not isinstance(said, dict):
            return self._told("unreadable", InDoubt())
        return Answered(said)

    def _told(self, outcome: str, answer: Temporary | InDoubt) -> Temporary | InDoubt:
        self.count(outcome)
        _log.warning("gateway failed", gateway=self.name, outcome=outcome, reason=answer.reason)
        return answer

    def count(self, outcome: str) -> None:
        ANSWERS.labels(self.name, outcome).inc()

    def close(self) -> None:
        self._pool.close()


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait, from Retry-After in its form of seconds; a date or nonsense counts as not said."""
    said = headers.get("Retry-After", "").strip()
    return min(float(said), 3600.0) if said.isdigit() else None
