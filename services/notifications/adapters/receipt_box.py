"""Keeps receipts that come one HTTP request at a time, several with one write.

The first that comes writes. Those that come meanwhile are written together by one of them, and so on: nobody writes
for others after his own receipt is kept, and nobody is answered before his is durable.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from threading import Event, Lock

import structlog

from chassis.storage.store import Store
from notifications.application.receipts import RECEIPTS, ReceiptRow

_log = structlog.get_logger("receipts")

_GATHERING_SECONDS = 0.002
"""Where several came together: for those whose callers have just had their answer and call again."""


class _Waiting:
    """A caller: `woken` when his receipt is settled (kept, or failed), and when it is his turn to write."""

    __slots__ = ("failure", "is_settled", "row", "woken")

    def __init__(self, row: ReceiptRow) -> None:
        self.row, self.woken = row, Event()
        self.is_settled = False
        self.failure: BaseException | None = None


class ReceiptBox:
    """Safe for threads; not for forks."""

    def __init__(self, store: Store, *, gathering_seconds: float = _GATHERING_SECONDS) -> None:
        self._store, self._gathering = store, gathering_seconds
        self._lock = Lock()
        self._waiting: list[_Waiting] = []
        self._somebody_writes = False
        self._several_came = False

    def put(self, row: ReceiptRow) -> None:
        """Keep it; the same report a second time changes nothing. Raises Unavailable."""
        mine = _Waiting(row)
        with self._lock:
            self._waiting.append(mine)
            my_turn, self._somebody_writes = not self._somebody_writes, True
        if not my_turn:
            mine.woken.wait()  # each write is bounded in time, and then the next is woken
            my_turn = not mine.is_settled
        if my_turn:
            if self._several_came:
                time.sleep(self._gathering)  # those on their way join this write; nothing tells when the last has come
            self._write_what_waits()
        if mine.failure is not None:
            raise mine.failure

    def _write_what_waits(self) -> None:
        with self._lock:
            batch, self._waiting = self._waiting, []
        failure: BaseException | None = None
        try:
            self._write([each.row for each in batch])
        except BaseException as error:
            failure = error
        for each in batch:
            each.failure, each.is_settled = failure, True
            each.woken.set()
        with self._lock:
            self._several_came = len(batch) > 1
            self._somebody_writes = bool(self._waiting)
            if self._waiting:
                self._waiting[0].woken.set()

    def _write(self, rows: Sequence[ReceiptRow]) -> None:
        self._store.project(RECEIPTS, rows)
        _log.info("receipts kept", count=len(rows))
