"""What is stored: versioned documents, and the kinds they come in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

Filter = Mapping[str, Any]
"""A condition in MongoDB's notation, of this subset: equality (with array containment), dotted paths, ``$in``,
``$nin``, ``$ne``, ``$lt``, ``$lte``, ``$gt``, ``$gte``, ``$exists``, ``$and``, ``$or``, ``$elemMatch``."""

Sort = tuple[tuple[str, int], ...]
"""Field and direction (1 up, -1 down), most significant first. Ids are written ``_id``."""


class Document(BaseModel):
    """A frozen value with an identity. ``version`` starts at 1 and grows by one with each change."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str
    version: int = 1


D = TypeVar("D", bound=Document)


@dataclass(frozen=True)
class Index:
    """An index of a kind. ``expires_after`` (seconds after the instant in the one key) makes it a TTL index."""

    keys: Sort
    unique: bool = False
    expires_after: int | None = None
    only: Filter | None = None


@dataclass(frozen=True)
class Kind(Generic[D]):
    """A collection by its name, the model of its documents and its indexes; ``migrate`` makes them."""

    name: str
    model: type[D]
    indexes: tuple[Index, ...] = field(default=(), compare=False)
