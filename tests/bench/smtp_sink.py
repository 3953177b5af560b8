"""An SMTP server that takes every mail and keeps only a count: `python -m tests.bench.smtp_sink PORT`.

The demo's sink takes mails apart to show them, which would be the slowest part of a measurement. `NOOP` tells the
count of mails, of octets, and when the last mail came.
"""

from __future__ import annotations

import asyncio
import sys
import time

GREETING = b"220 bench ESMTP\r\n"
EHLO = b"250-bench\r\n250-8BITMIME\r\n250-PIPELINING\r\n250 SIZE 10000000\r\n"


class Tally:
    """How many mails came, how many bytes, and when the last one did."""

    def __init__(self) -> None:
        self.mails = self.octets = 0
        self.last = 0.0

    def take(self, octets: int) -> None:
        self.mails += 1
        self.octets += octets
        self.last = time.time()

    def told(self) -> bytes:
        return f"250 {self.mails} {self.octets} {self.last:.6f}\r\n".encode()


class Connection(asyncio.Protocol):
    """One client. Enough of RFC 5321 for a client that behaves."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._buffer = bytearray()
        self._in_data = False
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(GREETING)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while self._step():
            pass

    def _step(self) -> bool:
        ending = b"\r\n.\r\n" if self._in_data else b"\r\n"
        end = self._buffer.find(ending)
        if end < 0:
            return False
        taken = bytes(self._buffer[:end])
        del self._buffer[: end + len(ending)]
        if self._in_data:
            self._in_data = False
            self._tally.take(len(taken))
            self._transport.write(b"250 kept\r\n")
        else:
            self._command(taken[:4].upper())
        return True

    def _command(self, verb: bytes) -> None:
        if verb == b"DATA":
            self._in_data = True
            self._transport.write(b"354 go on\r\n")
        elif verb == b"EHLO":
            self._transport.write(EHLO)
        elif verb == b"NOOP":
            self._transport.write(self._tally.told())
        elif verb == b"QUIT":
            self._transport.write(b"221 bye\r\n")
            self._transport.close()
        else:
            self._transport.write(b"250 ok\r\n")


async def serve(port: int) -> None:
    tally = Tally()
    server = await asyncio.get_running_loop().create_server(lambda: Connection(tally), "127.0.0.1", port)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
