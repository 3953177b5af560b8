"""Keeps receipts that come one HTTP request at a time, several with one write.

The first that comes writes; those that come meanwhile are written together next. Nobody is answered before his
receipt is durable.
"""

from __future__ import annotations

from concurrent.futures import Future
from threading import Lock

from chassis.storage.store import Store
from notifications.application.receipts import RECEIPTS, ReceiptRow


class ReceiptBox:
    """Safe for threads; not for forks."""

    def __init__(self, store: Store, *, timeout_seconds: float = 20.0) -> None:
        self._store, self._timeout = store, timeout_seconds
        self._lock = Lock()
        self._waiting: list[tuple[ReceiptRow, Future[None]]] = []
        self._writing = False

    def put(self, row: ReceiptRow) -> None:
        """Keep it; the same report a second time changes nothing. Raises Unavailable."""
        kept: Future[None] = Future()
        with self._lock:
            self._waiting.append((row, kept))
            mine, self._writing = not self._writing, True
        if mine:
            self._write_all()
        kept.result(self._timeout)

    def _write_all(self) -> None:
        while True:
            with self._lock:
                batch, self._waiting = self._waiting, []
                if not batch:
                    self._writing = False
                    return
            try:
                self._store.project(RECEIPTS, [row for row, _ in batch])
            except BaseException as error:
                for _, kept in batch:
                    kept.set_exception(error)
            else:
                for _, kept in batch:
                    kept.set_result(None)
