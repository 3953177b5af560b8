"""What is seen of each request from outside: one log line, three metrics, headers of caution. No query, no body."""

from __future__ import annotations

import time

import structlog
from flask import Flask, Response, g, request
from prometheus_client import Counter, Histogram

from chassis.web.languages import chosen_language
from chassis.web.surroundings import cause

QUIET_PATHS = frozenset({"/livez", "/readyz", "/metrics"})

REQUESTS = Counter("http_requests_total", "Requests answered", ["method", "route", "status"])
SECONDS = Histogram(
    "http_request_seconds",
    "Time to answer",
    ["method", "route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25),
)

_KNOWN_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_log = structlog.get_logger("web")


def observe(app: Flask) -> None:
    """Watch every request of the app."""
    app.before_request(_begin)
    app.after_request(_end)


def _begin() -> None:
    g.began = time.perf_counter()
    of = cause()
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(correlation_id=of.correlation_id, trace_id=(of.traceparent or "")[3:35])


def _end(response: Response) -> Response:
    _caution(response)
    response.headers["X-Correlation-Id"] = cause().correlation_id
    if request.path in QUIET_PATHS:
        return response
    took = time.perf_counter() - g.get("began", time.perf_counter())
    method = request.method if request.method in _KNOWN_METHODS else "OTHER"
    route = request.url_rule.rule if request.url_rule is not None else "(none)"
    REQUESTS.labels(method, route, str(response.status_code)).inc()
    SECONDS.labels(method, route).observe(took)
    _log.info("request", method=method, route=route, status=response.status_code, ms=round(took * 1000, 1))
    return response


def _caution(response: Response) -> None:
    headers = response.headers
    # What a signed-in caller sees may be personal data: no cache keeps it.
    headers.setdefault("Cache-Control", "no-store" if "principal" in g or request.method != "GET" else "no-cache")
    headers["X-Content-Type-Options"] = "nosniff"
    headers.setdefault("Referrer-Policy", "no-referrer")
    headers.setdefault("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
    headers.setdefault("Content-Language", chosen_language())
