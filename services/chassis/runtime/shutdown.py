"""SIGTERM and SIGINT ask a process to end: it takes no more work, finishes what it has, and closes within 25 s."""

from __future__ import annotations

import signal
import threading
from types import FrameType

GRACE_SECONDS = 25.0


class Shutdown:
    """Whether the process was asked to end. A second signal changes nothing."""

    def __init__(self) -> None:
        self._asked = threading.Event()

    def ask(self) -> None:
        self._asked.set()

    @property
    def asked(self) -> bool:
        return self._asked.is_set()

    def wait(self, seconds: float) -> bool:
        """Sleep for so long, or until asked; whether it was asked."""
        return self._asked.wait(seconds)

    def listen(self) -> Shutdown:
        """Heed SIGTERM and SIGINT from now on. Only from the main thread."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._heard)
        return self

    def _heard(self, _: int, __: FrameType | None) -> None:
        self.ask()
