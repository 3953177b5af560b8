"""Documents to and from the plain values that BSON holds: ids as ``_id``, dates as ISO text, enums as their values."""

from __future__ import annotations

from datetime import date, datetime
from enum import Enum
from typing import Any

from chassis.storage.documents import D, Document, Kind

ERASED = "erased"


def to_bson(document: Document) -> dict[str, Any]:
    """The stored form. Instants stay instants (TTL indexes need them); calendar dates become ``YYYY-MM-DD``."""
    plain = document.model_dump()
    plain["_id"] = plain.pop("id")
    return {name: _plain(value) for name, value in plain.items()}


def from_bson(kind: Kind[D], stored: dict[str, Any]) -> D:
    """The document again. A stored form that its model no longer reads is an error of a migration, and raises."""
    return kind.model.model_validate({"id": stored["_id"], **stored})


def stub(id: str, version: int) -> dict[str, Any]:
    return {"_id": id, "version": version, ERASED: True}


def _plain(value: Any) -> Any:
    if isinstance(value, (str, int, float, bytes, datetime)) and not isinstance(value, Enum):
        return value
    if isinstance(value, dict):
        return {str(_plain(name)): _plain(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(inner) for inner in (sorted(value) if isinstance(value, (set, frozenset)) else value)]
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, date):
        return value.isoformat()
    return value
