"""Half-open spans of days, `[starts, ends)`: how every fact, membership, post and portfolio is dated."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict

from chassis.storage.documents import Document, Filter


class Dated(Protocol):
    """Anything that holds on the days of `[starts, ends)`; `ends` None is “until further notice”."""

    @property
    def starts(self) -> date: ...
    @property
    def ends(self) -> date | None: ...


S = TypeVar("S", bound=Dated)
D = TypeVar("D", bound=Document)


class Span(BaseModel):
    """A dated value inside a document."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    starts: date
    ends: date | None = None


def holds_on(span: Dated, day: date) -> bool:
    return span.starts <= day and (span.ends is None or day < span.ends)


def overlap(one: Dated, other: Dated) -> bool:
    """Whether the two have a day in common."""
    return (one.ends is None or other.starts < one.ends) and (other.ends is None or one.starts < other.ends)


def holding(spans: Iterable[S], day: date) -> list[S]:
    return [span for span in spans if holds_on(span, day)]


def in_force(day: date) -> Filter:
    """The same as `holds_on`, as a query. Stored days are ISO text, which sorts as the days do."""
    return {"starts": {"$lte": day.isoformat()}, "$or": [{"ends": None}, {"ends": {"$gt": day.isoformat()}}]}


def revised(document: D, **fields: Any) -> D:
    """The document with these fields changed, at its next version."""
    return document.model_copy(update={**fields, "version": document.version + 1})
