"""gunicorn workers that do not let slow senders keep their threads and connections.

gunicorn's own reads a request's head and body without any time limit once the first byte has come: as many stalled
connections as there are threads would stop the service. Here a connection that sends nothing for a while is given up,
and one that is not done sending after a longer while has its receiving side closed. A request that was received whole
and merely takes long to answer is not touched: its answer still goes out.

In an event loop no thread waits for a sender, and gunicorn gives up a body that stalls and a connection that idles
between requests; but a connection that never sends its first request would stay for good.
"""

from __future__ import annotations

import socket
import struct
import time
from typing import Any, ClassVar

from gunicorn.asgi.protocol import ASGIProtocol  # type: ignore[import-untyped]  # gunicorn has no types
from gunicorn.workers import gasgi  # type: ignore[import-untyped]  # gunicorn has no types
from gunicorn.workers.gthread import ThreadWorker  # type: ignore[import-untyped]  # gunicorn has no types


class ImpatientWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """stall_seconds: between two bytes; receive_seconds: for one whole request."""

    stall_seconds: ClassVar[float] = 10.0
    receive_seconds: ClassVar[float] = 60.0

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._receiving: dict[Any, float] = {}

    def enqueue_req(self, conn: Any) -> None:
        if not conn.initialized:
            wait = struct.pack("ll", int(self.stall_seconds), int(self.stall_seconds % 1 * 1_000_000))
            for side in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
                conn.sock.setsockopt(socket.SOL_SOCKET, side, wait)
        super().enqueue_req(conn)

    def handle(self, conn: Any) -> Any:
        self._receiving[conn] = time.monotonic() + self.receive_seconds
        try:
            return super().handle(conn)
        finally:
            self._receiving.pop(conn, None)

    def murder_pending(self) -> None:
        """Called about once a second by the worker's loop."""
        super().murder_pending()
        now = time.monotonic()
        for conn, deadline in list(self._receiving.items()):
            if deadline < now and self._receiving.pop(conn, None) is not None:
                try:
                    conn.sock.shutdown(socket.SHUT_RD)
                except OSError:
                    pass  # the client is gone already

    def _keepalive_after(self, conn: Any, keepalive: Any) -> Any:
        """gunicorn reads what may be left of a body: three system calls, each a turn of the interpreter lock."""
        if keepalive and getattr(conn.parser.mesg.body.reader, "length", None) == 0:
            return True
        return super()._keepalive_after(conn, keepalive)


def impatient(stall_seconds: float, receive_seconds: float) -> type[ImpatientWorker]:
    """The worker class with these limits."""
    limits = {"stall_seconds": stall_seconds, "receive_seconds": receive_seconds}
    return type("ImpatientWorker", (ImpatientWorker,), limits)


class _Connection(ASGIProtocol):  # type: ignore[misc]  # gunicorn has no types
    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        if self.worker.nr_conns > self.worker.worker_connections:
            transport.abort()
        else:
            self._arm_keepalive_timer()  # as if a request had just been answered

    def _close_transport(self) -> None:
        """gunicorn's ends without closing when the client has just reset the connection; and where reading is paused,
        as within a body that is too large, nothing else notices: it would stay, and the worker would wait for it."""
        super()._close_transport()
        if self.transport is not None:
            self.transport.close()


class ImpatientLoopWorker(gasgi.ASGIWorker):  # type: ignore[misc]  # gunicorn has no types
    """An event loop; a connection whose request's head does not come within `keepalive` seconds is closed."""

    def init_process(self) -> None:
        gasgi.ASGIProtocol = _Connection  # the worker has no other place to say so
        super().init_process()
