"""Large batches for a read model, whichever of two ways they go: asked for first, or inserted first."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from chassis.failures import AlreadyExists, Unavailable
from chassis.storage.documents import Kind
from chassis.storage.mongo import MongoStore
from chassis.storage.store import Store
from tests.integration.storage.shelf import BOOKS, SHELVES, Book


class Asking(MongoStore):
    """Tells how many ids it asked for, batch by batch; breaks down instead when told to."""

    broken = False

    def __init__(self, store: MongoStore) -> None:
        super().__init__(store.database)
        self.asked: list[int] = []

    def _known_versions(self, kind: Kind[Any], ids: list[str]) -> dict[str, int]:
        if self.broken:
            raise Unavailable("the process ends here")
        self.asked.append(len(ids))
        return super()._known_versions(kind, ids)


@pytest.fixture
def asking(mongo_store: MongoStore) -> Asking:
    for kind in (BOOKS, SHELVES):
        mongo_store.database[kind.name].delete_many({})
    return Asking(mongo_store)


def books(numbers: Sequence[int], version: int = 1, title: str = "told") -> list[Book]:
    return [Book(id=f"b-{n:04}", version=version, title=title) for n in numbers]


def expect_newcomers(store: Store) -> None:
    """Show the store a large batch of new books, and the same of shelves."""
    store.project(BOOKS, books(range(5_000, 5_020)))
    store.project(SHELVES, [Book(id=f"first-{n}", shelf=f"first {n}") for n in range(20)])


@pytest.mark.embedded
def test_the_first_reading_of_a_topic_asks_once(asking: Asking) -> None:
    for start in range(0, 100, 20):
        assert asking.project(BOOKS, books(range(start, start + 20))) == 20
    assert asking.asked == [20]
    assert asking.count(BOOKS, {}) == 100


@pytest.mark.embedded
def test_a_repeated_reading_asks_first_from_its_second_batch_on(asking: Asking) -> None:
    asking.project(BOOKS, books(range(100)))
    asking.asked.clear()
    for start in range(0, 100, 20):
        assert asking.project(BOOKS, books(range(start, start + 20), title="again")) == 0
    assert asking.asked == [20] * 5, "the first was inserted in vain, and then asked for"
    assert asking.project(BOOKS, books(range(100, 120))) == 20
    asking.asked.clear()
    assert asking.project(BOOKS, books(range(120, 140))) == 20
    assert asking.asked == []
    assert {book.title for book in asking.find(BOOKS, {})} == {"told"}


@pytest.mark.embedded
def test_only_those_that_were_there_are_asked_for(asking: Asking) -> None:
    expect_newcomers(asking)
    asking.project(BOOKS, books(range(5), version=3))
    asking.asked.clear()
    assert asking.project(BOOKS, books(range(40), version=4)) == 40
    assert asking.asked == [5]


@pytest.mark.embedded
def test_what_was_cut_off_in_the_middle_is_completed_when_it_comes_again(asking: Asking) -> None:
    expect_newcomers(asking)
    asking.project(BOOKS, books([3, 4, 5, 6], version=7, title="newer"))
    asking.broken = True
    batch = books(range(40), version=5)
    with pytest.raises(Unavailable):
        asking.project(BOOKS, batch)
    assert asking.count(BOOKS, {"version": 5}) == 36
    asking.broken = False
    assert MongoStore(asking.database).project(BOOKS, batch) == 0
    assert asking.project(BOOKS, batch) == 0
    assert {book.title for book in asking.find(BOOKS, {"version": 7})} == {"newer"}
    assert asking.count(BOOKS, {"version": 5}) == 36


def test_after_new_ones_a_mixed_batch_keeps_to_the_guard_for_each_of_its_documents(store: Store) -> None:
    expect_newcomers(store)
    store.project(BOOKS, books([0, 1, 2], version=4, title="newer"))
    store.project(BOOKS, books([3, 4, 5], version=3, title="same"))
    store.project(BOOKS, books([6, 7, 8], version=2, title="older"))
    store.bury(BOOKS, "b-0009", 9)
    store.bury(BOOKS, "b-0010", 2)
    assert store.project(BOOKS, books(range(60), version=3)) == 60 - 7
    assert store.project(BOOKS, books(range(60), version=3, title="again")) == 0
    kept = {book.id: (book.version, book.title) for book in store.find(BOOKS, {"_id": {"$lt": "b-5000"}})}
    assert len(kept) == 59
    assert "b-0009" not in kept
    assert {kept[f"b-{n:04}"] for n in (0, 1, 2)} == {(4, "newer")}
    assert {kept[f"b-{n:04}"] for n in (3, 4, 5)} == {(3, "same")}
    assert {kept[f"b-{n:04}"] for n in (6, 7, 8, 10, 11, 59)} == {(3, "told")}


def test_after_new_ones_another_documents_unique_value_is_refused(store: Store) -> None:
    expect_newcomers(store)
    others = [Book(id=f"s-{n}", shelf=f"shelf {n}") for n in range(20)]
    with pytest.raises(AlreadyExists):
        store.project(SHELVES, [*others, Book(id="s-99", shelf="first 3")])
    assert store.get(SHELVES, "s-99") is None
    assert store.get(SHELVES, "first-3") is not None


def test_after_new_ones_an_id_that_is_there_with_a_unique_value_of_its_own_is_no_conflict(store: Store) -> None:
    expect_newcomers(store)
    again = [Book(id=f"first-{n}", version=2, shelf=f"first {n}", pages=7) for n in range(20)]
    assert store.project(SHELVES, [*again, Book(id="new", shelf="new")]) == 21
    assert store.count(SHELVES, {"pages": 7}) == 20


def test_after_new_ones_several_writers_of_the_same_large_batch_leave_the_newest(store: Store) -> None:
    expect_newcomers(store)
    versions = range(1, 6)
    with ThreadPoolExecutor(len(versions)) as writers:
        list(writers.map(lambda version: store.project(BOOKS, books(range(100), version=version)), versions))
    assert {book.version for book in store.find(BOOKS, {"_id": {"$lt": "b-5000"}})} == {5}
