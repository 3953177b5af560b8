"""Calls an ASGI application as a server would, without one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Answered:
    """What came back. Header names are in lower case."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


Application = Callable[[Any, Any, Any], Awaitable[None]]
Receive = Callable[[], Awaitable[Any]]


def call(app: Application, url: str, headers: Mapping[str, str] | None = None) -> Answered:
    """One GET in an event loop of its own."""
    return asyncio.run(get(app, url, headers))


async def _no_body() -> Any:
    return {"type": "http.request", "body": b""}


async def get(
    app: Application, url: str, headers: Mapping[str, str] | None = None, receive: Receive = _no_body
) -> Answered:
    path, _, query = url.partition("?")
    answered = Answered()

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            answered.status = message["status"]
            answered.headers = {name.decode().lower(): value.decode() for name, value in message["headers"]}
        else:
            answered.body += message.get("body", b"")

    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "query_string": query.encode(),
        "headers": [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()],
        "client": ("127.0.0.1", 40000),
        "server": ("127.0.0.1", 80),
    }
    await app(scope, receive, send)
    return answered
