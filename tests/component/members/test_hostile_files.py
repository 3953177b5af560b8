"""Files that are no plain, whole workbook: a clear refusal each, and nothing lost or left behind."""

from __future__ import annotations

import io
import zipfile

import pytest

from members.application.collections import IMPORT_FILES, IMPORT_ROWS, IMPORTS
from tests.component.members.workbooks import HEADING, people, with_part, workbook
from tests.component.members.world import World, made, refused

HOA = ("Nguyễn Thị Hòa", "12/03/2004", "0590100101", "Trung Hạ", "Đoàn viên")
PLAIN = people(HOA)
OLE = bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 600
DOCTYPE = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><sst>&b;</sst>'


def _renamed() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("thu.docx", "không phải Excel")
    return made.getvalue()


HOSTILE = {
    "empty": (b"", "file-empty"),
    "text": ("họ tên;ngày sinh".encode(), "file-not-xlsx"),
    "another zip": (_renamed(), "file-not-xlsx"),
    "old .xls": (OLE, "file-old-format"),
    "encrypted": (OLE + "EncryptedPackage".encode("utf-16-le"), "file-encrypted"),
    "truncated": (PLAIN[: len(PLAIN) // 2], "file-unreadable"),
    "cut at the end": (PLAIN[:-30], "file-unreadable"),
    "macros": (with_part(PLAIN, "xl/vbaProject.bin", b"x"), "file-macros"),
    "zip bomb": (with_part(PLAIN, "xl/media/big.xml", b"\0" * 30_000_000), "file-unpacks-too-large"),
    "entities": (with_part(PLAIN, "xl/sharedStrings.xml", DOCTYPE), "file-unreadable"),
    "broken sheet": (with_part(PLAIN, "xl/worksheets/sheet1.xml", b"<worksheet><sheetData><row"), "file-unreadable"),
    "no heading": (workbook([("Kính gửi các đồng chí",), ("Nông Sơn",)]), "no-member-list"),
    "a budget": (workbook([("Khoản chi", "Số tiền"), ("Nước uống", 200_000)]), "no-member-list"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_it_is_refused_clearly_and_leaves_nothing(world: World, name: str) -> None:
    commune = world.unit("commune", "Đoàn xã Nông Sơn")
    content, code = HOSTILE[name]
    answer = world.upload(world.admin, commune, content)
    assert refused(answer) == (422, code)
    assert answer.json["detail"].endswith(".")
    assert [
        world.store.count(IMPORTS, {}),
        world.store.count(IMPORT_FILES, {}),
        world.store.count(IMPORT_ROWS, {}),
    ] == [0] * 3


def test_a_file_over_the_limit_is_refused_before_it_is_read(world: World) -> None:
    commune = world.unit("commune", "Đoàn xã Nông Sơn")
    assert refused(world.upload(world.admin, commune, b"PK" + b"\0" * 9_500_000))[0] == 413
    assert refused(world.upload(world.admin, commune, b"PK" + b"\0" * 8_500_000)) == (422, "file-too-large")


def test_text_instead_of_a_file_is_refused(world: World) -> None:
    commune = world.unit("commune", "Đoàn xã Nông Sơn")
    answer = world.admin.post("/v1/imports", data={"unit_id": commune, "file": "danh sách"})
    assert refused(answer) == (422, "file-missing")


def test_formulas_without_values_are_shown_to_a_person(world: World) -> None:
    commune = world.unit("commune", "Đoàn xã Nông Sơn")
    world.unit("branch", "Chi đoàn thôn Trung Hạ", commune)
    content = workbook([HEADING, (1, HOA[0], "=A1", *HOA[2:])], formulas=True)
    content = with_part(content, "xl/worksheets/sheet1.xml", _without_values(content))
    found = made(world.upload(world.admin, commune, content))
    (row,) = world.admin.get(f"/v1/imports/{found['id']}/rows").json["items"]
    assert (row["verdict"], row["cells"]["birth"]["notes"][0]["code"]) == ("review", "formula-empty")


def _without_values(content: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return archive.read("xl/worksheets/sheet1.xml").replace(b"<f>A1</f><v>0</v>", b"<f>A1</f>")


def test_hidden_sheets_are_left_alone(world: World) -> None:
    import openpyxl

    commune = world.unit("commune", "Đoàn xã Nông Sơn")
    world.unit("branch", "Chi đoàn thôn Trung Hạ", commune)
    book = openpyxl.load_workbook(
        io.BytesIO(workbook([HEADING, (1, *HOA)], more={"Cu": [HEADING, (1, "Trần Văn Cũ", *HOA[1:])]}))
    )
    book["Cu"].sheet_state = "hidden"
    written = io.BytesIO()
    book.save(written)
    found = made(world.upload(world.admin, commune, written.getvalue()))
    assert [sheet["title"] for sheet in found["sheets"]] == ["Danh sách"]


def test_a_cell_at_the_far_end_of_the_sheet_costs_nothing(world: World) -> None:
    commune = world.unit("commune", "Đoàn xã Nông Sơn")
    world.unit("branch", "Chi đoàn thôn Trung Hạ", commune)
    rows: list[tuple[object, ...]] = [HEADING, (1, *HOA), *[()] * 150_000, (None, None, "x")]
    found = made(world.upload(world.admin, commune, workbook(rows)))
    assert found["rows"] == 1
