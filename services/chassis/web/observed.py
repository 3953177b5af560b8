"""What is seen of each request from outside: one log line, three metrics, headers of caution. No query, no body."""

from __future__ import annotations

import time
from functools import cache

import structlog
from flask import Flask, Response, g, request
from prometheus_client import Counter, Histogram

from chassis.runtime.logging import in_chain
from chassis.web.surroundings import cause

QUIET_PATHS = frozenset({"/livez", "/readyz", "/metrics"})

REQUESTS = Counter("http_requests_total", "Requests answered", ["method", "route", "status"])
SECONDS = Histogram(
    "http_request_seconds",
    "Time to answer",
    ["method", "route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25),
)

# Looking a series up by its labels costs more than counting does; there are as many as there are routes and statuses.
_counted = cache(lambda method, route, status: REQUESTS.labels(method, route, str(status)))
_timed = cache(SECONDS.labels)

_KNOWN_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_log = structlog.get_logger("web")


def observe(app: Flask) -> None:
    """Watch every request of the app."""
    app.before_request(_begin)
    app.after_request(_end)


def _begin() -> None:
    g.began = time.perf_counter()
    of = cause()
    in_chain(correlation_id=of.correlation_id, trace_id=(of.traceparent or "")[3:35])


def _end(response: Response) -> Response:
    path, method = request.path, request.method
    _caution(response, method)
    if path in QUIET_PATHS:
        return response
    took = time.perf_counter() - g.began
    method = method if method in _KNOWN_METHODS else "OTHER"
    rule = request.url_rule
    route = rule.rule if rule is not None else "(none)"
    _counted(method, route, response.status_code).inc()
    _timed(method, route).observe(took)
    _log.info("request", method=method, route=route, status=response.status_code, ms=round(took * 1000, 1))
    return response


def _caution(response: Response, method: str) -> None:
    headers = response.headers
    there = {name for name, _ in headers}
    if "Cache-Control" not in there:
        # What a signed-in caller sees may be personal data: no cache keeps it.
        headers.add("Cache-Control", "no-store" if method != "GET" or "principal" in g else "no-cache")
    if "Content-Security-Policy" not in there:
        headers.add("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
    headers.add("X-Content-Type-Options", "nosniff")
    headers.add("Referrer-Policy", "no-referrer")
    headers.add("X-Correlation-Id", cause().correlation_id)
