"""Who may work alone: one relay, one set of timers per service.

A lease runs on the database's clock; the holder counts it down on its own monotonic clock from *before* it asked, so
that it stops earlier than the database would let another begin. What a holder that slept through its lease may have
sent late, it announces to its successor, which then makes good what that could have spoilt.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from chassis.failures import Unavailable
from chassis.storage.documents import Document, Kind

LEASE_SECONDS = 6.0
"""Work goes on within ten seconds of a holder's death: a lease, and time to notice."""


class LeaseLost(Exception):
    """Another process may hold the lease now: end this one, do nothing more."""


class LeaseRow(Document):
    """`term` grows with each new holder; `late` counts the holders that learned too late that they were none."""

    holder: str | None = None
    term: int = 0
    late: int = 0
    expires_at: datetime | None = None


LEASES: Kind[LeaseRow] = Kind("leases", LeaseRow)


@dataclass(frozen=True, slots=True)
class Holding:
    """What the table says of a lease that is ours; `at`: its time when it said so."""

    term: int
    late: int
    at: datetime


class LeaseTable(Protocol):
    """Where leases are kept. Every method raises Unavailable when it does not answer in time."""

    def take(self, name: str, holder: str, seconds: float) -> Holding | None:
        """Take it when it is free or expired, prolong it when it is ours; None when another holds it."""

    def give_up(self, name: str, holder: str) -> None:
        """Free it, if it is ours, so that nobody has to wait for it to run out."""

    def announce_late(self, name: str) -> None:
        """Tell the present holder that a former one may have acted after it lost the lease."""


class Lease:
    """One process's view of one lease. Not for several threads."""

    def __init__(
        self,
        table: LeaseTable,
        name: str,
        holder: str,
        *,
        seconds: float = LEASE_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name, self._holder, self._table = name, holder, table
        self._seconds, self._monotonic = seconds, monotonic
        self._until = self._renewed = float("-inf")
        self._holding: Holding | None = None

    @property
    def held(self) -> bool:
        """Whether nobody else can have it: true until a tenth before it runs out, by this machine's clock."""
        return self._held_at(self._monotonic())

    @property
    def late(self) -> int:
        """How many former holders announced that they acted late."""
        return self._holding.late if self._holding else 0

    def acquire(self) -> bool:
        """Try once to become the holder. Raises Unavailable."""
        return self._ask() is not None

    def keep(self) -> None:
        """Prolong when a third has gone by. Raises LeaseLost; a database that is away is borne until it runs out."""
        if self._holding is None:
            raise LeaseLost(self.name)
        if self.held and self._monotonic() - self._renewed < self._seconds / 3:
            return
        before = self._holding
        try:
            now = self._ask()
        except Unavailable:
            self.require()
            return
        if now is None or now.term != before.term:
            self._holding = None
            raise LeaseLost(self.name)

    def require(self) -> datetime:
        """The table's time, which lies within our term. Raises LeaseLost unless the lease is certainly ours by then."""
        now = self._monotonic()
        if self._holding is None or not self._held_at(now):
            raise LeaseLost(self.name)
        return self._holding.at + timedelta(seconds=now - self._renewed)

    def release(self) -> None:
        """Let go of it. Raises Unavailable; then it runs out by itself."""
        if self._holding is not None:
            self._holding = None
            self._table.give_up(self.name, self._holder)

    def announce_late(self) -> None:
        """Tell the successor that we may have acted late. Raises Unavailable."""
        self._table.announce_late(self.name)

    def _held_at(self, now: float) -> bool:
        return self._holding is not None and now < self._until

    def _ask(self) -> Holding | None:
        asked = self._monotonic()
        self._holding = self._table.take(self.name, self._holder, self._seconds)
        if self._holding is not None:
            self._renewed, self._until = asked, asked + self._seconds * 0.9
        return self._holding
