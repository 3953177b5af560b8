"""A transaction as a value: use cases decide what is to change and return it; the store commits it, all or nothing.

Nothing in a `Changes` runs code, so a commit may be tried again without side effects, and a caller (the web's
idempotency, a consumer's inbox) may add its own row to what a use case decided before it is committed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from chassis.storage.documents import D, Document, Kind


class Operation(Enum):
    INSERT = "insert"  # AlreadyExists when the id is there
    INSERT_ABSENT = "insert absent"  # nothing when the id is there
    REPLACE = "replace"  # compare-and-set: the stored version must be one less; else VersionConflict
    ERASE = "erase"  # compare-and-set on `version`, leaves nothing
    PROJECT = "project"  # insert or replace when the stored version is lower; else nothing


@dataclass(frozen=True, slots=True)
class Change:
    operation: Operation
    kind: Kind[Any]
    document: Document


@dataclass(slots=True)
class Changes:
    """What is to be written in one transaction, in this order."""

    changes: list[Change] = field(default_factory=list)

    def insert(self, kind: Kind[D], *documents: D) -> Changes:
        """Add new documents; the commit raises AlreadyExists when one is there."""
        return self._add(Operation.INSERT, kind, documents)

    def insert_absent(self, kind: Kind[D], *documents: D) -> Changes:
        """Add those documents whose id is not there yet."""
        return self._add(Operation.INSERT_ABSENT, kind, documents)

    def replace(self, kind: Kind[D], *documents: D) -> Changes:
        """Compare-and-set: each document carries the *new* version; the stored one must be exactly one less."""
        return self._add(Operation.REPLACE, kind, documents)

    def erase(self, kind: Kind[D], *documents: D) -> Changes:
        """Remove these documents, if they are still as they were read."""
        return self._add(Operation.ERASE, kind, documents)

    def project(self, kind: Kind[D], *documents: D) -> Changes:
        """Version guard: keep a document if what is stored is older or absent."""
        return self._add(Operation.PROJECT, kind, documents)

    def extend(self, other: Changes) -> Changes:
        self.changes.extend(other.changes)
        return self

    def _add(self, operation: Operation, kind: Kind[Any], documents: Iterable[Document]) -> Changes:
        self.changes.extend(Change(operation, kind, document) for document in documents)
        return self

    def __bool__(self) -> bool:
        return bool(self.changes)
