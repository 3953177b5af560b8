"""A service's application in an event loop: for processes with a lane of their own before it, that waits for nobody."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

from a2wsgi import WSGIMiddleware
from flask import Flask
from werkzeug.exceptions import RequestTimeout

from chassis.web.app import BODY_LIMIT

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Headers = Iterable[tuple[bytes, bytes]]


class InThreads:
    """Answers each request in one of `threads` threads, once its body has come: no sender keeps a thread waiting.

    A body that has not come whole after `receive_seconds` is given up.
    """

    def __init__(self, app: Flask, *, threads: int, receive_seconds: float) -> None:
        self._app, self._receive_seconds = app, receive_seconds
        wsgi: Any = app  # a2wsgi's types of WSGI are its own
        self._in_threads: Any = WSGIMiddleware(wsgi, workers=threads)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            async with asyncio.timeout(self._receive_seconds) as limit:
                body = await _whole_body(receive, limit)
        except TimeoutError:
            await refusal(self._app, scope, RequestTimeout()).send(send)
            return
        if body is not None:
            await self._in_threads(scope, _replay(body), send)


async def _whole_body(receive: Receive, limit: asyncio.Timeout) -> bytes | None:
    """None when the client hung up. A body over the limit is cut off, and the app refuses it by its declared length.

    Raises TimeoutError when the limit passed although something came: `asyncio.wait_for`, by which gunicorn waits,
    loses the cancellation when a byte comes in the same moment, and no second one follows.
    """
    body = bytearray()
    while True:
        message = await receive()
        if limit.expired():
            raise TimeoutError
        if message["type"] != "http.request":
            return None
        body += message.get("body", b"")
        if len(body) > BODY_LIMIT or not message.get("more_body"):
            return bytes(body[: BODY_LIMIT + 1])


def _replay(body: bytes) -> Receive:
    async def receive() -> Message:
        return {"type": "http.request", "body": body}

    return receive


class Answer:
    """A response that is known whole."""

    def __init__(self, status: int, headers: Headers, body: bytes) -> None:
        self._start = {"type": "http.response.start", "status": status}
        self._headers, self._body = list(headers), body

    async def send(self, send: Send, *further: tuple[bytes, bytes]) -> None:
        await send({**self._start, "headers": [*self._headers, *further]})
        await send({"type": "http.response.body", "body": self._body})


def refusal(app: Flask, scope: Scope, error: Exception) -> Answer:
    """What the app says to this request when `error` ends it; logged and counted as its own answers are."""
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
    with app.test_request_context(scope["path"], method=scope["method"], headers=headers):
        app.preprocess_request()
        told = app.process_response(app.make_response(app.handle_user_exception(error)))
        return Answer(told.status_code, [(n.lower().encode(), v.encode()) for n, v in told.headers], told.get_data())
