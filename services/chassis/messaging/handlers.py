"""What a service does with the records it reads. A service's table of handlers is its table of contents.

A *projection* keeps a read model of someone else's state: `Projection(UnitState, UNITS, as_unit)`.
A *reaction* turns an event into changes of one's own: `Reaction(MeetingScheduled, invite_to_meeting)`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from chassis.messaging.envelope import Incoming, Publishable
from chassis.storage.changes import Changes
from chassis.storage.documents import D, Kind
from chassis.storage.store import Store


class Readable(Publishable, Protocol):
    """A contract model that can be read back. ``from_bytes`` raises ValueError on bytes it can't read."""

    @classmethod
    def from_bytes(cls, payload: bytes) -> Any: ...


R = TypeVar("R", bound=Readable)


@dataclass(frozen=True)
class Projection(Generic[R, D]):
    """State records of model `state` become documents of `kind`; a tombstone leaves a stub.

    The version guard makes it idempotent, so batches are written without a transaction. `as_document` must give the
    document the record's key as `id` and the state's version as `version`.
    """

    state: type[R]
    kind: Kind[D]
    as_document: Callable[[R], D]


@dataclass(frozen=True)
class Reaction(Generic[R]):
    """An event (or a state) of model `event` becomes changes, committed in one transaction with the inbox row.

    `handle` reads through the store it is given and returns what is to change; an empty Changes is a fine answer. It
    may raise Unready (park until the data comes) or Unavailable (back off); VersionConflict and AlreadyExists from
    its commit make it decide again.
    """

    event: type[R]
    handle: Callable[[R, Incoming, Store], Changes]


Handler = Projection[Any, Any] | Reaction[Any]
