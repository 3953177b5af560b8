"""Confirmed imports, a chunk of each in turn: neither a large one nor one that fails holds up the others."""

from __future__ import annotations

import time
from collections.abc import Callable

import structlog

from chassis.context import Context
from chassis.failures import Unavailable, VersionConflict
from chassis.storage.store import Store
from members.application.carry_out_import import CHUNK, carry_out_import, confirmed_imports, set_row_aside
from members.domain.people_import import PeopleImport

_log = structlog.get_logger("timers")

_AT_ONCE = 50
"""Imports that take turns; what is confirmed beyond these waits for the first to end."""


class Carrier:
    """One run over the imports that are due.

    A chunk that fails is tried again by halves, until the row at fault stands alone and is set aside for a person.
    """

    def __init__(self, store: Store, context: Context) -> None:
        self._store, self._context = store, context
        self._chunks: dict[str, int] = {}
        self._broken: dict[str, Exception] = {}

    def work(self, seconds: float, monotonic: Callable[[], float] = time.monotonic) -> int:
        """For so long, or until nothing is due; how many rows were taken over.

        Raises Unavailable, and at the end what kept an import even from being stopped.
        """
        until, done = monotonic() + seconds, 0
        while monotonic() < until and (due := self._due()):
            for found in due:
                done += self._turn(found)
        for error in self._broken.values():
            raise error
        return done

    def _due(self) -> list[PeopleImport]:
        return [found for found in confirmed_imports(self._store, _AT_ONCE) if found.id not in self._broken]

    def _turn(self, found: PeopleImport) -> int:
        chunk = self._chunks.get(found.id, CHUNK)
        try:
            outcome = carry_out_import(self._context, self._store, found, chunk)
            self._store.commit(outcome.changes)
        except VersionConflict:
            return 0  # an officer or a former holder of the lease was faster: decide again in the next turn
        except Unavailable:
            raise
        except Exception as error:
            _log.error("rows of an import fail", import_id=found.id, rows=chunk, error=type(error).__name__)
            self._chunks[found.id] = max(1, chunk // 2)
            if chunk == 1:
                self._set_aside(found)
            return 0
        self._chunks[found.id] = min(CHUNK, chunk * 2)
        return outcome.result

    def _set_aside(self, found: PeopleImport) -> None:
        try:
            self._store.commit(set_row_aside(self._store, found).changes)
        except VersionConflict:
            pass  # stopped or settled meanwhile
        except Unavailable:
            raise
        except Exception as error:
            self._broken[found.id] = error
