"""Many documents changed by one statement, each to values of its own.

A statement costs mongod about three times what a document in it does, so that 250 statements of a document each take
twice the time of one of 250 documents.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import bson
from bson.raw_bson import RawBSONDocument

_MOST_BYTES = 4_000_000
"""Of values in one statement; the server takes 16 MiB."""

Values = Sequence[tuple[str, RawBSONDocument]]


def in_statements(values: Mapping[str, Mapping[str, Any]]) -> Iterator[Values]:
    """The values by id, encoded, in portions that one statement can hold."""
    portion: list[tuple[str, RawBSONDocument]] = []
    size = 0
    for id, value in values.items():
        encoded = bson.encode(value)
        if portion and size + len(encoded) > _MOST_BYTES:
            yield portion
            portion, size = [], 0
        portion.append((id, RawBSONDocument(encoded)))
        size += len(encoded)
    if portion:
        yield portion


def own_of(values: Values) -> Mapping[str, Any]:
    """In an update's pipeline: the value that stands beside the document's id."""
    ids, own = [id for id, _ in values], [value for _, value in values]
    return {"$arrayElemAt": [{"$literal": own}, {"$indexOfArray": [{"$literal": ids}, "$_id"]}]}
