"""The store that a reaction reads through: it cannot write, and what it read is known.

Several reactions are committed in one transaction, decided one after the other before anything is written. That is
only right when none of them reads or writes what an earlier one of the same transaction is about to write.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NoReturn

from chassis.storage.changes import Changes
from chassis.storage.documents import D, Filter, Kind, Sort
from chassis.storage.store import Store

Written = Mapping[str, set[str]]
"""Ids by kind: what is decided and not committed yet."""


class WatchedStore:
    """`Store` for one reaction. `overlapped` tells whether it read something of `written`: then decide again later."""

    def __init__(self, store: Store, written: Written) -> None:
        self._store, self._written = store, written
        self.overlapped = False

    def get(self, kind: Kind[D], id: str) -> D | None:
        self._read(kind, (id,))
        return self._store.get(kind, id)

    def get_many(self, kind: Kind[D], ids: Iterable[str]) -> dict[str, D]:
        wanted = set(ids)
        self._read(kind, wanted)
        return self._store.get_many(kind, wanted)

    def find(self, kind: Kind[D], where: Filter, *, sort: Sort = (("_id", 1),), limit: int | None = None) -> list[D]:
        self._read_any(kind)
        return self._store.find(kind, where, sort=sort, limit=limit)

    def count(self, kind: Kind[D], where: Filter) -> int:
        self._read_any(kind)
        return self._store.count(kind, where)

    def commit(self, changes: Changes) -> NoReturn:
        """Not for a reaction: it returns its changes."""
        raise TypeError("a reaction returns its changes; the consumer commits them with the inbox row")

    def project(self, kind: Kind[D], documents: Sequence[D]) -> NoReturn:
        """Not for a reaction: `Changes.project` is part of its transaction."""
        raise TypeError("a reaction returns its changes; use Changes.project")

    def bury(self, kind: Kind[D], id: str, version: int) -> NoReturn:
        """Not for a reaction."""
        raise TypeError("a reaction returns its changes; only a projection buries")

    def _read(self, kind: Kind[Any], ids: Iterable[str]) -> None:
        written = self._written.get(kind.name)
        if written and not written.isdisjoint(ids):
            self.overlapped = True

    def _read_any(self, kind: Kind[Any]) -> None:
        if self._written.get(kind.name):
            self.overlapped = True
