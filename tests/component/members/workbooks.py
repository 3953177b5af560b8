"""Workbooks as officers (and worse people) send them, made in memory."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import xlsxwriter

Rows = Sequence[Sequence[Any]]
HEADING = ("STT", "Họ và tên", "Ngày sinh", "SĐT", "Chi đoàn", "Đối tượng")


def workbook(
    rows: Rows, *, sheet: str = "Danh sách", formulas: bool = False, more: Mapping[str, Rows] | None = None
) -> bytes:
    """A workbook with one sheet, and `more` by their titles. Texts stay texts unless `formulas`."""
    written = io.BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": formulas,
        "strings_to_numbers": False,
        "strings_to_urls": False,
    }
    with xlsxwriter.Workbook(written, options) as book:
        day = book.add_format({"num_format": "dd/mm/yyyy"})
        for title, lines in {sheet: rows, **(more or {})}.items():
            page = book.add_worksheet(title)
            for row, line in enumerate(lines):
                for column, cell in enumerate(line):
                    if isinstance(cell, date):
                        page.write_datetime(row, column, cell, day)
                    elif cell is not None:
                        page.write(row, column, cell)
    return written.getvalue()


def people(*rows: Sequence[Any]) -> bytes:
    """A list under the usual heading; rows are numbered."""
    return workbook([HEADING, *((number, *row) for number, row in enumerate(rows, start=1))])


def with_part(content: bytes, name: str, part: bytes) -> bytes:
    """The workbook with one more part, or one replaced."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            if info.filename != name:
                new.writestr(info, old.read(info))
        new.writestr(name, part)
    return made.getvalue()
