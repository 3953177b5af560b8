"""What a use case returns: the answer for the caller and what is to be committed. It commits nothing itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Generic, TypeVar

from chassis.storage.changes import Changes

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Outcome(Generic[T]):
    """`result` is true once `changes` are committed, not before."""

    result: T
    changes: Changes = field(default_factory=Changes)
