"""Lists a page at a time, by key: a page begins after a row, not after a count, so nothing is skipped or doubled.

The cursor is the last row's id and no more; where that row stands in the order is looked up again, under the same
filter, so an address never holds a name or another value that a list is sorted by.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, Field

from chassis.storage.bson_form import to_bson
from chassis.storage.documents import D, Filter, Kind, Sort
from chassis.storage.store import Store
from chassis.web.problems import ProblemRaised

DEFAULT_LIMIT = 50
MAX_LIMIT = 200

T = TypeVar("T")
S = TypeVar("S", bound=BaseModel)


class PageQuery(BaseModel):
    """The query parameters of every list; a list's own parameters are added by a subclass."""

    limit: int = Field(default=DEFAULT_LIMIT, ge=1, le=MAX_LIMIT, description="Rows at most")
    cursor: str | None = Field(
        default=None, max_length=200, description="`next_cursor` of the page before; absent for the first page"
    )


class Listing(BaseModel, Generic[S]):
    """The answer of every list. `next_cursor` is null on the last page."""

    items: list[S]
    next_cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows of a list, in its order."""

    items: list[T]
    next_cursor: str | None

    def listed(self, model: type[Listing[S]], view: Callable[[T], S]) -> Listing[S]:
        """The page as an answer: `page.listed(Listing[MeetingView], MeetingView.of)`."""
        return model(items=[view(item) for item in self.items], next_cursor=self.next_cursor)


def page(
    store: Store,
    kind: Kind[D],
    where: Filter,
    *,
    among: Sequence[Filter] = ({},),
    sort: Sort = (("_id", 1),),
    limit: int,
    cursor: str | None,
) -> Page[D]:
    """The rows after `cursor` that meet `where` and one of `among`, in the order of `sort` and then of ids.

    Alternatives stand in `among` where each has an index of its own: they are asked for one by one and merged, since a
    database sorts all that two indexes find; of none, the list is empty. Sort fields hold single values (or nothing).
    Raises ProblemRaised 400 `cursor-expired` when the cursor's row is no longer in the list.
    """
    order = sort if any(name == "_id" for name, _ in sort) else (*sort, ("_id", sort[-1][1] if sort else 1))
    if cursor is not None:
        where = {"$and": [where, _after(_row_of(store, kind, where, among, cursor), order)]}
    found = [_found(store, kind, where, way, order=order, limit=limit + 1) for way in among]
    rows = found[0] if len(found) == 1 else _merged(found, order)
    more = len(rows) > limit
    return Page(rows[:limit], _encoded(rows[limit - 1].id) if more else None)


def _found(store: Store, kind: Kind[D], where: Filter, way: Filter, *, order: Sort, limit: int) -> list[D]:
    if "_id" in way:  # single rows, which come without an order: the merging gives them theirs
        return _merged([store.find(kind, {"$and": [way, where]}, sort=())], order)[:limit]
    return store.find(kind, {"$and": [way, where]} if way else where, sort=order, limit=limit)


def _merged(found: Sequence[list[D]], order: Sort) -> list[D]:
    """Every row once, in order."""
    rows = {row.id: (to_bson(row), row) for rows in found for row in rows}
    merged = list(rows.values())
    for name, direction in reversed(order):
        merged.sort(key=lambda pair: _nothing_first(_at(pair[0], name)), reverse=direction < 0)
    return [row for _, row in merged]


def _nothing_first(value: Any) -> tuple[bool, Any]:
    return value is not None, value


def _row_of(store: Store, kind: Kind[D], where: Filter, among: Sequence[Filter], cursor: str) -> dict[str, Any]:
    id = _decoded(cursor)
    listed = where if among == ({},) else {"$and": [where, {"$or": list(among)}]}
    found = store.find(kind, {"$and": [listed, {"_id": id}]}, limit=1) if id and among else []
    if not found:
        raise ProblemRaised(
            400,
            "cursor-expired",
            vi="Danh sách đã thay đổi nên không xem tiếp được từ đây; hãy xem lại từ trang đầu.",
            en="The list can't be continued from this cursor: begin again at the first page.",
        )
    return to_bson(found[0])


def _after(row: dict[str, Any], order: Sort) -> Filter:
    """What comes after `row`: equal in the first k fields and beyond it in the next, for each k."""
    alternatives: list[Filter] = []
    equal: list[Filter] = []
    for name, direction in order:
        value = _at(row, name)
        beyond = _beyond(name, value, direction)
        if beyond is not None:
            alternatives.append({"$and": [*equal, beyond]} if equal else beyond)
        equal.append({name: value})
    return {**_bound(row, order), "$or": alternatives}


def _bound(row: dict[str, Any], order: Sort) -> Filter:
    """What the alternatives have in common, for the index: a page far down is to begin at its row, not at the first."""
    name, direction = order[0]
    value = _at(row, name)
    if value is None or (direction < 0 and name != "_id"):
        return {}  # nothing sorts last downwards: it is no range
    return {name: {"$gte" if direction > 0 else "$lte": value}}


def _beyond(name: str, value: Any, direction: int) -> Filter | None:
    """Nothing sorts before every value: after it come all values upwards, and none downwards.

    No id is nothing; and an alternative for none would be looked up in another index, whose finds are then sorted.
    """
    if name == "_id":
        return {name: {"$gt" if direction > 0 else "$lt": value}}
    if direction > 0:
        return {name: {"$ne": None}} if value is None else {name: {"$gt": value}}
    return None if value is None else {"$or": [{name: {"$lt": value}}, {name: None}]}


def _at(row: Any, name: str) -> Any:
    for step in name.split("."):
        row = row.get(step) if isinstance(row, dict) else None
    return row


def _encoded(id: str) -> str:
    return base64.urlsafe_b64encode(id.encode()).decode().rstrip("=")


def _decoded(cursor: str) -> str | None:
    try:
        return base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        return None
