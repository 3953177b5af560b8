"""A small HTTP/1.1 server on asyncio, for peers that must not be the slowest part of a measurement.

It knows what the sinks need: keep-alive, bodies with a Content-Length, event streams. A handler that
answers at once is called without a task, which is where the speed comes from.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Protocol
from urllib.parse import parse_qs, unquote

import orjson

LARGEST_HEAD = 65_536
LARGEST_BODY = 8_000_000
HEAD_END = b"\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    path: str
    query_string: str
    body: bytes

    def query(self, name: str, default: str = "") -> str:
        """The first value of a query parameter."""
        return parse_qs(self.query_string).get(name, [default])[0]

    def json(self) -> dict[str, object]:
        """The body as a JSON object. Raises ValueError."""
        value = orjson.loads(self.body)
        if not isinstance(value, dict):
            raise ValueError("the body is not a JSON object")
        return value


@dataclass(frozen=True, slots=True)
class Response:
    body: bytes = b""
    status: int = 200
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)

    def encoded(self) -> bytes:
        extra = "".join(f"{name}: {value}\r\n" for name, value in self.headers.items())
        head = (
            f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}\r\n"
            f"Content-Type: {self.content_type}\r\nContent-Length: {len(self.body)}\r\n{extra}\r\n"
        )
        return head.encode() + self.body


class EventStream(Protocol):
    """An answer that goes on (text/event-stream) until the client leaves."""

    def attach(self, write: Callable[[bytes], None]) -> None: ...

    def detach(self) -> None: ...


class Hangup:
    """No answer: the connection is closed."""


@dataclass(frozen=True, slots=True)
class Twice:
    """The same answer two times, the second one unasked."""

    answer: Response


Answer = Response | EventStream | Hangup | Twice
Handler = Callable[[Request], Answer | Awaitable[Answer]]


def json_response(value: object, status: int = 200) -> Response:
    return Response(orjson.dumps(value), status)


class HttpServer:
    """Routes by method and path; a path that ends with `/*` takes everything below it."""

    def __init__(self) -> None:
        self._handlers: dict[tuple[str, str], Handler] = {}
        self._open: set[asyncio.Transport] = set()

    def route(self, method: str, path: str, handler: Handler) -> None:
        self._handlers[(method, path)] = handler

    async def listen(self, host: str, port: int) -> asyncio.Server:
        """Raises OSError when the port is taken."""
        return await asyncio.get_running_loop().create_server(
            lambda: _Connection(self._answer, self._open), host, port, backlog=1024
        )

    def close_connections(self) -> None:
        for transport in list(self._open):
            transport.close()

    def _answer(self, request: Request) -> Answer | Awaitable[Answer]:
        handler = self._handlers.get((request.method, request.path)) or self._handlers.get(
            (request.method, request.path.rpartition("/")[0] + "/*")
        )
        if handler is None:
            return json_response({"error": "no such resource"}, 404)
        try:
            return handler(request)
        except (ValueError, KeyError, TypeError) as error:
            return json_response({"error": f"{type(error).__name__}: {error}"}, 400)


class _Connection(asyncio.Protocol):
    def __init__(
        self, answer: Callable[[Request], Answer | Awaitable[Answer]], open_ones: set[asyncio.Transport]
    ) -> None:
        self._answer = answer
        self._open = open_ones
        self._buffer = bytearray()
        self._pending: asyncio.Task[None] | None = None
        self._stream: EventStream | None = None
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._open.add(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._open.discard(self._transport)
        if self._stream is not None:
            self._stream.detach()
        if self._pending is not None:
            self._pending.cancel()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        self._work_off()

    def _work_off(self) -> None:
        """Answers in order; a pipelined request waits for the answer before it."""
        while self._pending is None and self._stream is None and not self._transport.is_closing():
            request = self._next_request()
            if request is None:
                return
            answer = self._answer(request)
            if isinstance(answer, Awaitable):
                self._pending = asyncio.ensure_future(self._answer_later(answer))
            else:
                self._send(answer)

    async def _answer_later(self, answer: Awaitable[Answer]) -> None:
        try:
            self._send(await answer)
        except Exception as error:
            self._send(json_response({"error": f"{type(error).__name__}: {error}"}, 500))
            raise
        finally:
            self._pending = None
        self._work_off()

    def _send(self, answer: Answer) -> None:
        if isinstance(answer, Response):
            self._transport.write(answer.encoded())
        elif isinstance(answer, Twice):
            self._transport.write(answer.answer.encoded() * 2)
        elif isinstance(answer, Hangup):
            self._transport.close()
        else:
            self._stream = answer
            self._transport.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n\r\n"
            )
            answer.attach(self._transport.write)

    def _next_request(self) -> Request | None:
        end = self._buffer.find(HEAD_END)
        if end < 0:
            if len(self._buffer) > LARGEST_HEAD:
                self._refuse(431)
            return None
        head = bytes(self._buffer[:end])
        length = _content_length(head)
        if length is None or length > LARGEST_BODY:
            self._refuse(400 if length is None else 413)
            return None
        whole = end + len(HEAD_END) + length
        if len(self._buffer) < whole:
            return None
        body = bytes(self._buffer[end + len(HEAD_END) : whole])
        del self._buffer[:whole]
        method, _, rest = head.partition(b"\r\n")[0].decode("latin-1").partition(" ")
        path, _, query = rest.partition(" ")[0].partition("?")
        return Request(method, unquote(path) if "%" in path else path, query, body)

    def _refuse(self, status: int) -> None:
        self._transport.write(Response(status=status, headers={"Connection": "close"}).encoded())
        self._transport.close()


def _content_length(head: bytes) -> int | None:
    """0 without the header; None where it is no number or the body comes in chunks."""
    lowered = head.lower()
    if b"\r\ntransfer-encoding:" in lowered:
        return None
    start = lowered.find(b"\r\ncontent-length:")
    if start < 0:
        return 0
    value = lowered[start + 17 :].partition(b"\r\n")[0].strip()
    return int(value) if value.isdigit() else None
