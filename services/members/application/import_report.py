"""The report of an import: each row as it was written, what was made of it and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from members.domain.import_columns import Field
from members.domain.notes import NOTES, VERDICTS_VI
from members.domain.people_import import Choice, ImportRow, RowState

HEADINGS = {
    Field.NAME: "Họ và tên",
    Field.FAMILY_NAME: "Họ đệm",
    Field.GIVEN_NAME: "Tên",
    Field.BIRTH: "Ngày sinh",
    Field.SEX: "Giới tính",
    Field.PHONE: "Điện thoại",
    Field.EMAIL: "Thư điện tử",
    Field.BRANCH: "Chi đoàn",
    Field.KIND: "Đối tượng",
    Field.POST: "Chức vụ",
    Field.NOTE: "Ghi chú",
}
STATES_VI = {
    RowState.OPEN: "Chờ xem lại",
    RowState.READY: "Chờ nhập",
    RowState.OUT: "Không nhập",
    RowState.DONE: "Đã nhập",
}
_OUTCOMES_VI = {"created": "Thêm mới", "changed": "Bổ sung người đã có", "unchanged": "Đã có đủ"}


def report_table(rows: Iterable[ImportRow]) -> Iterator[Sequence[str | int | float | None]]:
    """The heading and a line for each row, in Vietnamese."""
    yield ["Trang", "Dòng", *HEADINGS.values(), "Kết luận", "Tình trạng", "Kết quả", "Giải thích"]
    for row in rows:
        cells = [row.cells[field.value].raw if field.value in row.cells else None for field in HEADINGS]
        outcome = _OUTCOMES_VI.get(row.outcome or "")
        yield [row.sheet, row.row, *cells, VERDICTS_VI[row.verdict], STATES_VI[row.state], outcome, explained(row)]


def explained(row: ImportRow) -> str:
    """Every remark in one sentence."""
    codes = [*(code for cell in row.cells.values() for code in cell.notes), *row.notes]
    said = [NOTES[code].vi for code in codes]
    if row.match_number is not None:
        said.append(f"xem dòng {row.match_number}")
    elif row.match_person is not None:
        said.append("đã có trong hệ thống")
    if row.choice is Choice.LEAVE_OUT:
        said.append("cán bộ chọn không nhập")
    return "; ".join(said)
