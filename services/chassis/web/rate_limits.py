"""Bounds how often one thing may be tried: for routes that guess-work would attack, such as signing in."""

from __future__ import annotations

import hashlib
import time

from flask import request
from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from chassis.web.problems import ProblemRaised


class RateLimit:
    """At most so many tries per key in a moving window, e.g. ``RateLimit("10/minute")``.

    Counts are of this process; several web workers allow as many times more.
    """

    def __init__(self, rate: str) -> None:
        self._item: RateLimitItem = parse(rate)
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def spend(self, *key: str) -> None:
        """Count one try for this key (an account's name, an address; kept as a hash).

        Raises ProblemRaised 429 with Retry-After when there were too many.
        """
        hashed = hashlib.sha256("\0".join(key).encode("utf-8", "replace")).hexdigest()
        if self._limiter.hit(self._item, hashed):
            return
        resets = self._limiter.get_window_stats(self._item, hashed).reset_time
        raise too_many(max(1, round(resets - time.time())))


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
