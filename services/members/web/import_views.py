"""Imports as requests and answers say them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Self

from flask_openapi3.models.file import FileStorage
from pydantic import BaseModel, ConfigDict, Field
from werkzeug.datastructures import FileStorage as Uploaded

from chassis.failures import Refusal
from chassis.web.identifiers import Id
from members.application.correct_import_row import RowCorrection
from members.application.import_report import explained
from members.application.preview_import import Upload
from members.domain.import_cells import Cell
from members.domain.import_columns import Field as Column
from members.domain.import_columns import Raw
from members.domain.notes import NOTES, Verdict
from members.domain.people_import import (
    Choice,
    ImportRow,
    ImportState,
    PeopleImport,
    RowState,
    SheetFound,
    StopReason,
)
from members.domain.person import Sex, Standing
from members.web.parts import ACCOUNT, BRANCH, COMMUNE, IMPORT, Body, Day, said


class UploadForm(BaseModel):
    """A member list. `kind` and `member_since` hold for those of whom the list does not say otherwise."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    unit_id: Id = Field(description="The commune whose branches the list names, or one branch")
    file: FileStorage = Field(description="An Excel workbook (.xlsx), 8 MB and 20,000 people at most")
    kind: Standing = Field(default=Standing.MEMBER, description="`member` or `youth`, where no column says")
    member_since: Day | None = Field(default=None, description="From when on new people belong; today without it")

    def upload(self) -> Upload:
        """What was sent. Raises Refusal when `file` is text and not a file."""
        if not isinstance(self.file, Uploaded):
            raise Refusal(
                "file-missing",
                vi="Thiếu tệp Excel.",
                en="The Excel file is missing: send it as a file.",
                pointer="/file",
            )
        return Upload(
            unit_id=self.unit_id,
            file_name=self.file.filename or "",
            content=self.file.stream.read(),
            kind=self.kind,
            member_since=self.member_since,
        )


class SheetView(BaseModel):
    """How a sheet was read."""

    title: str
    header_row: int = Field(description="Excel's number of the heading row")
    columns: dict[str, str] = Field(description="Meaning → the heading that was taken for it")
    ignored_columns: list[str] = Field(description="Headings that mean nothing here")
    ignored_rows: list[int] = Field(description="Rows that are no people: titles, blank rows, totals, signatures")
    people: int

    @classmethod
    def of(cls, sheet: SheetFound) -> Self:
        return cls(**sheet.model_dump())


class ImportView(BaseModel):
    """An upload and how far it has come. `state`: previewed → confirmed → done, or discarded.

    `stopped` is one that was halted on its way, by an officer or because it kept failing: confirming it again goes on.
    """

    id: Id
    version: int
    unit_id: str
    file_name: str
    sha256: str
    size: int
    state: ImportState
    member_since: date
    sheets: list[SheetView]
    skipped_sheets: list[str]
    rows: int
    verdicts: dict[str, int] = Field(description="Rows by verdict, as first read")
    created: int
    changed: int
    left_out: int
    set_aside: int = Field(default=0, description="Rows that could not be taken over and wait for a person")
    stopped_because: StopReason | None = Field(
        default=None, description="`officer`: somebody stopped it; `failing`: it could not go on"
    )
    uploaded_by: str | None
    uploaded_at: datetime
    confirmed_at: datetime | None
    finished_at: datetime | None
    waiting: int | None = Field(default=None, description="Rows that a person must settle (cần xem lại), where counted")

    @classmethod
    def of(cls, found: PeopleImport, waiting: int | None = None) -> Self:
        return cls(
            **found.model_dump(include=set(cls.model_fields) - {"sheets"}),
            sheets=[SheetView.of(sheet) for sheet in found.sheets],
            waiting=waiting,
        )


class NoteView(BaseModel):
    """A remark: a stable code, and its sentence in the language asked for."""

    code: str
    text: str

    @classmethod
    def of(cls, code: str) -> Self:
        note = NOTES[code]
        return cls(code=code, text=said(note.vi, note.en))


class CellView(BaseModel):
    """A cell as it was written, and what there is to say about it."""

    raw: Raw | None
    verdict: Verdict
    notes: list[NoteView]

    @classmethod
    def of(cls, cell: Cell) -> Self:
        return cls(raw=cell.raw, verdict=cell.verdict, notes=[NoteView.of(code) for code in cell.notes])


class ValuesView(BaseModel):
    """The person that the row was read as."""

    full_name: str | None = None
    birth_date: date | None = None
    birth_year: int | None = None
    sex: Sex | None = None
    phone: str | None = None
    other_phones: list[str] = Field(default_factory=list)
    email: str | None = None
    unit_id: str | None = None
    kind: Standing | None = None
    admitted: date | None = None
    works_away: bool = False


class RowView(BaseModel):
    """A row with its verdict: `ok`, `fixed`, `review` (a person must decide), `duplicate`, `rejected`.

    `state`: `ready` is taken over when the import is confirmed, `open` waits for a person, `out` is left out, `done`.
    """

    position: int = Field(description="Its place in the import; the address of the row")
    version: int
    sheet: str
    row: int = Field(description="Excel's row number")
    verdict: Verdict
    state: RowState
    choice: Choice | None
    cells: dict[str, CellView]
    values: ValuesView
    notes: list[NoteView]
    duplicate_of_row: int | None = Field(description="Excel's number of the earlier row of the same person")
    duplicate_of_position: int | None
    duplicate_of_person: str | None = Field(description="The person registered already")
    explanation: str = Field(description="All remarks in one Vietnamese sentence, as in the report")
    outcome: str | None = Field(description="`created`, `changed` or `unchanged`, once done")
    person_id: str | None

    @classmethod
    def of(cls, row: ImportRow) -> Self:
        return cls(
            position=row.position,
            version=row.version,
            sheet=row.sheet,
            row=row.row,
            verdict=row.verdict,
            state=row.state,
            choice=row.choice,
            cells={name: CellView.of(cell) for name, cell in row.cells.items()},
            values=ValuesView(**row.values.model_dump()),
            notes=[NoteView.of(code) for code in row.notes],
            duplicate_of_row=row.match_number,
            duplicate_of_position=row.match_row,
            duplicate_of_person=row.match_person,
            explanation=explained(row),
            outcome=row.outcome,
            person_id=row.person_id,
        )


class RowBody(Body):
    """Cells written anew by their meaning (null empties one), a choice, or both."""

    cells: dict[Column, Annotated[str, Field(max_length=500)] | None] = Field(default_factory=dict, max_length=20)
    choice: Choice | None = Field(
        default=None,
        description="`new`: take the row as a person of its own, as far as it can be read; `merge`: it is the person "
        "found; `leave_out`",
    )

    def correction(self) -> RowCorrection:
        return RowCorrection(cells=self.cells, choice=self.choice)


IMPORT_EXAMPLE = ImportView(
    id=IMPORT,
    version=1,
    unit_id=COMMUNE,
    file_name="nong-son-trung-phuoc.xlsx",
    sha256="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    size=15774,
    state=ImportState.PREVIEWED,
    member_since=date(2025, 7, 1),
    sheets=[
        SheetView(
            title="Danh sách",
            header_row=6,
            columns={"name": "Họ và tên", "birth": "Ngày sinh", "phone": "SĐT", "branch": "Thôn"},
            ignored_columns=["Dân tộc"],
            ignored_rows=[1, 2, 3, 4, 5],
            people=162,
        )
    ],
    skipped_sheets=[],
    rows=162,
    verdicts={"ok": 90, "fixed": 60, "review": 7, "duplicate": 3, "rejected": 2},
    created=0,
    changed=0,
    left_out=0,
    uploaded_by=ACCOUNT,
    uploaded_at=datetime.fromisoformat("2026-11-20T02:00:00Z"),
    confirmed_at=None,
    finished_at=None,
    waiting=7,
)
ROW_EXAMPLE = RowView(
    position=12,
    version=1,
    sheet="Danh sách",
    row=18,
    verdict=Verdict.FIXED,
    state=RowState.READY,
    choice=None,
    cells={
        "name": CellView(raw="NGUYỄN THỊ HÒA", verdict=Verdict.FIXED, notes=[]),
        "phone": CellView(
            raw="0120.100.0101",
            verdict=Verdict.FIXED,
            notes=[NoteView(code="phone-migrated", text="Số 11 chữ số cũ, đã đổi sang đầu số mới")],
        ),
    },
    values=ValuesView(
        full_name="Nguyễn Thị Hòa",
        birth_date=date(2004, 3, 12),
        birth_year=2004,
        sex=Sex.FEMALE,
        phone="+84701000101",
        unit_id=BRANCH,
        kind=Standing.MEMBER,
    ),
    notes=[],
    duplicate_of_row=None,
    duplicate_of_position=None,
    duplicate_of_person=None,
    explanation="Số 11 chữ số cũ, đã đổi sang đầu số mới",
    outcome=None,
    person_id=None,
)
