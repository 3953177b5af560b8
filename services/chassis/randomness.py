"""Random bytes of the operating system, fetched a page at a time.

Each question to the operating system lets other threads go first: with sixteen of them in a web process, the ids of
one request made five of those turns.
"""

from __future__ import annotations

import os
import threading
import time

_PAGE_BYTES = 4096
_MILLISECOND_NS = 1_000_000


class _OwnPage(threading.local):
    """A thread's own bytes, each given once, and the last instant that it gave."""

    def __init__(self) -> None:
        self.page, self.given, self.last_ms = b"", 0, 0

    def forget(self) -> None:
        self.page, self.given = b"", 0


_own = _OwnPage()
os.register_at_fork(after_in_child=_own.forget)  # else parent and child would give the same


def random_bytes(number: int) -> bytes:
    """So many bytes (a page at most) that nobody can foresee, as `os.urandom` gives them."""
    begins = _own.given
    if begins + number > len(_own.page):
        _own.page, begins = os.urandom(_PAGE_BYTES), 0
    _own.given = begins + number
    return _own.page[begins : _own.given]


def rising_milliseconds() -> int:
    """Milliseconds since the epoch; to each thread more each time, if need be ahead of the clock."""
    _own.last_ms = max(time.time_ns() // _MILLISECOND_NS, _own.last_ms + 1)
    return _own.last_ms
