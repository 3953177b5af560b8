"""An import of people: a file, the stored preview of its rows, and what became of each.

States of an import:  previewed → confirmed → done, and previewed → discarded. Rows that were still open when it was
carried out stay; once a person has settled them, confirming again carries those out:  done → confirmed → done.
A person may stop one under way, and it stops by itself when it can't go on:  confirmed → stopped → confirmed.
"""

from __future__ import annotations

import uuid
from datetime import date, datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from chassis.failures import Refusal
from chassis.storage.documents import Document
from members.domain.import_cells import Cell, Values
from members.domain.notes import Verdict, gravest, verdict_of
from members.domain.person import Standing
from members.domain.spans import revised

MOST_ROWS = 20_000
MOST_SET_ASIDE = 20
"""Rows of one confirmation that may fail and be set aside; with more of them the fault is not the rows'."""
NOT_TAKEN_OVER = "not-taken-over"
"""The remark on a row that could not be taken over."""
_PEOPLE_OF_IMPORTS = uuid.UUID("5b6a3c1e-7f0d-5d1a-9a57-0f7c2c1f4f10")


class ImportState(StrEnum):
    PREVIEWED = "previewed"
    CONFIRMED = "confirmed"
    STOPPED = "stopped"
    DONE = "done"
    DISCARDED = "discarded"


class StopReason(StrEnum):
    """Why an import under way was stopped."""

    OFFICER = "officer"  # a person stopped it
    FAILING = "failing"  # it could not go on; those who run the system find the error in the log


class RowState(StrEnum):
    """Where a row stands: `open` waits for a person, `ready` is taken at the next carrying out, `out` is left out."""

    OPEN = "open"
    READY = "ready"
    OUT = "out"
    DONE = "done"


class Choice(StrEnum):
    """What a person decided about a row."""

    NEW = "new"  # take it as a person of its own, as far as it can be read
    MERGE = "merge"  # it is the person that was found
    LEAVE_OUT = "leave_out"


class SheetFound(BaseModel):
    """How a sheet was read: where its heading stands and what its columns were taken for."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    title: str
    header_row: int
    columns: dict[str, str]
    ignored_columns: tuple[str, ...] = ()
    ignored_rows: tuple[int, ...] = ()
    people: int


class PeopleImport(Document):
    """One upload and how far it has come."""

    unit_id: str
    unit_path: tuple[str, ...]
    file_name: str
    sha256: str
    size: int
    default_kind: Standing
    member_since: date
    """From when on those who are new belong to their branches."""
    state: ImportState = ImportState.PREVIEWED
    sheets: tuple[SheetFound, ...]
    skipped_sheets: tuple[str, ...] = ()
    verdicts: dict[str, int]
    """Rows by verdict, as first read."""
    rows: int
    created: int = 0
    changed: int = 0
    left_out: int = 0
    set_aside: int = 0
    """Rows that could not be taken over since the last confirmation and wait for a person."""
    stopped_because: StopReason | None = None
    uploaded_by: str | None = None
    uploaded_at: datetime
    confirmed_at: datetime | None = None
    finished_at: datetime | None = None
    active: bool = True
    """False once discarded: the same file may come again."""


class ImportFile(Document):
    """The workbook as it was uploaded; its id is the import's. Kept until `expires_at`."""

    content: bytes
    expires_at: datetime


class ImportRow(Document):
    """One person's row. Its id sorts as the file does; `row` is Excel's number in `sheet`."""

    import_id: str
    sheet: str
    row: int
    position: int
    cells: dict[str, Cell]
    values: Values
    notes: tuple[str, ...] = ()
    match_row: int | None = None
    """Position of the row of the same person, for (possible) duplicates within the file."""
    match_number: int | None = None
    """That row's number in Excel."""
    match_person: str | None = None
    choice: Choice | None = None
    verdict: Verdict
    state: RowState
    outcome: str | None = None
    """`created`, `changed` or `unchanged`, once done."""
    person_id: str | None = None
    """Whom the row became."""
    expires_at: datetime


def row_id(import_id: str, position: int) -> str:
    return f"{import_id}:{position:06d}"


def person_id_of(import_id: str, position: int) -> str:
    """The id that a row's new person gets: always the same, so that a row carried out twice makes one person."""
    return str(uuid.uuid5(_PEOPLE_OF_IMPORTS, f"{import_id}:{position}"))


def judged(row: ImportRow) -> ImportRow:
    """The row with the verdict and state that its cells, its match and a person's choice lead to."""
    verdict = gravest([verdict_of(row.notes), *(cell.verdict for cell in row.cells.values())])
    return row.model_copy(update={"verdict": verdict, "state": _state(row, verdict)})


def target_of(row: ImportRow) -> str:
    """The id of the person that a ready row becomes or is merged into."""
    merging = row.choice is Choice.MERGE or (row.choice is None and row.verdict is Verdict.DUPLICATE)
    if merging and row.match_person is not None:
        return row.match_person
    if merging and row.match_row is not None:
        return person_id_of(row.import_id, row.match_row)
    return person_id_of(row.import_id, row.position)


def chosen(row: ImportRow, choice: Choice) -> ImportRow:
    """The row with a person's choice. Raises Refusal when the choice has nothing to work on."""
    if choice is Choice.MERGE and row.match_person is None and row.match_row is None:
        raise Refusal(
            "nothing-to-merge-with",
            vi="Không có ai để gộp dòng này vào.",
            en="There is nobody that this row could be merged with.",
            pointer="/choice",
        )
    if choice is not Choice.LEAVE_OUT and (row.values.full_name is None or row.values.unit_id is None):
        raise Refusal(
            "row-incomplete",
            vi="Dòng này còn thiếu họ tên hoặc chi đoàn; hãy điền trước khi nhận.",
            en="The row lacks a name or a branch; fill it in before taking it.",
            pointer="/choice",
        )
    return judged(row.model_copy(update={"choice": choice, "notes": _other_notes(row)}))


def set_aside(row: ImportRow) -> ImportRow:
    """The row, which could not be taken over, among those that a person must look at (cần xem lại)."""
    return judged(revised(row, choice=None, notes=(*_other_notes(row), NOT_TAKEN_OVER)))


def confirmed(found: PeopleImport, now: datetime) -> PeopleImport:
    """The import on its way. Raises Refusal when it was discarded or is on its way already."""
    if found.state is ImportState.DISCARDED:
        raise Refusal(
            "import-discarded",
            vi="Lần nhập này đã bị hủy.",
            en="This import was discarded.",
            because="conflict",
        )
    if found.state is ImportState.CONFIRMED:
        raise Refusal(
            "import-under-way",
            vi="Lần nhập này đang được thực hiện.",
            en="This import is being carried out.",
            because="conflict",
        )
    return revised(found, state=ImportState.CONFIRMED, confirmed_at=now, set_aside=0, stopped_because=None)


def stopped(found: PeopleImport, because: StopReason) -> PeopleImport:
    """The import halted: what was taken over stays, the rest waits until it is confirmed again.

    Raises Refusal when it is not under way.
    """
    if found.state is not ImportState.CONFIRMED:
        raise Refusal(
            "import-not-under-way",
            vi="Lần nhập này không đang được thực hiện nên không có gì để dừng.",
            en="This import is not being carried out: there is nothing to stop.",
            because="conflict",
        )
    return revised(found, state=ImportState.STOPPED, stopped_because=because)


def discarded(found: PeopleImport) -> PeopleImport:
    """The import put aside. Raises Refusal once it was confirmed: what was taken over is not taken back this way."""
    if found.state is not ImportState.PREVIEWED:
        raise Refusal(
            "import-not-discardable",
            vi="Chỉ hủy được lần nhập chưa xác nhận.",
            en="Only an import that was not confirmed can be discarded.",
            because="conflict",
        )
    return revised(found, state=ImportState.DISCARDED, active=False)


def _state(row: ImportRow, verdict: Verdict) -> RowState:
    if row.choice is Choice.LEAVE_OUT:
        return RowState.OUT
    if row.choice is None and NOT_TAKEN_OVER in row.notes:
        return RowState.OPEN
    if row.choice is not None or verdict in (Verdict.OK, Verdict.FIXED, Verdict.DUPLICATE):
        return RowState.READY if row.values.full_name and row.values.unit_id else RowState.OPEN
    return RowState.OUT if verdict is Verdict.REJECTED else RowState.OPEN


def _other_notes(row: ImportRow) -> tuple[str, ...]:
    """Its remarks without the one of an earlier try."""
    return tuple(note for note in row.notes if note != NOT_TAKEN_OVER)
