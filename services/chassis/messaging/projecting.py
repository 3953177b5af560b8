"""Read models: batches of states written under the version guard, without a transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import partial
from typing import Any

import structlog

from chassis.failures import Malformed
from chassis.messaging.dead_letters import erase_dead_letters
from chassis.messaging.handlers import Projection
from chassis.messaging.routes import Arrival
from chassis.messaging.waiting import Stopping, Waiting
from chassis.storage.documents import Document, Kind
from chassis.storage.store import Store

_log = structlog.get_logger("consume")

_TRIES = 5

Projected = list[tuple[Kind[Any], list[Document]]]
"""Documents that were written, by their kind."""

_Latest = dict[str, tuple[int, Document | None]]
"""By key the newest version, and what it says; None for a tombstone."""


class Projector:
    """Writes what arrivals tell into their projections' kinds."""

    def __init__(self, store: Store, waiting: Waiting, clock: Callable[[], datetime]) -> None:
        self._store, self._waiting, self._clock = store, waiting, clock

    def project(self, arrivals: Sequence[Arrival]) -> tuple[Projected, dict[str, Exception]]:
        """Write all of them; what was written, and for each record that could not be, by origin, why not.

        Waits out Unavailable. Raises Stopping when asked to end meanwhile; then nothing is known of any of them.
        """
        try:
            return self._together(arrivals), {}
        except Stopping:
            raise
        except Exception as error:
            if len(arrivals) > 1:
                _log.warning("a batch of states failed: one by one", error=type(error).__name__)
        written: Projected = []
        failed: dict[str, Exception] = {}
        for arrival in arrivals:
            try:
                written += self._patiently(arrival)
            except Stopping:
                raise
            except Exception as error:
                failed[arrival.record.origin] = error
        return written, failed

    def _patiently(self, arrival: Arrival) -> Projected:
        for attempt in range(_TRIES - 1):
            try:
                return self._together([arrival])
            except (Stopping, Malformed):
                raise
            except Exception:
                self._waiting.pause(attempt)
        return self._together([arrival])

    def _together(self, arrivals: Iterable[Arrival]) -> Projected:
        told: dict[str, tuple[Kind[Any], _Latest]] = {}
        for arrival in arrivals:
            key = arrival.incoming.key
            for projection in arrival.route.projections:
                version, document = told_by(arrival, projection)
                kind = projection.kind
                if kind.name not in told:
                    told[kind.name] = kind, {}
                latest = told[kind.name][1]
                if key not in latest or latest[key][0] < version:
                    latest[key] = version, document
                if document is None:
                    self._forget(arrival)
        return [(kind, self._write(kind, latest)) for kind, latest in told.values()]

    def _write(self, kind: Kind[Any], latest: _Latest) -> list[Document]:
        documents = []
        for key, (version, document) in latest.items():
            if document is None:
                self._until_available(partial(self._store.bury, kind, key, version))
            else:
                documents.append(document)
        if documents:
            self._until_available(partial(self._store.project, kind, documents))
        return documents

    def _forget(self, arrival: Arrival) -> None:
        """What was erased at its source must not survive here in a dead letter."""

        def erase() -> None:
            changes = erase_dead_letters(
                self._store, arrival.record.topic, arrival.record.key or b"", now=self._clock()
            )
            if changes:
                self._store.commit(changes)

        self._until_available(erase)

    def _until_available(self, action: Callable[[], object]) -> None:
        self._waiting.until_available(action)


def needed_names(written: Projected) -> list[str]:
    """`kind:id` of each document: what a parked record may have waited for."""
    return [f"{kind.name}:{document.id}" for kind, documents in written for document in documents]


def told_by(arrival: Arrival, projection: Projection[Any, Any]) -> tuple[int, Document | None]:
    """The version that a record tells of, and the document; None for a tombstone. Raises Malformed."""
    if arrival.value is None:
        return arrival.incoming.sequence, None
    document: Document = projection.as_document(arrival.value)
    if document.id != arrival.incoming.key:
        raise Malformed("the state tells of another id than the record's key")
    return document.version, document
