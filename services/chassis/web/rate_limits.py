"""Bounds how often one thing may be tried: for routes that guess-work would attack, such as signing in."""

from __future__ import annotations

import hashlib
import time
from math import ceil
from typing import Any

from flask import request
from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.storage.mongodb import MongoDBStorageBase
from pymongo import MongoClient
from pymongo.database import Database

from chassis.storage.mongo import unavailable_when_gone
from chassis.web.problems import ProblemRaised

_DATABASE_ANSWERS_WITHIN_SECONDS = 5.0
_LOST_RACES = 5


class SharedCounts(MongoDBStorageBase):
    """Counts that all processes on this database share, in `rate_limits`; a key's are gone when its window is over."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        super().__init__(
            "",  # the service's own client is used
            database_name=database.name,
            window_collection_name="rate_limits",
            counter_collection_name="rate_limit_counters",  # stays empty: the library makes both
        )
        self._client = database.client

    def _init_mongo_client(self, uri: str | None, **options: int | str | bool) -> MongoClient[dict[str, Any]]:
        return self._client

    def __del__(self) -> None:
        """Leave the client to its owner."""


class RateLimit:
    """At most so many tries per key in a moving window, e.g. ``RateLimit("10/minute", SharedCounts(database))``.

    Without `counts` they are of this process alone.
    """

    def __init__(self, rate: str, counts: SharedCounts | None = None) -> None:
        self._item: RateLimitItem = parse(rate)
        self._counts: SharedCounts | MemoryStorage = counts or MemoryStorage()

    def spend(self, *key: str) -> None:
        """Count one try for this key (an account's name, an address; kept as a hash).

        Raises ProblemRaised 429 with Retry-After when there were too many; Unavailable when they can't be counted.
        """
        named, most, seconds = self._named(key), self._item.amount, self._item.get_expiry()
        with unavailable_when_gone(_DATABASE_ANSWERS_WITHIN_SECONDS):
            for _ in range(_LOST_RACES):  # of two first tries of a key at once MongoDB refuses one
                if self._counts.acquire_entry(named, most, seconds):
                    return
                begun, spent = self._counts.get_moving_window(named, most, seconds)
                if spent >= most:
                    raise too_many(max(1, ceil(begun + seconds - time.time())))
        raise too_many(1)

    def forget(self, *key: str) -> None:
        """Begin anew for this key: whoever succeeded was not guessing. Raises Unavailable."""
        with unavailable_when_gone(_DATABASE_ANSWERS_WITHIN_SECONDS):
            self._counts.clear(self._named(key))

    def _named(self, key: tuple[str, ...]) -> str:
        return self._item.key_for(hashlib.sha256("\0".join(key).encode("utf-8", "replace")).hexdigest())


def caller_address() -> str:
    """The network address that the request came from."""
    return request.remote_addr or ""


def too_many(seconds: int) -> ProblemRaised:
    """429: to be tried again after so many seconds."""
    return ProblemRaised(
        429,
        "too-many-requests",
        vi=f"Bạn đã thử quá nhiều lần; hãy chờ {seconds} giây.",
        en=f"Too many tries: wait {seconds} seconds.",
        headers={"Retry-After": str(seconds)},
    )
