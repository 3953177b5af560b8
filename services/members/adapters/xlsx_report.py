"""Writes a table as a workbook. Nothing a stranger wrote becomes a formula in it."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Sequence
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font

_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def write_report(title: str, table: Iterable[Sequence[str | int | float | None]]) -> bytes:
    """An .xlsx with the first line as a heading. `title` names the sheet (31 characters at most)."""
    book = Workbook(write_only=True)
    sheet: Any = book.create_sheet(title[:31])
    sheet.freeze_panes = "A2"
    for number, line in enumerate(table):
        sheet.append([_cell(sheet, value, bold=number == 0) for value in line])
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def _cell(sheet: Any, value: str | int | float | None, *, bold: bool) -> Any:
    text = _CONTROLS.sub("", value)[:32_000] if isinstance(value, str) else value
    cell = WriteOnlyCell(sheet, text)
    if isinstance(text, str):
        cell.data_type = "s"  # openpyxl takes a text that begins with “=” for a formula
    if bold:
        cell.font = Font(bold=True)
    return cell
