"""The base of everything that crosses a boundary: typed, frozen, read tolerantly, written strictly."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict


class Contract(BaseModel):
    """An event or a state. Unknown fields are ignored when read, so that a newer producer does not break us."""

    model_config = ConfigDict(frozen=True, extra="ignore", use_enum_values=False)

    TYPE: ClassVar[str]
    TOPIC: ClassVar[str]
    AGGREGATE: ClassVar[str]

    def to_bytes(self) -> bytes:
        """UTF-8 JSON without fields that are None."""
        return self.model_dump_json(exclude_none=True).encode()

    @classmethod
    def from_bytes(cls, payload: bytes) -> Self:
        """Read a payload; raises ValueError (pydantic's ValidationError) when it does not fit."""
        return cls.model_validate_json(payload)

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        if "TYPE" in cls.__dict__:
            CATALOGUE[cls.TYPE] = cls


class Part(BaseModel):
    """A value inside an event or a state."""

    model_config = ConfigDict(frozen=True, extra="ignore")


CATALOGUE: dict[str, type[Contract]] = {}
"""Every event and state by its type; filled as their modules are imported (`contracts.catalogue` imports all)."""
