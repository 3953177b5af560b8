"""An SMTP server that takes every mail and keeps only a count: `python -m tests.bench.smtp_sink PORT`.

The demo's sink takes mails apart to show them, which would be the slowest part of a measurement. This one speaks the
extensions that Postfix and Exim offer as they come, and answers a group of commands in one write as they do (RFC 2920,
3.2). `NOOP` tells the count of mails, of octets, and when the last mail came.
"""

from __future__ import annotations

import asyncio
import sys
import time

GREETING = b"220 bench ESMTP\r\n"
EHLO = b"250-bench\r\n250-8BITMIME\r\n250-PIPELINING\r\n250-CHUNKING\r\n250 SIZE 10000000\r\n"
LINE, MAIL = b"\r\n", b"\r\n.\r\n"


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
        self._buffer, self._answers = bytearray(), bytearray()
        self._ending = LINE
        self._chunk = 0
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(GREETING)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while self._step():
            pass
        answers, self._answers = bytes(self._answers), bytearray()
        if answers:
            self._transport.write(answers)

    def _step(self) -> bool:
        if self._chunk:
            return self._take_chunk()
        end = self._buffer.find(self._ending)
        if end < 0:
            return False
        taken = bytes(self._buffer[:end])
        del self._buffer[: end + len(self._ending)]
        if self._ending is MAIL:
            self._ending = LINE
            self._keep(len(taken))
        else:
            self._command(taken)
        return True

    def _take_chunk(self) -> bool:
        if len(self._buffer) < self._chunk:
            return False
        del self._buffer[: self._chunk]
        self._keep(self._chunk)
        self._chunk = 0
        return True

    def _keep(self, octets: int) -> None:
        self._tally.take(octets)
        self._answers += b"250 kept\r\n"

    def _command(self, line: bytes) -> None:
        verb = line[:4].upper()
        if verb == b"BDAT":
            self._chunk = int(line.split()[1])
        elif verb == b"DATA":
            self._ending = MAIL
            self._answers += b"354 go on\r\n"
        elif verb == b"EHLO":
            self._answers += EHLO
        elif verb == b"NOOP":
            self._answers += self._tally.told()
        elif verb == b"QUIT":
            self._transport.write(bytes(self._answers) + b"221 bye\r\n")
            self._answers.clear()
            self._transport.close()
        else:
            self._answers += b"250 ok\r\n"


async def serve(port: int) -> None:
    tally = Tally()
    server = await asyncio.get_running_loop().create_server(lambda: Connection(tally), "127.0.0.1", port)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
