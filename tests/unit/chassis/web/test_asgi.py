"""The application in an event loop gives a sender up in time, whatever the moment at which his bytes come."""

from __future__ import annotations

import asyncio
from typing import Any

from flask import Flask

from chassis.web.asgi import InThreads
from tests.support.asgi import get


def test_a_byte_in_the_moment_of_giving_up_buys_no_more_time() -> None:
    calls = 0

    async def receive() -> Any:
        """As gunicorn's, whose `asyncio.wait_for` loses a cancellation when what it awaits is there."""
        nonlocal calls
        calls += 1
        try:
            await asyncio.sleep(10 if calls == 1 else 0)
        except asyncio.CancelledError:
            pass
        return {"type": "http.request", "body": b"x", "more_body": calls == 1}

    app = Flask("slow")
    app.get("/")(lambda: "received")
    answered = asyncio.run(get(InThreads(app, threads=1, receive_seconds=0.05), "/", receive=receive))
    assert (answered.status, calls) == (408, 1)
