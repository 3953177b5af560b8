"""Books on a shelf: documents with every type of field that services store."""

from __future__ import annotations

from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from chassis.storage.changes import Changes
from chassis.storage.documents import Document, Index, Kind
from chassis.storage.store import Store


class Binding(StrEnum):
    PAPER = "paper"
    CLOTH = "cloth"


class Loan(BaseModel):
    model_config = ConfigDict(frozen=True)
    reader: str
    days: int


class Book(Document):
    title: str = "Dế Mèn phiêu lưu ký"
    shelf: str | None = None
    pages: int = 100
    price: float = 1.5
    lent: bool = False
    binding: Binding = Binding.PAPER
    printed_on: date | None = None
    entered_at: datetime = datetime(2026, 1, 31, 17, 0, 0, 123456, tzinfo=UTC)
    tags: tuple[str, ...] = ()
    keywords: frozenset[str] = frozenset()
    loans: tuple[Loan, ...] = ()
    by_year: dict[str, int] = Field(default_factory=dict)
    cover: bytes | None = None


BOOKS: Kind[Book] = Kind("books", Book)
SHELVES: Kind[Book] = Kind("shelves", Book, (Index((("shelf", 1),), unique=True, only={"lent": False}),))
KINDS: tuple[Kind[Any], ...] = (BOOKS, SHELVES)


def put(store: Store, *books: Book) -> None:
    store.commit(Changes().insert(BOOKS, *books))
