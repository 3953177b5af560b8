"""A web process to try gunicorn with: `python -m tests.unit.chassis.runtime.served [loop]`."""

from __future__ import annotations

import os
import sys
import threading
import time

from flask import Flask, Response, request
from prometheus_client import Counter

from chassis.runtime.metrics import exposition
from chassis.runtime.settings import ServiceSettings
from chassis.runtime.web_server import run_gunicorn
from chassis.web.app import BODY_LIMIT
from chassis.web.asgi import InThreads

COUNTED = Counter("counted", "Calls of /count")


def app() -> Flask:
    made = Flask("served")
    made.config["MAX_CONTENT_LENGTH"] = BODY_LIMIT

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


def in_event_loop(settings: ServiceSettings) -> InThreads:
    return InThreads(app(), threads=settings.web_threads, receive_seconds=settings.web_receive_seconds)


if __name__ == "__main__":
    settings = ServiceSettings()
    if sys.argv[1:] == ["loop"]:
        run_gunicorn("served", lambda: in_event_loop(settings), settings, process="receive", in_event_loop=True)
    run_gunicorn("served", app, settings)
