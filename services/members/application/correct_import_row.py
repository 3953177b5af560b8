"""Settle a row of an import: write cells anew, or choose what becomes of a duplicate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from chassis.context import Context
from chassis.failures import Refusal
from chassis.outcome import Outcome
from chassis.storage.changes import Changes
from chassis.storage.store import Store
from members.application.authority import as_read
from members.application.collections import IMPORT_ROWS
from members.application.find_imports import the_import, the_row
from members.application.find_units import the_unit
from members.application.preview_import import branches_of, identity, known_in, setting_for, with_match
from members.domain.duplicates import Register
from members.domain.import_cells import read_cells
from members.domain.import_columns import Field, Raw
from members.domain.people_import import Choice, ImportRow, ImportState, PeopleImport, RowState, chosen, judged
from members.domain.unit import Unit


@dataclass(frozen=True)
class RowCorrection:
    """Cells written anew by their meaning (None empties one), and what to do with the row."""

    cells: Mapping[Field, str | None] = field(default_factory=dict)
    choice: Choice | None = None


def correct_import_row(
    context: Context, store: Store, import_id: str, position: int, correction: RowCorrection, *, expected: int | None
) -> Outcome[ImportRow]:
    """The row judged anew. Raises Refusal once it was carried out: then the person is edited, not the list."""
    found = the_import(context, store, import_id)
    row = the_row(store, import_id, position)
    as_read(row, IMPORT_ROWS, expected)
    if row.state is RowState.DONE or found.state is ImportState.DISCARDED:
        raise Refusal(
            "row-done",
            vi="Dòng này đã được nhập (hoặc lần nhập đã hủy); hãy sửa thông tin của người đó.",
            en="This row was carried out, or its import discarded: edit the person instead.",
            because="conflict",
        )
    settled = _reread(context, store, found, row, correction.cells) if correction.cells else row
    if correction.choice is not None:
        settled = chosen(settled, correction.choice)
    changed = settled.model_copy(update={"version": row.version + 1})
    return Outcome(changed, Changes().replace(IMPORT_ROWS, changed))


def _reread(
    context: Context, store: Store, found: PeopleImport, row: ImportRow, cells: Mapping[Field, str | None]
) -> ImportRow:
    unit = the_unit(store, found.unit_id)
    raw: dict[Field, Raw] = {Field(name): cell.raw for name, cell in row.cells.items() if cell.raw is not None}
    for meaning, text in cells.items():
        raw.pop(meaning, None)
        if text is not None and text.strip():
            raw[meaning] = text
    setting = setting_for(context, unit, branches_of(store, unit, context.today), found.default_kind)
    values, read = read_cells(raw, setting)
    fresh = row.model_copy(
        update={"values": values, "cells": read, "choice": None, "notes": (), "match_row": None, "match_person": None}
    )
    return judged(_matched(store, fresh, unit))


def _matched(store: Store, row: ImportRow, unit: Unit) -> ImportRow:
    """Compared with those known, and with the rows of the same year before it."""
    one = identity(row)
    if one is None:
        return row
    year = row.values.birth_year
    same_year = store.find(IMPORT_ROWS, {"import_id": row.import_id, "values.birth_year": year}) if year else []
    earlier = {other.position: other for other in same_year if other.position < row.position}
    others = (identity(other) for other in earlier.values() if other.state is not RowState.OUT)
    matched = with_match(
        row, Register([*known_in(store, unit), *(other for other in others if other is not None)]), one
    )
    number = earlier[matched.match_row].row if matched.match_row is not None else None
    return matched.model_copy(update={"match_number": number})
