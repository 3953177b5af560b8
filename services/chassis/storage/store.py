"""The port through which a service reads and commits its own documents. Twins: `storage.mongo`, `storage.memory`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from chassis.storage.changes import Changes
from chassis.storage.documents import D, Filter, Kind, Sort


class Store(Protocol):
    """One service's database.

    Every method raises Unavailable when the database does not answer in time.
    """

    def get(self, kind: Kind[D], id: str) -> D | None:
        """The document, or None when it is not there or was erased."""

    def get_many(self, kind: Kind[D], ids: Iterable[str]) -> dict[str, D]:
        """Those of `ids` that exist, by id, in one round trip."""

    def find(self, kind: Kind[D], where: Filter, *, sort: Sort = (("_id", 1),), limit: int | None = None) -> list[D]:
        """Documents that meet `where`, in order, at most `limit`."""

    def count(self, kind: Kind[D], where: Filter) -> int:
        """How many documents meet `where`."""

    def commit(self, changes: Changes) -> None:
        """All of it or none, durable on a majority.

        Raises VersionConflict, AlreadyExists or Unavailable. After Unavailable the outcome may be unknown; a repeated
        commit is told apart by its inbox or idempotency row.
        """

    def project(self, kind: Kind[D], documents: Sequence[D]) -> int:
        """Write a batch of read-model documents under the version guard, without a transaction; how many were newer."""

    def bury(self, kind: Kind[D], id: str, version: int) -> None:
        """Erase a read-model document and leave a stub, so that an older state that comes late does not revive it."""
