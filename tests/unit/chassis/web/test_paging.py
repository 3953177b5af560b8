"""A list read page by page is the list: nothing twice, nothing left out, in order, and nothing told by the cursor."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chassis.storage.changes import Changes
from chassis.storage.documents import Document, Filter, Kind, Sort
from chassis.storage.memory import MemoryStore
from chassis.web.paging import Page, page
from chassis.web.problems import ProblemRaised
from tests.support.web import post
from tests.unit.chassis.web.notices import NOTICES, UNIT, a_notice, notices_app


class Row(Document):
    name: str | None
    size: int | None
    kept: bool = True


ROWS: Kind[Row] = Kind("rows", Row)

rows = st.lists(
    st.builds(
        Row,
        id=st.text("abcdef", min_size=1, max_size=4),
        name=st.none() | st.sampled_from(["", "an", "binh", "hoà"]),
        size=st.none() | st.integers(0, 2),
        kept=st.booleans(),
    ),
    max_size=25,
    unique_by=lambda row: row.id,
)
direction = st.sampled_from([1, -1])
sorts: st.SearchStrategy[Sort] = st.one_of(
    st.just((("_id", 1),)),
    st.tuples(st.tuples(st.just("_id"), direction)),
    st.tuples(st.tuples(st.just("name"), direction)),
    st.tuples(st.tuples(st.just("size"), direction), st.tuples(st.just("name"), direction)),
    st.tuples(st.tuples(st.just("name"), direction), st.tuples(st.just("_id"), direction)),
)


def filled(rows: list[Row]) -> MemoryStore:
    store = MemoryStore()
    store.commit(Changes().insert(ROWS, *rows))
    return store


def pages(store: MemoryStore, where: Filter, sort: Sort, limit: int) -> list[Page[Row]]:
    read = [page(store, ROWS, where, sort=sort, limit=limit, cursor=None)]
    while read[-1].next_cursor is not None:
        read.append(page(store, ROWS, where, sort=sort, limit=limit, cursor=read[-1].next_cursor))
    return read


@settings(max_examples=300)
@given(rows, sorts, st.integers(1, 5))
def test_the_pages_together_are_the_list_in_its_order(rows: list[Row], sort: Sort, limit: int) -> None:
    store, where = filled(rows), {"kept": True}
    read = pages(store, where, sort, limit)
    whole = sort if any(name == "_id" for name, _ in sort) else (*sort, ("_id", sort[-1][1]))
    assert [row for each in read for row in each.items] == store.find(ROWS, where, sort=whole)
    assert all(len(each.items) == limit for each in read[:-1])
    assert all(each.items for each in read[1:])


@given(rows, st.integers(1, 3))
def test_rows_that_come_and_go_between_pages_move_nothing_else(rows: list[Row], limit: int) -> None:
    store = filled(rows)
    sort: Sort = (("name", 1),)
    first = page(store, ROWS, {}, sort=sort, limit=limit, cursor=None)
    if first.next_cursor is None:
        return
    gone = first.items[:-1]
    store.commit(Changes().erase(ROWS, *gone).insert(ROWS, Row(id="new", name=None, size=None)))
    rest = page(store, ROWS, {"_id": {"$ne": "new"}}, sort=sort, limit=99, cursor=first.next_cursor)
    seen = {row.id for row in first.items} | {row.id for row in rest.items}
    assert seen == {row.id for row in rows}


@pytest.mark.parametrize("cursor", ["x", "????", "YQ", "/w==", "", "A" * 199, "zzzz"])
def test_a_cursor_that_leads_nowhere_says_to_begin_again(cursor: str) -> None:
    with pytest.raises(ProblemRaised) as raised:
        page(filled([Row(id="b", name="x", size=1)]), ROWS, {}, limit=2, cursor=cursor)
    assert (raised.value.told.status, raised.value.told.code) == (400, "cursor-expired")


def test_a_cursor_of_a_row_that_one_may_not_see_tells_no_more_than_an_invented_one() -> None:
    app, store, office = notices_app()
    other = "0190a1b2-0000-7000-8000-0000000000bb"
    hidden = a_notice("0190a1b2-0000-7000-8000-000000000009", "Kín", unit=other)
    store.commit(Changes().insert(NOTICES, hidden))
    secretary = office.client(app, person="p1", grants=[post("secretary", UNIT)])
    answers = [
        secretary.get("/v1/notices", query_string={"cursor": base64.urlsafe_b64encode(id.encode()).decode()})
        for id in (hidden.id, "0190a1b2-0000-7000-8000-00000000ffff")
    ]
    assert [answer.status_code for answer in answers] == [400, 400]
    assert answers[0].data == answers[1].data


def test_the_cursor_holds_an_id_and_no_value_of_the_list() -> None:
    app, store, office = notices_app()
    ids = [f"0190a1b2-0000-7000-8000-00000000000{n}" for n in range(3)]
    store.commit(Changes().insert(NOTICES, *(a_notice(id, f"Bí mật {id[-1]}") for id in ids)))
    secretary = office.client(app, person="p1", grants=[post("secretary", UNIT)])
    first = secretary.get("/v1/notices?limit=2").json
    assert first is not None
    cursor = first["next_cursor"]
    assert base64.urlsafe_b64decode(cursor + "==").decode() == ids[1]
    rest = secretary.get(f"/v1/notices?limit=2&cursor={cursor}").json
    assert rest is not None
    assert ([item["id"] for item in rest["items"]], rest["next_cursor"]) == ([ids[2]], None)


def test_a_list_of_no_alternative_is_empty_and_goes_on_from_nowhere() -> None:
    store = filled([Row(id="a", name="an", size=1)])
    assert page(store, ROWS, {}, limit=1, cursor=None).items
    assert page(store, ROWS, {}, among=(), limit=1, cursor=None) == Page([], None)
    with pytest.raises(ProblemRaised) as raised:
        page(store, ROWS, {}, among=(), limit=1, cursor=base64.urlsafe_b64encode(b"a").decode())
    assert (raised.value.told.status, raised.value.told.code) == (400, "cursor-expired")


@settings(max_examples=200)
@given(rows, sorts, st.integers(1, 5))
def test_rows_listed_for_several_reasons_are_one_list(rows: list[Row], sort: Sort, limit: int) -> None:
    store, where = filled(rows), {"kept": True}
    ways: list[Filter] = [{"name": {"$in": ["an", "binh"]}}, {"size": 1}, {"_id": {"$in": ["a", "ab", "b"]}}]
    read = [page(store, ROWS, where, among=ways, sort=sort, limit=limit, cursor=None)]
    while read[-1].next_cursor is not None:
        read.append(page(store, ROWS, where, among=ways, sort=sort, limit=limit, cursor=read[-1].next_cursor))
    whole = sort if any(name == "_id" for name, _ in sort) else (*sort, ("_id", sort[-1][1]))
    assert [row for each in read for row in each.items] == store.find(
        ROWS, {"$and": [where, {"$or": ways}]}, sort=whole
    )
