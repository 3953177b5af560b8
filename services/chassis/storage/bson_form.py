"""Documents to and from the plain values that BSON holds: ids as ``_id``, dates as ISO text, enums as their values.

Instants keep milliseconds, in UTC, as BSON does; one without a zone is taken for UTC, as the server takes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime
from enum import Enum
from typing import Any

from pydantic import BaseModel

from chassis.storage.documents import D, Document, Filter, Kind

ERASED = "erased"

_AS_IT_IS = frozenset({str, int, float, bool, bytes, type(None)})


def to_bson(document: Document) -> dict[str, Any]:
    """The stored form. Instants stay instants (TTL indexes need them); calendar dates become ``YYYY-MM-DD``."""
    stored = _fields(document)
    stored["_id"] = stored.pop("id")
    return stored


def from_bson(kind: Kind[D], stored: dict[str, Any]) -> D:
    """The document again. A stored form that its model no longer reads is an error of a migration, and raises."""
    return kind.model.model_validate({"id": stored["_id"], **stored})


def stub(id: str, version: int) -> dict[str, Any]:
    return {"_id": id, "version": version, ERASED: True}


def plain_filter(where: Filter) -> dict[str, Any]:
    """A filter whose values are as they are stored, so that an enum or a calendar date finds what it was stored as."""
    return {name: _plain(condition) for name, condition in where.items()}


def _plain(value: Any) -> Any:
    kind = type(value)
    if kind in _AS_IT_IS:
        return value
    if kind is tuple or kind is list:  # before the checks that cost more than what they find
        return [_plain(inner) for inner in value]
    if kind is datetime:
        return _instant(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, BaseModel):
        return _fields(value)
    return _plain_of_others(value)


def _fields(model: BaseModel) -> dict[str, Any]:
    """What `model_dump` gives, made plain in the same pass, in half the time.

    Serializers and computed fields are not asked: documents and their parts have none.
    """
    return {name: value if type(value) in _AS_IT_IS else _plain(value) for name, value in model.__dict__.items()}


def _plain_of_others(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(_plain(name)): _plain(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        ordered = sorted(value, key=_none_first) if isinstance(value, (set, frozenset)) else value
        return [_plain(inner) for inner in ordered]
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    return value.isoformat() if isinstance(value, date) else value


def _none_first(value: Any) -> tuple[bool, Any]:
    return value is not None, value


def _instant(value: datetime) -> datetime:
    instant = value.replace(microsecond=value.microsecond // 1000 * 1000)
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
