"""Rebuilding a read model: have it say again what its topic says, while the service goes on working.

Nothing is emptied first, so that at no moment the service forgets what it knows. The whole topic is read from its
beginning beside the consumer's group, and each row is compared with the latest record of its key:

* it is absent, older, or of the same version but says something else: it is written anew;
* the record is a tombstone: it becomes a stub;
* it is newer than every record: it is set back, since a read model has no truth of its own;
* there is no record of it: it is *unknown*. Either it was erased so long ago that the tombstone is gone, or the topic
  is not whole. No program can tell which; it is counted, and removed only when a person has said so.

Right beside running consumers, because of the order of three questions: which rows are there, where does the topic end,
what does it say up to there. Every row of the first answer comes from a record before the second; whatever a consumer
writes meanwhile is newer than what is compared with it, and each write asks for the version that was compared.
Idempotent: stopped anywhere, it is simply run again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from chassis.failures import Malformed, Refusal, UnknownType
from chassis.messaging.cloudevents import Partition, Record
from chassis.messaging.handlers import Projection
from chassis.messaging.projecting import told_by
from chassis.messaging.routes import Routes
from chassis.storage.documents import Document

_UNREADABLE_ARE_TOLD = 20


class RowVersion(NamedTuple):
    version: int
    erased: bool
    """A stub."""


class WholeTopic(Protocol):
    """A compacted topic, read outside of any group. Both raise Unavailable."""

    def ends(self) -> Mapping[Partition, int]:
        """The offset behind the last record of each partition, now."""

    def batches(self, until: Mapping[Partition, int]) -> Iterator[list[Record]]:
        """All records from the beginning up to these offsets, in order within each partition."""


class ReadModelRows(Protocol):
    """The rows of one read model, stubs included. Every method raises Unavailable."""

    def versions(self) -> dict[str, RowVersion]:
        """Every row, as a majority has it."""

    def write(self, documents: Sequence[Document]) -> int:
        """Each one unless a newer row is there; how many rows said something else before, or nothing."""

    def bury(self, versions: Mapping[str, int]) -> int:
        """A stub of this version for each id, unless a newer row is there; how many rows were changed by it."""

    def set_back(self, id: str, version: int, document: Document | None, *, instead_of: int) -> bool:
        """The document, or a stub, of an older version in place of the living row of exactly this one; whether that
        was still there."""

    def remove(self, versions: Mapping[str, int]) -> int:
        """The rows that still have these versions; how many."""


@dataclass
class Rebuilt:
    """What was found and done. Counts are of keys and rows, not of records."""

    living: int = 0
    tombstones: int = 0
    written: int = 0
    erased: int = 0
    set_back: int = 0
    unknown: int = 0
    removed: int = 0
    unreadable: dict[str, str] = field(default_factory=dict)
    """Origins of records that could not be applied, with the class of the error; their rows stay as they were."""


class _Latest(NamedTuple):
    version: int
    living: bool


class Rebuilding:
    """One read model against its topic."""

    def __init__(self, projection: Projection[Any, Any], topic: WholeTopic, rows: ReadModelRows) -> None:
        self._projection, self._topic, self._rows = projection, topic, rows
        self._routes = Routes([projection])
        self._latest: dict[str, _Latest] = {}
        self._behind: dict[str, tuple[int, Document | None]] = {}
        self._not_understood: set[str] = set()
        self._done = Rebuilt()

    def run(self, *, remove_unknown: bool = False) -> Rebuilt:
        """Do it. Raises Unavailable: then some rows are right already, and it is to be run again.

        Raises Refusal when unknown rows are to be removed and the topic is empty: then it is lost, and rows are not.
        """
        before = self._rows.versions()
        for records in self._topic.batches(self._topic.ends()):
            self._apply(records, before)
        for id, (version, document) in self._behind.items():
            if id in self._not_understood:
                continue  # the row may be of the very record that is not
            self._done.set_back += self._rows.set_back(id, version, document, instead_of=before[id].version)
        self._look_for_unknown(before, remove_unknown)
        self._done.living = sum(one.living for one in self._latest.values())
        self._done.tombstones = len(self._latest) - self._done.living
        return self._done

    def _apply(self, records: Sequence[Record], before: Mapping[str, RowVersion]) -> None:
        told: dict[str, tuple[int, Document | None]] = {}
        for record in records:
            understood = self._understood(record)
            if understood is None:
                continue
            id, version, document = understood
            if version >= self._latest.get(id, _Latest(version, True)).version:
                self._latest[id] = _Latest(version, document is not None)
                told[id] = version, document
        self._done.written += self._rows.write([document for _, document in told.values() if document is not None])
        self._done.erased += self._rows.bury({id: version for id, (version, one) in told.items() if one is None})
        for id, (version, document) in told.items():
            row = before.get(id)
            # What was erased stays erased, whatever an old record says.
            if row is not None and row.version > version and not row.erased:
                self._behind[id] = version, document
            else:
                self._behind.pop(id, None)

    def _understood(self, record: Record) -> tuple[str, int, Document | None] | None:
        try:
            arrival = self._routes.arrival(record)
            version, document = told_by(arrival, self._projection)
        except Exception as error:  # whatever one record does, the others are applied
            self._put_aside(record, error)
            return None
        return arrival.incoming.key, version, document

    def _put_aside(self, record: Record, error: Exception) -> None:
        self._not_understood.add((record.key or b"").decode(errors="replace"))
        if not isinstance(error, UnknownType) and len(self._done.unreadable) < _UNREADABLE_ARE_TOLD:
            why = str(error) if isinstance(error, Malformed) else type(error).__name__
            self._done.unreadable[record.origin] = why

    def _look_for_unknown(self, before: Mapping[str, RowVersion], remove: bool) -> None:
        known = self._latest.keys() | self._not_understood
        unknown = {id: row.version for id, row in before.items() if id not in known and not row.erased}
        self._done.unknown = len(unknown)
        if not (unknown and remove):
            return
        if not known:
            raise Refusal(
                "topic-empty",
                vi="Chủ đề này không có bản ghi nào: phải phát lại trạng thái trước đã.",
                en=f"{self._projection.state.TOPIC} is empty: its owner must republish it before rows are removed.",
            )
        self._done.removed = self._rows.remove(unknown)
