"""Upload a member list: it is read, judged row by row, and stored with its verdicts for a person to look at."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from chassis.context import Context
from chassis.failures import Refusal
from chassis.outcome import Outcome
from chassis.storage.changes import Changes
from chassis.storage.store import Store
from members.application.authority import UNIT, actor, demand, of_unit
from members.application.collections import IMPORT_FILES, IMPORT_ROWS, IMPORTS, PEOPLE
from members.application.find_people import BY_GIVEN_NAME
from members.application.find_units import branches_under, the_unit
from members.application.ports import Workbooks
from members.domain.duplicates import Known, Register, known_person
from members.domain.import_branches import Branches, index_branches
from members.domain.import_cells import Setting, read_cells
from members.domain.import_layout import Sheet, read_sheet
from members.domain.names import folded, tidied
from members.domain.notes import Verdict, gravest, verdict_of
from members.domain.people_import import (
    MOST_ROWS,
    ImportFile,
    ImportRow,
    PeopleImport,
    RowState,
    SheetFound,
    judged,
    row_id,
)
from members.domain.person import Standing
from members.domain.unit import HOLDS_PEOPLE, Unit

KEPT_FOR = timedelta(days=180)
"""How long the file and its rows are kept after the upload; the people are kept on their own."""


@dataclass(frozen=True)
class Upload:
    """A file for a commune or a branch. `member_since` dates the memberships; `kind` where the list does not say."""

    unit_id: str
    file_name: str
    content: bytes
    kind: Standing = Standing.MEMBER
    member_since: date | None = None


def preview_import(context: Context, store: Store, workbooks: Workbooks, upload: Upload) -> Outcome[PeopleImport]:
    """The stored preview. Raises Refusal: 422 on a file that can't be taken, 409 when the same file is here already."""
    unit = the_unit(store, upload.unit_id)
    demand(context, "people.manage", of_unit(unit), seen_with="units.read", what=UNIT)
    _check_level(unit, context.today)
    digest = hashlib.sha256(upload.content).hexdigest()
    _check_new(store, unit, digest)
    branches = branches_of(store, unit, context.today)
    sheets, skipped = _read(workbooks, upload, branches)
    id = context.new_id()
    setting = setting_for(context, unit, branches, upload.kind)
    rows = judge_rows(_rows(context, id, sheets, setting), known_in(store, unit))
    found = PeopleImport(
        id=id,
        unit_id=unit.id,
        unit_path=unit.unit_path,
        file_name=tidied(upload.file_name)[:200] or "danh-sach.xlsx",
        sha256=digest,
        size=len(upload.content),
        default_kind=upload.kind,
        member_since=upload.member_since or context.today,
        sheets=tuple(_found(sheet) for sheet in sheets),
        skipped_sheets=skipped,
        verdicts=dict(Counter(row.verdict.value for row in rows)),
        rows=len(rows),
        uploaded_by=actor(context).account_id,
        uploaded_at=context.now,
    )
    file = ImportFile(id=id, content=upload.content, expires_at=context.now + KEPT_FOR)
    return Outcome(found, Changes().insert(IMPORTS, found).insert(IMPORT_FILES, file).insert(IMPORT_ROWS, *rows))


def branches_of(store: Store, unit: Unit, on: date) -> Branches:
    """The branches a list of this unit may name, by name, short name and code."""
    return index_branches(
        (text, branch.id)
        for branch in branches_under(store, unit, on)
        if (fact := branch.on(on)) is not None
        for text in (fact.name, fact.short_name, fact.code)
        if text
    )


def setting_for(context: Context, unit: Unit, branches: Branches, kind: Standing) -> Setting:
    fact = unit.nearest(context.today)
    own = unit.id if fact.kind in HOLDS_PEOPLE else None
    return Setting(today=context.today, branches=branches, unit_id=own, kind=kind)


def known_in(store: Store, unit: Unit) -> list[Known]:
    """Those registered at or under a unit: whom else a list may repeat is not for its officer to learn."""
    return [known_person(person) for person in store.find(PEOPLE, {"unit_path": unit.id}, sort=BY_GIVEN_NAME)]


def identity(row: ImportRow) -> Known | None:
    """What a row's person is recognised by; None without a name."""
    values = row.values
    if values.full_name is None:
        return None
    return Known(folded(values.full_name), values.birth_date, values.birth_year, values.phone, row=row.position)


def judge_rows(rows: Iterable[ImportRow], known: Iterable[Known]) -> list[ImportRow]:
    """Rows with their verdicts: matched with those before them and those known, in order; shared phones noted."""
    register = Register(known)
    matched: list[tuple[ImportRow, Known | None]] = []
    for row in rows:
        one = identity(row)
        rejected = gravest(cell.verdict for cell in row.cells.values()) is Verdict.REJECTED
        if one is not None and not rejected:
            row = with_match(row, register, one)  # noqa: PLW2901  the row as it is now known
            if verdict_of(row.notes) is not Verdict.DUPLICATE:
                register.add(one)
        matched.append((row, one))
    by_position = {row.position: row.row for row, _ in matched}
    return [judged(_numbered(_sharing(row, register, one), by_position)) for row, one in matched]


def with_match(row: ImportRow, register: Register, one: Known) -> ImportRow:
    """The row with the person it repeats, surely or perhaps."""
    match = register.match(one)
    if match is None:
        return row.model_copy(update={"notes": (), "match_row": None, "match_number": None, "match_person": None})
    note = "same-person" if match.sure else "maybe-same-person"
    return row.model_copy(
        update={"notes": (note,), "match_row": match.known.row, "match_person": match.known.person_id}
    )


def _sharing(row: ImportRow, register: Register, one: Known | None) -> ImportRow:
    if one is None or verdict_of(row.notes) is Verdict.DUPLICATE or not register.shares_phone(one):
        return row
    cell = row.cells["phone"]
    noted = cell.model_copy(update={"notes": (*cell.notes, "phone-shared")})
    return row.model_copy(update={"cells": {**row.cells, "phone": noted}})


def _numbered(row: ImportRow, numbers: dict[int, int]) -> ImportRow:
    return row if row.match_row is None else row.model_copy(update={"match_number": numbers.get(row.match_row)})


def _rows(context: Context, import_id: str, sheets: list[Sheet], setting: Setting) -> list[ImportRow]:
    rows: list[ImportRow] = []
    for sheet in sheets:
        for line in sheet.people:
            values, cells = read_cells(line.cells, setting)
            position = len(rows) + 1
            rows.append(
                ImportRow(
                    id=row_id(import_id, position),
                    import_id=import_id,
                    sheet=sheet.title,
                    row=line.number,
                    position=position,
                    cells=cells,
                    values=values,
                    verdict=Verdict.OK,
                    state=RowState.OPEN,
                    expires_at=context.now + KEPT_FOR,
                )
            )
    return rows


def _read(workbooks: Workbooks, upload: Upload, branches: Branches) -> tuple[list[Sheet], tuple[str, ...]]:
    opened = workbooks(upload.content)
    read = [(sheet.title, read_sheet(sheet.title, sheet.lines, branches)) for sheet in opened]
    sheets = [sheet for _, sheet in read if sheet is not None]
    if not sheets:
        titles = ", ".join(f"“{tidied(title)[:40]}”" for title, _ in read[:10])
        raise Refusal(
            "no-member-list",
            vi=f"Không trang tính nào ({titles}) có dòng tiêu đề với cột họ tên và một cột thông tin khác.",
            en="No sheet has a heading row that names people and says something else about them.",
            pointer="/file",
        )
    if (count := sum(len(sheet.people) for sheet in sheets)) > MOST_ROWS:
        raise Refusal(
            "file-too-many-rows",
            vi=f"Danh sách có {count} người, nhiều hơn {MOST_ROWS}; hãy chia thành nhiều tệp.",
            en=f"The list has {count} people, more than {MOST_ROWS}: split it.",
            pointer="/file",
        )
    return sheets, tuple(title for title, sheet in read if sheet is None)


def _found(sheet: Sheet) -> SheetFound:
    return SheetFound(
        title=sheet.title,
        header_row=sheet.header.row,
        columns={meaning.value: label for meaning, label in sheet.header.labels.items()},
        ignored_columns=sheet.header.ignored,
        ignored_rows=sheet.ignored_rows[:1000],
        people=len(sheet.people),
    )


def _check_level(unit: Unit, today: date) -> None:
    fact = unit.on(today)
    if fact is None or (fact.kind != "commune" and fact.kind not in HOLDS_PEOPLE):
        raise Refusal(
            "import-level",
            vi="Chỉ nhập danh sách cho một Đoàn xã hoặc một chi đoàn đang hoạt động.",
            en="A list is imported for one commune or one branch that exists today.",
            pointer="/unit_id",
        )


def _check_new(store: Store, unit: Unit, digest: str) -> None:
    before = store.find(IMPORTS, {"unit_id": unit.id, "sha256": digest, "active": True}, sort=(), limit=1)
    if before:
        raise Refusal(
            "same-file",
            vi=f"Tệp này đã được tải lên lúc {before[0].uploaded_at:%d/%m/%Y} (lần nhập {before[0].id});"
            " không nhập lại lần nữa.",
            en=f"This very file was uploaded before as import {before[0].id}; nothing is done twice.",
            because="conflict",
            pointer="/file",
        )
