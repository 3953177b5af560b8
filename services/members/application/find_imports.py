"""Imports and their rows as they are read."""

from __future__ import annotations

from collections.abc import Iterator

from chassis.context import Context
from chassis.failures import missing
from chassis.storage.documents import Filter, Sort
from chassis.storage.store import Store
from members.application.authority import IMPORT, ROW, at, demand, within
from members.application.collections import IMPORT_ROWS, IMPORTS
from members.domain.notes import Verdict
from members.domain.people_import import ImportRow, ImportState, PeopleImport, RowState, row_id

LATEST_FIRST: Sort = (("_id", -1),)
_PAGE = 1_000


def the_import(context: Context, store: Store, id: str) -> PeopleImport:
    """An import of a unit whose people the caller manages. Raises a 404 Refusal otherwise."""
    found = store.get(IMPORTS, id)
    if found is None:
        raise missing(*IMPORT)
    demand(context, "people.manage", at(found.unit_path), seen_with="people.manage", what=IMPORT)
    return found


def imports_wanted(context: Context, *, under: str | None, state: ImportState | None) -> Filter:
    parts: list[Filter] = [within(context, "people.manage")]
    if under is not None:
        parts.append({"unit_path": under})
    if state is not None:
        parts.append({"state": state.value})
    return parts[0] if len(parts) == 1 else {"$and": parts}


def rows_wanted(import_id: str, *, state: RowState | None, verdict: Verdict | None) -> Filter:
    parts: dict[str, str] = {"import_id": import_id}
    if state is not None:
        parts["state"] = state.value
    if verdict is not None:
        parts["verdict"] = verdict.value
    return parts


def the_row(store: Store, import_id: str, position: int) -> ImportRow:
    row = store.get(IMPORT_ROWS, row_id(import_id, position))
    if row is None:
        raise missing(*ROW)
    return row


def all_rows(store: Store, import_id: str) -> Iterator[ImportRow]:
    """Every row in the file's order, a page at a time."""
    after = ""
    while page := store.find(IMPORT_ROWS, {"import_id": import_id, "_id": {"$gt": after}}, limit=_PAGE):
        yield from page
        after = page[-1].id
