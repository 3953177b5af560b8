"""What a person sees while the system starts: one line per step."""

from __future__ import annotations

import sys
import time


class Progress:
    """A step's line is written over while it goes on, where the output is a terminal."""

    def __init__(self) -> None:
        self._is_terminal = sys.stdout.isatty()
        self._step = ""
        self._started_at = time.monotonic()

    def step(self, what: str) -> None:
        """Something begins that takes a while."""
        self._step = what
        self._write(f"  … {what}", is_final=not self._is_terminal)

    def count(self, number: int, of: int) -> None:
        """How far the present step has come."""
        if self._is_terminal:
            self._write(f"  … {self._step}: {number} of {of}", is_final=False)
        elif number in (of // 4, of // 2, 3 * of // 4):
            self._write(f"  … {self._step}: {number} of {of}", is_final=True)

    def done(self, what: str) -> None:
        """A step has ended well."""
        self._write(f"  ✓ {what} ({time.monotonic() - self._started_at:.0f} s)", is_final=True)

    def end(self, what: str) -> None:
        """The last line."""
        self._write(f"  ✓ {what}", is_final=True)

    def warn(self, what: str) -> None:
        self._write(f"  ! {what}", is_final=True)

    def _write(self, line: str, *, is_final: bool) -> None:
        start = "\r\x1b[2K" if self._is_terminal else ""
        sys.stdout.write(start + line + ("\n" if is_final else ""))
        sys.stdout.flush()
