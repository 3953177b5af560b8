"""Filters, sorting and limits find the same in every store."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from chassis.storage.documents import Filter, Sort
from chassis.storage.store import Store
from tests.integration.storage.shelf import BOOKS, Binding, Book, Loan, put

LIBRARY = (
    Book(id="a", shelf="A", pages=10, price=1.0, tags=("x", "y"), printed_on=date(2020, 1, 1)),
    Book(
        id="b",
        shelf="B",
        pages=20,
        price=2.5,
        lent=True,
        loans=(Loan(reader="r-1", days=3), Loan(reader="r-2", days=9)),
    ),
    Book(id="c", shelf=None, pages=30, binding=Binding.CLOTH, tags=("y",), loans=(Loan(reader="r-2", days=3),)),
    Book(id="d", shelf="A", pages=40, entered_at=datetime(2027, 1, 1, tzinfo=UTC), by_year={"2026": 1}),
)

FILTERS: list[tuple[Filter, str]] = [
    ({}, "abcd"),
    ({"shelf": "A"}, "ad"),
    ({"_id": "b"}, "b"),
    ({"_id": {"$gt": "b"}}, "cd"),
    ({"shelf": None}, "c"),
    ({"no_such_field": None}, "abcd"),
    ({"tags": "y"}, "ac"),
    ({"tags": ["x", "y"]}, "a"),
    ({"tags": []}, "bd"),
    ({"binding": Binding.CLOTH}, "c"),
    ({"printed_on": date(2020, 1, 1)}, "a"),
    ({"printed_on": {"$lt": date(2020, 1, 2)}}, "a"),
    ({"lent": True}, "b"),
    ({"lent": 1}, ""),
    ({"pages": 10.0}, "a"),
    ({"pages": {"$gt": 19.5}}, "bcd"),
    ({"pages": {"$gte": 20, "$lt": 40}}, "bc"),
    ({"pages": {"$lte": 10}}, "a"),
    ({"pages": {"$gt": "a word"}}, ""),
    ({"shelf": {"$gt": "A"}}, "b"),
    ({"entered_at": {"$gt": datetime(2026, 12, 31, tzinfo=UTC)}}, "d"),
    ({"shelf": {"$in": ["B", None]}}, "bc"),
    ({"tags": {"$in": ["x"]}}, "a"),
    ({"shelf": {"$nin": ["A", "B"]}}, "c"),
    ({"tags": {"$nin": ["x"]}}, "bcd"),
    ({"shelf": {"$ne": "A"}}, "bc"),
    ({"tags": {"$ne": "y"}}, "bd"),
    ({"shelf": {"$ne": None}}, "abd"),
    ({"by_year.2026": {"$exists": True}}, "d"),
    ({"by_year.2026": {"$exists": False}}, "abc"),
    ({"by_year.2026": 1}, "d"),
    ({"loans.reader": "r-2"}, "bc"),
    ({"loans.days": {"$gt": 5}}, "b"),
    ({"loans": {"$elemMatch": {"reader": "r-2", "days": 3}}}, "c"),
    ({"loans": {"$elemMatch": {"reader": "r-1", "days": {"$gte": 3}}}}, "b"),
    ({"$or": [{"shelf": "B"}, {"pages": 40}]}, "bd"),
    ({"$and": [{"shelf": "A"}, {"pages": {"$gt": 10}}]}, "d"),
    ({"shelf": "A", "$or": [{"tags": "x"}, {"tags": "z"}]}, "a"),
    ({"$or": [{"$and": [{"shelf": "A"}, {"lent": True}]}, {"_id": {"$in": {"c"}}}]}, "c"),
]


@pytest.mark.parametrize(("where", "found"), FILTERS, ids=str)
def test_filters_find_the_same_in_every_store(store: Store, where: Filter, found: str) -> None:
    put(store, *LIBRARY)
    assert "".join(book.id for book in store.find(BOOKS, where)) == found
    assert store.count(BOOKS, where) == len(found)


@pytest.mark.parametrize(
    ("sort", "limit", "found"),
    [
        ((("_id", -1),), None, "dcba"),
        ((("pages", -1),), 2, "dc"),
        ((("shelf", 1), ("pages", -1)), None, "cdab"),
        ((("shelf", -1), ("_id", 1)), 3, "bad"),
        ((("printed_on", 1), ("_id", 1)), None, "bcda"),
    ],
)
def test_sorting_is_the_same_in_every_store(store: Store, sort: Sort, limit: int | None, found: str) -> None:
    put(store, *LIBRARY)
    assert "".join(book.id for book in store.find(BOOKS, {}, sort=sort, limit=limit)) == found
