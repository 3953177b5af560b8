"""A web process to try gunicorn with: `python -m tests.unit.chassis.runtime.served`."""

from __future__ import annotations

import os
import threading
import time

from flask import Flask, Response, request
from prometheus_client import Counter

from chassis.runtime.metrics import exposition
from chassis.runtime.settings import ServiceSettings
from chassis.runtime.web_server import run_gunicorn

COUNTED = Counter("counted", "Calls of /count")


def app() -> Flask:
    made = Flask("served")

    @made.get("/pid")
    def pid() -> str:
        return str(os.getpid())

    under_way = threading.Event()

    @made.get("/slow")
    def slow() -> str:
        under_way.set()
        time.sleep(1.0)
        return "done"

    @made.get("/under-way")
    def is_under_way() -> str:
        return str(under_way.is_set())

    @made.get("/count")
    def count() -> str:
        COUNTED.inc()
        return "counted"

    @made.post("/length")
    def length() -> str:
        return str(len(request.get_data()))

    @made.get("/metrics")
    def metrics() -> Response:
        return Response(exposition(), content_type="text/plain")

    return made


if __name__ == "__main__":
    run_gunicorn("served", app, ServiceSettings())
