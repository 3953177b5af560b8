"""How loops wait: for what is away to come back, without forgetting that they may be told to stop."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Protocol, TypeVar

from chassis.failures import Unavailable

T = TypeVar("T")

_FIRST_SECONDS = 0.05
_LONGEST_SECONDS = 3.0


class Stopping(Exception):
    """The process was told to stop while it waited: leave the record undone, it is still in the log or the outbox."""


class Stop(Protocol):
    """Whether the process was asked to end: `runtime.shutdown.Shutdown`."""

    @property
    def asked(self) -> bool: ...
    def wait(self, seconds: float) -> bool:
        """Sleep for so long, or until asked; whether it was asked."""


class Waiting:
    """Pauses that end at once when the process is to stop, and tell the watchdog that the loop lives."""

    def __init__(self, stop: Stop, beat: Callable[[], None] = lambda: None) -> None:
        self.stop, self.beat = stop, beat

    def pause(self, attempt: int) -> None:
        """Wait longer with each attempt (from 0), at most some 3 s, jittered. Raises Stopping."""
        self.beat()
        seconds = min(_LONGEST_SECONDS, _FIRST_SECONDS * 2 ** min(attempt, 10)) * random.uniform(0.7, 1.3)
        if self.stop.wait(seconds):
            raise Stopping

    def require_going_on(self) -> None:
        """Raises Stopping when the process was asked to end."""
        self.beat()
        if self.stop.asked:
            raise Stopping

    def until_available(self, action: Callable[[], T]) -> T:
        """Do it, again and again while it raises Unavailable. Raises Stopping, and whatever else `action` raises."""
        attempt = 0
        while True:
            try:
                return action()
            except Unavailable:
                self.pause(attempt)
                attempt += 1
