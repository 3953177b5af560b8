"""What a document looks like in the database, and that it comes out as it went in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict

from chassis.storage.bson_form import from_bson, to_bson
from chassis.storage.documents import Document, Kind


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Page(BaseModel):
    model_config = ConfigDict(frozen=True)

    day: date
    colour: Colour | None = None


@dataclass(frozen=True, slots=True)
class Corner:
    turned_down: bool
    on: date


class Book(Document):
    corners: tuple[Corner, ...] = ()
    title: str | None = None
    scan: bytes = b""
    colours: frozenset[Colour] = frozenset()
    cover: Page | None = None
    pages: tuple[Page, ...] = ()
    by_chapter: dict[str, list[Page]]
    by_colour: dict[Colour, int]
    anything: dict[str, Any]
    begun: date = date(2026, 3, 26)
    printed: datetime = datetime(2026, 3, 26, tzinfo=UTC)


BOOKS: Kind[Book] = Kind("books", Book)

FULL = Book(
    id="b-1",
    version=3,
    title="Điều lệ Đoàn",
    corners=(Corner(True, date(1930, 1, 1)),),
    scan=b"\x00\xff",
    colours=frozenset(Colour),
    cover=Page(day=date(1931, 3, 26), colour=Colour.RED),
    pages=(Page(day=date(2022, 12, 14)), Page(day=date(2022, 12, 16), colour=Colour.BLUE)),
    by_chapter={"I": [Page(day=date(2022, 12, 15))]},
    by_colour={Colour.BLUE: 2},
    anything={"set": {"b", "a"}, "day": date(2026, 1, 1), "deep": [(1, 2.5), None, True]},
    printed=datetime(2026, 3, 26, 7, 30, 0, 123_456, tzinfo=timezone(timedelta(hours=7))),
)


def test_parts_enums_days_and_instants_become_what_bson_holds() -> None:
    assert to_bson(FULL) == {
        "_id": "b-1",
        "version": 3,
        "corners": [{"turned_down": True, "on": "1930-01-01"}],
        "title": "Điều lệ Đoàn",
        "scan": b"\x00\xff",
        "colours": ["blue", "red"],
        "cover": {"day": "1931-03-26", "colour": "red"},
        "pages": [{"day": "2022-12-14", "colour": None}, {"day": "2022-12-16", "colour": "blue"}],
        "by_chapter": {"I": [{"day": "2022-12-15", "colour": None}]},
        "by_colour": {"blue": 2},
        "anything": {"set": ["a", "b"], "day": "2026-01-01", "deep": [[1, 2.5], None, True]},
        "begun": "2026-03-26",
        "printed": datetime(2026, 3, 26, 0, 30, 0, 123_000, tzinfo=UTC),
    }


def test_every_enum_is_stored_as_its_plain_value() -> None:
    stored = to_bson(FULL)
    assert [type(value) for value in (stored["cover"]["colour"], *stored["colours"], *stored["by_colour"])] == [str] * 4


def test_a_document_comes_out_as_it_went_in() -> None:
    read = from_bson(BOOKS, to_bson(FULL))
    assert read.model_copy(update={"printed": FULL.printed, "anything": FULL.anything}) == FULL
    assert FULL.printed - read.printed == timedelta(microseconds=456)


def test_what_is_stored_shares_nothing_with_the_document() -> None:
    stored = to_bson(FULL)
    stored["anything"].clear()
    stored["by_chapter"]["I"].clear()
    assert FULL.anything
    assert FULL.by_chapter["I"]
