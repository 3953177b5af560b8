"""What becomes of a connection in an event loop whose client is gone."""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
from types import SimpleNamespace

from gunicorn.config import Config  # type: ignore[import-untyped]  # gunicorn has no types

from chassis.runtime import slow_clients

AT_ONCE = struct.pack("ii", 1, 0)


async def left_over_by_a_client_that_resets() -> int:
    """How many connections the worker still counts after it has closed one whose client reset it unnoticed."""
    loop = asyncio.get_running_loop()
    worker = SimpleNamespace(
        cfg=Config(), log=logging.getLogger("test"), asgi=None, loop=loop, nr_conns=0, worker_connections=10, alive=True
    )
    made: list[slow_clients._Connection] = []

    def connection() -> slow_clients._Connection:
        made.append(slow_clients._Connection(worker))
        return made[-1]

    async with await loop.create_server(connection, "127.0.0.1", 0) as server:
        client = socket.create_connection(server.sockets[0].getsockname())
        async with asyncio.timeout(10):
            while not made or made[0].transport is None:
                await asyncio.sleep(0)
            [answered] = made
            answered._pause_reading()  # as it is when much of a body has come that nobody takes
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
            client.close()
            answered._close_transport()
            while worker.nr_conns and not answered.transport.is_closing():
                await asyncio.sleep(0)
            await answered._task
        return int(worker.nr_conns)


def test_a_connection_that_its_client_has_reset_is_let_go() -> None:
    assert asyncio.run(left_over_by_a_client_that_resets()) == 0
