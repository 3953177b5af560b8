"""What a store promises, whatever it is made of."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from chassis.failures import AlreadyExists, VersionConflict
from chassis.storage.changes import Changes
from chassis.storage.store import Store
from tests.integration.storage.shelf import BOOKS, SHELVES, Binding, Book, Loan, put


def next_version(book: Book, **change: object) -> Book:
    return book.model_copy(update={"version": book.version + 1, **change})


def test_a_document_comes_back_as_it_was_with_every_type_of_field(store: Store) -> None:
    book = Book(
        id="b-1",
        shelf="A",
        printed_on=date(1941, 2, 28),
        binding=Binding.CLOTH,
        tags=("thiếu nhi", "kinh điển"),
        keywords=frozenset({"dế", "mèn"}),
        loans=(Loan(reader="r-1", days=14),),
        by_year={"1941": 3},
        cover=b"\x00\xff",
    )
    put(store, book)
    assert store.get(BOOKS, "b-1") == book.model_copy(
        update={"entered_at": book.entered_at.replace(microsecond=123_000)}
    ), "instants keep milliseconds"


def test_an_instant_is_kept_whatever_zone_it_was_told_in(store: Store) -> None:
    in_vietnam = datetime(2026, 2, 1, 0, 0, tzinfo=timezone(timedelta(hours=7)))
    put(store, Book(id="b-1", entered_at=in_vietnam))
    kept = store.get(BOOKS, "b-1")
    assert kept is not None
    assert kept.entered_at == in_vietnam
    assert kept.entered_at.utcoffset() == timedelta(0)
    assert store.find(BOOKS, {"entered_at": in_vietnam}) == [kept]


def test_what_is_not_there_is_none(store: Store) -> None:
    assert store.get(BOOKS, "b-1") is None
    assert store.get_many(BOOKS, ["b-1"]) == {}
    assert store.get_many(BOOKS, []) == {}
    assert store.find(BOOKS, {}) == []
    assert store.count(BOOKS, {}) == 0


def test_many_are_found_by_id_each_once(store: Store) -> None:
    put(store, Book(id="b-1"), Book(id="b-2"))
    assert sorted(store.get_many(BOOKS, ["b-2", "b-1", "b-1", "b-9"])) == ["b-1", "b-2"]


def test_inserting_what_is_there_is_refused_by_name(store: Store) -> None:
    put(store, Book(id="b-1"))
    with pytest.raises(AlreadyExists) as refused:
        put(store, Book(id="b-1"))
    assert (refused.value.kind, refused.value.id) == ("books", "b-1")


def test_inserting_when_absent_keeps_what_is_there(store: Store) -> None:
    put(store, Book(id="b-1", title="first"))
    store.commit(Changes().insert_absent(BOOKS, Book(id="b-1", title="second"), Book(id="b-2", title="new")))
    assert [book.title for book in store.find(BOOKS, {})] == ["first", "new"]


def test_replacing_asks_for_the_version_before(store: Store) -> None:
    first = Book(id="b-1")
    put(store, first)
    second = next_version(first, title="second")
    store.commit(Changes().replace(BOOKS, second))
    for stale in (second, next_version(next_version(second)), next_version(Book(id="b-9"))):
        with pytest.raises(VersionConflict):
            store.commit(Changes().replace(BOOKS, stale))
    kept = store.get(BOOKS, "b-1")
    assert kept is not None
    assert (kept.version, kept.title) == (2, "second")


def test_many_replaced_at_once_become_each_its_own_and_ask_for_the_version_of_each(store: Store) -> None:
    first = [Book(id=f"b{number}") for number in range(12)]
    store.commit(Changes().insert(BOOKS, *first))
    second = [
        Book(
            id=f"b{number}",
            version=2,
            title="$title",
            shelf="$$ROOT" if number % 2 else None,
            pages=number,
            printed_on=date(1941, 1, 1 + number),
            entered_at=datetime(2026, 1, 1, number, tzinfo=UTC),
            keywords=frozenset({"dế", "mèn"}),
            loans=(Loan(reader="Hoa", days=number),),
            by_year={"2026": number, "a.b": 1, "$c": 2},
            cover=bytes([number]) * 1_000_000,
        )
        for number in range(12)
    ]
    store.commit(Changes().replace(BOOKS, *second))
    assert store.get_many(BOOKS, [book.id for book in second]) == {book.id: book for book in second}
    third = [book.model_copy(update={"version": 3, "cover": None}) for book in second]
    stale = [*third[:-1], third[-1].model_copy(update={"version": 2})]
    with pytest.raises(VersionConflict):
        store.commit(Changes().replace(BOOKS, *stale))
    with pytest.raises(VersionConflict):
        store.commit(Changes().replace(BOOKS, *third, Book(id="nobody's", version=3)))
    assert {book.version for book in store.find(BOOKS, {})} == {2}


def test_many_replaced_at_once_do_not_run_over_what_another_changed_meanwhile(store: Store) -> None:
    books = [Book(id=f"b{number}") for number in range(12)]
    store.commit(Changes().insert(BOOKS, *books))
    store.commit(Changes().replace(BOOKS, next_version(books[5], title="another's")))
    with pytest.raises(VersionConflict):
        store.commit(Changes().replace(BOOKS, *(next_version(book, title="ours") for book in books)))
    assert [book.title for book in store.find(BOOKS, {}) if book.version == 2] == ["another's"]


def test_many_replaced_at_once_may_be_changed_twice_and_keep_unique_values_apart(store: Store) -> None:
    books = [Book(id=f"b{number}", shelf=str(number)) for number in range(8)]
    store.commit(Changes().insert(SHELVES, *books))
    once = [book.model_copy(update={"version": 2, "pages": 1}) for book in books]
    twice = [book.model_copy(update={"version": 3, "pages": 2}) for book in books]
    store.commit(Changes().replace(SHELVES, *once, *twice))
    assert {(book.version, book.pages) for book in store.find(SHELVES, {})} == {(3, 2)}
    with pytest.raises(AlreadyExists):
        store.commit(Changes().replace(SHELVES, *(b.model_copy(update={"version": 4, "shelf": "0"}) for b in twice)))


def test_two_versions_in_one_transaction_follow_each_other(store: Store) -> None:
    first = Book(id="b-1")
    second = next_version(first)
    store.commit(Changes().insert(BOOKS, first).replace(BOOKS, second, next_version(second, title="third")))
    kept = store.get(BOOKS, "b-1")
    assert kept is not None
    assert (kept.version, kept.title) == (3, "third")


def test_erasing_asks_for_the_version_that_was_read_and_leaves_nothing(store: Store) -> None:
    book = Book(id="b-1")
    put(store, book)
    for stale in (next_version(book), Book(id="b-9")):
        with pytest.raises(VersionConflict):
            store.commit(Changes().erase(BOOKS, stale))
    store.commit(Changes().erase(BOOKS, book))
    put(store, book)
    assert store.count(BOOKS, {}) == 1


def test_erasing_many_at_once_asks_for_the_version_of_each(store: Store) -> None:
    books = [Book(id=f"b-{n}", version=1 + n % 2) for n in range(20)]
    put(store, *books)
    stale = [*books[:-1], books[-1].model_copy(update={"version": 1})]
    with pytest.raises(VersionConflict):
        store.commit(Changes().erase(BOOKS, *stale))
    assert store.count(BOOKS, {}) == 20
    store.commit(Changes().erase(BOOKS, *books))
    assert store.count(BOOKS, {}) == 0


def test_a_transaction_is_all_or_nothing(store: Store) -> None:
    put(store, Book(id="b-1"), Book(id="b-2"))
    bad: list[Callable[[Changes], Changes]] = [
        lambda changes: changes.insert(BOOKS, Book(id="b-1")),
        lambda changes: changes.replace(BOOKS, Book(id="b-1", version=7)),
        lambda changes: changes.erase(BOOKS, Book(id="b-1", version=7)),
        lambda changes: changes.insert(SHELVES, Book(id="s-1", shelf="A"), Book(id="s-2", shelf="A")),
    ]
    for spoil in bad:
        fine = (
            Changes()
            .insert(BOOKS, Book(id="b-3"))
            .replace(BOOKS, Book(id="b-2", version=2))
            .erase(BOOKS, Book(id="b-1"))
        )
        fine.project(SHELVES, Book(id="s-9", shelf="Z"))
        with pytest.raises((AlreadyExists, VersionConflict)):
            store.commit(spoil(fine.insert(BOOKS, Book(id="b-1"))))
        assert [(book.id, book.version) for book in store.find(BOOKS, {})] == [("b-1", 1), ("b-2", 1)]
        assert store.count(SHELVES, {}) == 0


def test_nothing_to_change_is_no_error(store: Store) -> None:
    store.commit(Changes())
    assert store.project(BOOKS, []) == 0


def test_a_unique_value_is_had_by_one_and_only_where_the_index_says(store: Store) -> None:
    store.commit(Changes().insert(SHELVES, Book(id="s-1", shelf="A")))
    with pytest.raises(AlreadyExists):
        store.commit(Changes().insert(SHELVES, Book(id="s-2", shelf="A")))
    store.commit(Changes().insert(SHELVES, Book(id="s-3", shelf="A", lent=True)))
    with pytest.raises(AlreadyExists):
        store.project(SHELVES, [Book(id="s-4", shelf="A")])
    assert [book.id for book in store.find(SHELVES, {})] == ["s-1", "s-3"]


def test_projecting_keeps_the_newest_whatever_the_order(store: Store) -> None:
    assert store.project(BOOKS, [Book(id="b-1", version=2), Book(id="b-2", version=1)]) == 2
    assert store.project(BOOKS, [Book(id="b-1", version=1), Book(id="b-2", version=5, title="new")]) == 1
    assert store.project(BOOKS, [Book(id="b-2", version=5, title="again")]) == 0
    assert [(book.id, book.version, book.title) for book in store.find(BOOKS, {})] == [
        ("b-1", 2, Book(id="b").title),
        ("b-2", 5, "new"),
    ]


def test_projecting_several_versions_at_once_keeps_the_newest(store: Store) -> None:
    versions = [Book(id="b-1", version=version, title=str(version)) for version in (2, 4, 3)]
    store.project(BOOKS, versions)
    store.commit(Changes().project(BOOKS, *(book.model_copy(update={"id": "b-2"}) for book in versions)))
    assert [(book.id, book.title) for book in store.find(BOOKS, {})] == [("b-1", "4"), ("b-2", "4")]


def test_projecting_within_a_transaction_guards_by_version_too(store: Store) -> None:
    put(store, Book(id="b-1", version=3, title="newer"))
    store.commit(Changes().project(BOOKS, Book(id="b-1", version=2, title="older"), Book(id="b-2", title="absent")))
    assert [book.title for book in store.find(BOOKS, {})] == ["newer", "absent"]


def test_a_large_batch_keeps_to_the_guard_for_each_of_its_documents(store: Store) -> None:
    store.project(BOOKS, [Book(id=f"b-{n:03}", version=2, title="seen") for n in range(0, 60, 2)])
    store.bury(BOOKS, "b-001", 9)
    batch = [Book(id=f"b-{n:03}", version=1 + n % 4, title="told") for n in range(60)]
    # Even ones are there as version 2: told as 1 they are older, told as 3 newer. Odd ones are new, but one was buried.
    assert store.project(BOOKS, batch) == 15 + 29
    assert store.project(BOOKS, batch) == 0
    kept = {book.id: (book.version, book.title) for book in store.find(BOOKS, {})}
    assert kept["b-000"] == (2, "seen")
    assert kept["b-002"] == (3, "told")
    assert kept["b-003"] == (4, "told")
    assert "b-001" not in kept
    assert len(kept) == 59


def test_a_large_batch_meets_another_writers_unique_value(store: Store) -> None:
    store.project(SHELVES, [Book(id="s-1", shelf="A")])
    others = [Book(id=f"s-{n}", shelf=f"shelf {n}") for n in range(2, 20)]
    with pytest.raises(AlreadyExists):
        store.project(SHELVES, [*others, Book(id="s-99", shelf="A")])


def test_several_writers_of_the_same_large_batch_leave_the_newest(store: Store) -> None:
    versions = range(1, 6)

    def write(version: int) -> None:
        store.project(BOOKS, [Book(id=f"b-{n:03}", version=version) for n in range(100)])

    with ThreadPoolExecutor(len(versions)) as writers:
        list(writers.map(write, versions))
    assert {book.version for book in store.find(BOOKS, {})} == {5}


def test_changes_of_two_kinds_in_turn_keep_their_order_within_each(store: Store) -> None:
    store.commit(Changes().insert(SHELVES, Book(id="s-1", shelf="A")))
    changes = Changes()
    for n in range(20):
        changes.insert(BOOKS, Book(id=f"b-{n}")).insert(SHELVES, Book(id=f"s-x{n}", shelf=f"x{n}"))
    changes.erase(SHELVES, Book(id="s-1", shelf="A"))
    changes.insert(BOOKS, Book(id="b-last"))
    changes.insert(SHELVES, Book(id="s-2", shelf="A"))
    changes.replace(BOOKS, Book(id="b-last", version=2)).replace(BOOKS, Book(id="b-last", version=3))
    store.commit(changes)
    assert store.count(BOOKS, {}) == 21
    assert [book.id for book in store.find(SHELVES, {"shelf": "A"})] == ["s-2"]
    assert [book.version for book in store.find(BOOKS, {"_id": "b-last"})] == [3]


def test_what_was_buried_is_not_revived_by_an_older_version_and_is_nowhere_seen(store: Store) -> None:
    store.project(BOOKS, [Book(id="b-1", version=1), Book(id="b-2", version=1), Book(id="b-3", version=1)])
    store.bury(BOOKS, "b-1", 2)
    store.bury(BOOKS, "never-seen", 2)
    store.project(BOOKS, [Book(id="b-1", version=1), Book(id="never-seen", version=1)])
    assert store.get(BOOKS, "b-1") is None
    assert set(store.get_many(BOOKS, ["b-1", "b-2", "never-seen"])) == {"b-2"}
    for where in (
        {},
        {"shelf": None},
        {"title": {"$ne": "x"}},
        {"pages": {"$nin": [7]}},
        {"cover": {"$exists": False}},
    ):
        assert {book.id for book in store.find(BOOKS, where)} <= {"b-2", "b-3"}, where
        assert store.count(BOOKS, where) == len(store.find(BOOKS, where)), where
    assert [book.id for book in store.find(BOOKS, {}, limit=2)] == ["b-2", "b-3"], "the limit counts the living"
    assert store.count(BOOKS, {"_id": {"$in": ["b-1", "b-2"]}}) == 1


def test_what_was_buried_lives_again_with_a_newer_version(store: Store) -> None:
    store.bury(BOOKS, "b-1", 2)
    store.project(BOOKS, [Book(id="b-1", version=3)])
    assert store.get(BOOKS, "b-1") is not None


def test_burying_an_old_version_does_not_erase_a_newer_one(store: Store) -> None:
    store.project(BOOKS, [Book(id="b-1", version=5)])
    store.bury(BOOKS, "b-1", 4)
    assert store.get(BOOKS, "b-1") is not None


def test_of_writers_at_the_same_moment_one_wins_and_the_others_are_told(store: Store) -> None:
    put(store, Book(id="b-1"))

    def write(number: int) -> bool:
        try:
            store.commit(Changes().replace(BOOKS, Book(id="b-1", version=2, title=str(number))))
        except VersionConflict:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        won = list(pool.map(write, range(6)))
    assert won.count(True) == 1
    kept = store.get(BOOKS, "b-1")
    assert kept is not None
    assert kept.title == str(won.index(True))


def test_of_commits_at_the_same_moment_each_is_told_its_own_result(store: Store) -> None:
    put(store, Book(id="there"), Book(id="moves", version=1))

    def write(number: int) -> str:
        changes = Changes().insert(BOOKS, Book(id=f"new-{number}"))
        if number % 8 == 1:
            changes.insert(BOOKS, Book(id="there"))
        if number % 8 == 2:
            changes.replace(BOOKS, Book(id="moves", version=7))
        try:
            store.commit(changes)
        except (AlreadyExists, VersionConflict) as error:
            return type(error).__name__
        return ""

    with ThreadPoolExecutor(16) as pool:
        told = list(pool.map(write, range(64)))
    assert told == [{1: "AlreadyExists", 2: "VersionConflict"}.get(number % 8, "") for number in range(64)]
    there = store.get_many(BOOKS, [f"new-{number}" for number in range(64)])
    assert {int(id.removeprefix("new-")) for id in there} == {number for number in range(64) if not told[number]}


def test_what_is_read_is_the_readers_own(store: Store) -> None:
    put(store, Book(id="b-1", by_year={"2026": 1}))
    read = store.get(BOOKS, "b-1")
    assert read is not None
    read.by_year["2027"] = 2
    again = store.get(BOOKS, "b-1")
    assert again is not None
    assert again.by_year == {"2026": 1}
