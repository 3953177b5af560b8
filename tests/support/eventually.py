"""Waiting for what must come true, instead of sleeping."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

Value = TypeVar("Value")

LONGEST_PAUSE_SECONDS = 0.2


def eventually(
    attempt: Callable[[], Value | None], within: float = 10.0, because: str = "", pause: float = 0.01
) -> Value:
    """Calls `attempt` until it returns something true, and returns that.

    `attempt` may use assert: an AssertionError counts as "not yet", and is what the test shows when
    `within` seconds have passed. Any other exception ends the waiting at once.
    """
    deadline = time.monotonic() + within
    while True:
        failure: AssertionError | None = None
        try:
            value = attempt()
            if value:
                return value
        except AssertionError as error:
            failure = error
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within:g} s{': ' + because if because else ''}") from failure
        time.sleep(pause)
        pause = min(pause * 1.5, LONGEST_PAUSE_SECONDS)


def never(attempt: Callable[[], object], during: float) -> None:
    """Asserts that `attempt` returns nothing true for `during` seconds.

    For the absence of an effect that nothing announces; keep `during` short."""
    deadline = time.monotonic() + during
    while time.monotonic() < deadline:
        value = attempt()
        assert not value, f"came true although it never should: {value!r}"
        time.sleep(0.02)
