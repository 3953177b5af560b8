"""Whether a process can do its work now: what it still waits for, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pymongo
from pymongo.database import Database
from pymongo.errors import PyMongoError

from chassis.failures import Unavailable


@dataclass(frozen=True)
class Readiness:
    """Named checks; each says yes or no, or raises Unavailable, which is a no.

    The web's usual ones:

        Readiness({"mongo": mongo_answers(database), "catch-up": once(lambda: caught_up(store, STATE_TOPICS))})
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


def once(check: Callable[[], bool]) -> Callable[[], bool]:
    """The check, not asked again after its first yes: for what stays true, like a first catch-up."""
    said_yes = False

    def asked() -> bool:
        nonlocal said_yes
        said_yes = said_yes or check()
        return said_yes

    return asked


def mongo_answers(database: Database[dict[str, Any]], *, within_seconds: float = 2.0) -> Callable[[], bool]:
    """A check: the database answers a ping in time."""

    def asked() -> bool:
        try:
            with pymongo.timeout(within_seconds):
                database.client.admin.command("ping")
        except PyMongoError:
            return False
        return True

    return asked
