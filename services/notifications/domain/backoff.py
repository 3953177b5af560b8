"""When to try again: exponentially later, with jitter, never before the other side asked for."""

from __future__ import annotations

FIRST_SECONDS = 2.0
LONGEST_SECONDS = 600.0
MAX_ATTEMPTS = 10
"""Refusals “for now” by a gateway that does answer. An unreachable gateway does not use up attempts: validity does."""


def wait_seconds(attempts: int, *, chance: float, asked: float | None = None) -> float:
    """Seconds until the next try after `attempts` tries; `chance` in [0, 1) spreads them; `asked` is Retry-After."""
    ceiling = min(LONGEST_SECONDS, FIRST_SECONDS * float(2 ** max(0, attempts - 1)))
    spread = ceiling / 2 + ceiling / 2 * chance
    return max(spread, asked + asked * 0.1 * chance) if asked is not None else spread
