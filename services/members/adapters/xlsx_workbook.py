"""Reads an officer's workbook with openpyxl, after checks that keep a hostile or broken file from doing harm."""

from __future__ import annotations

import io
import warnings
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any, Final, NoReturn

import openpyxl
from openpyxl.workbook import Workbook as OpenpyxlWorkbook

from chassis.failures import Refusal
from members.application.ports import Sheet
from members.domain.import_cells import EMPTY_FORMULA
from members.domain.import_columns import Line, Raw

MOST_BYTES: Final = 8 * 1024 * 1024
MOST_UNPACKED: Final = 160 * 1024 * 1024
MOST_RATIO: Final = 150
"""Unpacked to packed size of one part from 1 MiB on: sheets of a member list come to 10–40."""
MOST_PARTS: Final = 2_000
MOST_COLUMNS: Final = 80
MOST_LINES: Final = 200_000
"""Rows with or without content, over all sheets: what is looked at before the limit of people is applied."""

_OLE = bytes.fromhex("d0cf11e0a1b11ae1")
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")


def read_workbook(content: bytes) -> list[Sheet]:
    """The visible sheets with their cells. Raises Refusal (422) on everything that is not a plain, whole workbook."""
    _check_outside(content)
    with_formulas = _check_parts(content)
    try:
        return _sheets(content, with_formulas)
    except Refusal:
        raise
    except Exception as error:  # openpyxl raises whatever its parser met: a broken file is the sender's to mend
        raise _unreadable() from error


def _check_outside(content: bytes) -> None:
    if not content:
        _refuse("file-empty", "Tệp rỗng.", "The file is empty.")
    if len(content) > MOST_BYTES:
        _refuse(
            "file-too-large",
            f"Tệp lớn hơn {MOST_BYTES // 1024 // 1024} MB; hãy chia nhỏ danh sách.",
            f"The file is larger than {MOST_BYTES // 1024 // 1024} MB; split the list.",
        )
    if content.startswith(_OLE):
        if _ENCRYPTED in content:
            _refuse("file-encrypted", "Tệp có mật khẩu; hãy bỏ mật khẩu rồi gửi lại.", "The file is encrypted.")
        _refuse(
            "file-old-format",
            "Tệp Excel kiểu cũ (.xls); hãy lưu lại thành .xlsx.",
            "An old .xls file; save it as .xlsx.",
        )
    if not content.startswith(b"PK"):
        _refuse("file-not-xlsx", "Tệp không phải là Excel (.xlsx).", "The file is not an Excel workbook (.xlsx).")


def _check_parts(content: bytes) -> bool:
    """Whether a sheet has formulas. Declared sizes can be trusted: zipfile reads no further than they say."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
            _check_sizes(parts)
            names = {part.filename for part in parts}
            if any(name.lower().endswith(("vbaproject.bin", ".xlm")) or "macrosheets/" in name for name in names):
                _refuse(
                    "file-macros", "Tệp có macro; hãy lưu lại thành .xlsx.", "The file has macros; save it as .xlsx."
                )
            if "[Content_Types].xml" not in names or not any(name.startswith("xl/") for name in names):
                _refuse("file-not-xlsx", "Tệp không phải là Excel (.xlsx).", "The file is not an Excel workbook.")
            return any(
                _contains(archive, part, (b"<f>", b"<f "))
                for part in parts
                if part.filename.startswith("xl/worksheets/") and part.filename.endswith(".xml")
            )
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, ValueError) as error:
        raise _unreadable() from error


def _check_sizes(parts: list[zipfile.ZipInfo]) -> None:
    total = sum(part.file_size for part in parts)
    steep = any(
        part.file_size > 1024 * 1024 and part.file_size > MOST_RATIO * max(part.compress_size, 1) for part in parts
    )
    if total > MOST_UNPACKED or steep or len(parts) > MOST_PARTS:
        _refuse(
            "file-unpacks-too-large",
            "Tệp giải nén ra quá lớn; hãy chép danh sách sang một tệp Excel mới.",
            "The file unpacks to too much; copy the list into a new workbook.",
        )


def _contains(archive: zipfile.ZipFile, part: zipfile.ZipInfo, wanted: tuple[bytes, ...]) -> bool:
    """Also proves that the part can be unpacked to its end: a truncated file fails here."""
    found, tail = False, b""
    with archive.open(part) as stream:
        while block := stream.read(1 << 16):
            found = found or any(sign in tail + block for sign in wanted)
            tail = block[-3:]
    return found


def _sheets(content: bytes, with_formulas: bool) -> list[Sheet]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # openpyxl remarks on styles and extensions that an import has no use for
        values = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        formulas = openpyxl.load_workbook(io.BytesIO(content), read_only=True) if with_formulas else None
        try:
            read = [
                Sheet(title=str(sheet.title), lines=list(_lines(values, formulas, sheet.title)))
                for sheet in values.worksheets
                if sheet.sheet_state == "visible"
            ]
        finally:
            values.close()
            if formulas is not None:
                formulas.close()
    if sum(len(sheet.lines) for sheet in read) > MOST_LINES:
        _too_many()
    return read


def _lines(values: OpenpyxlWorkbook, formulas: OpenpyxlWorkbook | None, title: str) -> Iterator[Line]:
    """The rows of a sheet down to the last one with content."""
    shadow = _rows(formulas, title) if formulas is not None else None
    blank = 0
    for number, row in enumerate(_rows(values, title)):
        if number > MOST_LINES:
            _too_many()
        written = next(shadow, ()) if shadow is not None else ()
        line = tuple(_cell(cell, written[i] if i < len(written) else None) for i, cell in enumerate(row))
        if not any(cell is not None for cell in line):
            blank += 1
            continue
        for _ in range(blank):
            yield ()
        blank = 0
        yield line


def _rows(book: OpenpyxlWorkbook, title: str) -> Iterator[tuple[Any, ...]]:
    sheet: Any = book[title]
    sheet.reset_dimensions()  # what a file says of its own size is often wrong
    yield from sheet.iter_rows(max_col=MOST_COLUMNS, values_only=True)


def _cell(value: Any, formula: Any) -> Raw | None:
    if value is None:
        return EMPTY_FORMULA if isinstance(formula, str) and formula.startswith("=") else None
    if isinstance(value, (date, time)):
        return (value.date() if isinstance(value, datetime) else value).isoformat()
    if isinstance(value, bool):
        return "x" if value else None
    if isinstance(value, (int, float)):
        return value if abs(value) < 1e15 else f"{value:.0f}"
    text = str(value)[:2_000]
    return text if text.strip() else None


def _too_many() -> NoReturn:
    _refuse("file-too-many-rows", "Bảng có quá nhiều dòng; hãy chia nhỏ danh sách.", "The sheets have too many rows.")


def _refuse(code: str, vi: str, en: str) -> NoReturn:
    raise Refusal(code, vi=vi, en=en, pointer="/file")


def _unreadable() -> Refusal:
    return Refusal(
        "file-unreadable",
        vi="Không mở được tệp: tệp hỏng hoặc tải lên thiếu. Hãy mở bằng Excel, lưu lại thành .xlsx rồi gửi lại.",
        en="The file can't be opened: it is damaged or incomplete. Open it in Excel, save it as .xlsx, send it again.",
        pointer="/file",
    )
