"""Calls from the sinks to the notifications service: receipts and replies.

One event loop, a few kept connections; a call that fails is tried again later, five times in all, as
eSMS does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

CONNECTIONS = 8
TRIES = 5
ANSWER_SECONDS = 10.0


@dataclass
class Call:
    """`when_done(tries, succeeded)` is told once, at the end."""

    method: str
    url: str
    body: bytes = b""
    when_done: Callable[[int, bool], None] | None = None
    tries: int = 0


class WebCaller:
    """Makes calls in the background; `first_pause` seconds before the second try, doubled each time."""

    def __init__(self, first_pause: float = 1.0) -> None:
        self.first_pause = first_pause
        self._waiting: asyncio.Queue[Call] = asyncio.Queue()
        self._workers: list[asyncio.Task[None]] = []
        self.unfinished = 0
        """Calls that are still to be made, or made again."""

    def start(self) -> None:
        self._workers = [asyncio.create_task(self._work()) for _ in range(CONNECTIONS)]

    async def close(self) -> None:
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)

    def call(self, call: Call) -> None:
        self.unfinished += 1
        self._waiting.put_nowait(call)

    async def _work(self) -> None:
        connection = _Connection()
        try:
            while True:
                call = await self._waiting.get()
                call.tries += 1
                succeeded = await connection.make(call)
                if succeeded or call.tries >= TRIES:
                    self.unfinished -= 1
                    if call.when_done is not None:
                        call.when_done(call.tries, succeeded)
                else:
                    pause = self.first_pause * 2 ** (call.tries - 1)
                    asyncio.get_running_loop().call_later(pause, self._waiting.put_nowait, call)
        finally:
            connection.close()


class _Connection:
    """A kept connection to the address called last."""

    def __init__(self) -> None:
        self._address: tuple[str, int] | None = None
        self._reader: asyncio.StreamReader
        self._writer: asyncio.StreamWriter | None = None

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    async def make(self, call: Call) -> bool:
        """Whether the other side answered with 2xx."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                is_kept = await self._connect(call.url)
                status = await self._exchange(call)
                if status is None and is_kept:  # the server had closed it meanwhile
                    self.close()
                    await self._connect(call.url)
                    status = await self._exchange(call)
        except (OSError, TimeoutError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            status = None
        if status is None:
            self.close()
            return False
        return 200 <= status < 300

    async def _connect(self, url: str) -> bool:
        """Whether a kept connection is used."""
        parts = urlsplit(url)
        address = (parts.hostname or "", parts.port or 80)
        if self._writer is not None and not self._writer.is_closing() and address == self._address:
            return True
        self.close()
        self._reader, self._writer = await asyncio.open_connection(*address)
        self._address = address
        return False

    async def _exchange(self, call: Call) -> int | None:
        assert self._writer is not None
        assert self._address is not None
        parts = urlsplit(call.url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        head = f"{call.method} {target} HTTP/1.1\r\nHost: {self._address[0]}:{self._address[1]}\r\n"
        if call.body:
            head += f"Content-Type: application/json\r\nContent-Length: {len(call.body)}\r\n"
        try:
            self._writer.write(head.encode() + b"\r\n" + call.body)
            answer = await self._reader.readuntil(b"\r\n\r\n")
        except (ConnectionError, asyncio.IncompleteReadError):
            return None
        await self._read_body(answer.lower())
        return int(answer.split(b" ", 2)[1])

    async def _read_body(self, head: bytes) -> None:
        _, found, rest = head.partition(b"\r\ncontent-length:")
        if found:
            await self._reader.readexactly(int(rest.partition(b"\r\n")[0]))
        if not found or b"\r\nconnection: close" in head:
            self.close()
