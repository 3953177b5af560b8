"""Leases in this process, on a clock that a test may turn."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock

from chassis.messaging.lease import Holding


@dataclass(slots=True)
class _Row:
    holder: str | None = None
    term: int = 0
    late: int = 0
    expires_at: float = 0.0


class MemoryLeaseTable:
    """`LeaseTable` twin of `mongo.lease`. `clock`: seconds since the epoch."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._rows: dict[str, _Row] = {}
        self._lock = Lock()

    def take(self, name: str, holder: str, seconds: float) -> Holding | None:
        with self._lock:
            row = self._rows.setdefault(name, _Row())
            if row.holder not in (None, holder) and row.expires_at > self._clock():
                return None
            if row.holder != holder:
                row.holder, row.term = holder, row.term + 1
            row.expires_at = self._clock() + seconds
            return Holding(row.term, row.late, datetime.fromtimestamp(self._clock(), UTC))

    def give_up(self, name: str, holder: str) -> None:
        with self._lock:
            row = self._rows.setdefault(name, _Row())
            if row.holder == holder:
                row.holder = None

    def announce_late(self, name: str) -> None:
        with self._lock:
            self._rows.setdefault(name, _Row()).late += 1
