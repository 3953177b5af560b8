"""Kinds of values that requests carry, read more strictly than pydantic reads them by itself."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AwareDatetime, BeforeValidator, Field
from pydantic_core import PydanticCustomError

_RFC3339 = re.compile(r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?([Zz]|[+-]\d{2}:\d{2})")


def _read(value: Any) -> Any:
    # Pydantic would also take "5" (five seconds after 1970) and times without a zone, which later can't be compared.
    if not isinstance(value, str):
        return value
    try:
        if _RFC3339.fullmatch(value):
            return datetime.fromisoformat(value.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise PydanticCustomError("datetime_parsing", "not an instant as RFC 3339 writes it")


Instant = Annotated[
    AwareDatetime,
    BeforeValidator(_read),
    Field(examples=["2026-03-26T19:30:00+07:00"], description="An instant with its offset (RFC 3339)"),
]
"""An instant, written with its offset and given on in UTC."""
