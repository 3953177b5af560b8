"""Whether a process can do its work now: what it still waits for, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from chassis.failures import Unavailable


@dataclass(frozen=True)
class Readiness:
    """Named checks; each says yes or no, or raises Unavailable, which is a no.

    The web's usual ones: `{"mongo": …, "catch-up": …}` (the read models hold what the log held at the first start).
    """

    checks: Mapping[str, Callable[[], bool]] = field(default_factory=dict)

    def waiting_for(self) -> list[str]:
        """Names of the checks that say no; empty when ready."""
        return [name for name, check in self.checks.items() if not _says_yes(check)]


def _says_yes(check: Callable[[], bool]) -> bool:
    try:
        return check()
    except Unavailable:
        return False


ALWAYS_READY = Readiness()
