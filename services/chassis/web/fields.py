"""Kinds of values that requests carry, read more strictly than pydantic reads them by itself."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Annotated, Any

from pydantic import AwareDatetime, BeforeValidator, Field
from pydantic_core import PydanticCustomError

_RFC3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _read_instant(value: Any) -> Any:
    # Pydantic would also take "5" (five seconds after 1970) and times without a zone, which later can't be compared.
    if not isinstance(value, str):
        return value
    try:
        if _RFC3339.fullmatch(value):
            return datetime.fromisoformat(value.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise PydanticCustomError("datetime_parsing", "not an instant as RFC 3339 writes it")


def _read_day(value: Any) -> Any:
    # Pydantic would also take "0" and "86400" (seconds that happen to be midnights).
    if not isinstance(value, str):
        return value
    try:
        if _DAY.fullmatch(value):
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise PydanticCustomError("date_parsing", "not a day as RFC 3339 writes it")


Instant = Annotated[
    AwareDatetime,
    BeforeValidator(_read_instant),
    Field(examples=["2026-03-26T19:30:00+07:00"], description="An instant with its offset (RFC 3339)"),
]
"""An instant, written with its offset and given on in UTC."""

Day = Annotated[date, BeforeValidator(_read_day), Field(examples=["2026-03-26"])]
"""A calendar day, written like 2026-03-26."""
