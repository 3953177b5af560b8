"""Keeps receipts that come one HTTP request at a time, several with one write."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor

import structlog

from notifications.application.receipts import MOST_IN_A_BATCH
from notifications.domain.receipt import Receipt

_log = structlog.get_logger("receipts")

_GATHERING_SECONDS = 0.002
"""After several that came together: until their callers have come again. A write costs as much for one as for all."""


class ReceiptBox:
    """For one event loop. While a write is under way, in `executor`, those that come wait for the next one.

    `keep` makes them durable, or raises.
    """

    def __init__(
        self,
        keep: Callable[[Sequence[Receipt]], None],
        executor: Executor,
        *,
        gathering_seconds: float = _GATHERING_SECONDS,
    ) -> None:
        self._keep, self._executor, self._gathering = keep, executor, gathering_seconds
        self._waiting: list[tuple[Receipt, asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None

    async def put(self, receipt: Receipt) -> None:
        """Returns when it is durable; nobody is told so before. Raises what `keep` raised."""
        kept = asyncio.get_running_loop().create_future()
        self._waiting.append((receipt, kept))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write_what_waits())
        await kept

    async def _write_what_waits(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:MOST_IN_A_BATCH], self._waiting[MOST_IN_A_BATCH:]
            await self._write(batch)
            # Those who have just had their answer call again, and nothing tells when the last of them has.
            await asyncio.sleep(self._gathering if len(batch) > 1 else 0)
        self._writing = None

    async def _write(self, batch: Sequence[tuple[Receipt, asyncio.Future[None]]]) -> None:
        failure: Exception | None = None
        try:
            receipts = [receipt for receipt, _ in batch]
            await asyncio.get_running_loop().run_in_executor(self._executor, self._keep, receipts)
            _log.info("receipts kept", count=len(batch))
        except Exception as error:
            failure = error
        for _, kept in batch:
            if kept.done():
                continue  # its caller has hung up
            if failure is None:
                kept.set_result(None)
            else:
                kept.set_exception(failure)
