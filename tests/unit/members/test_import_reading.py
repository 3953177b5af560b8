"""How a sheet is understood: headings, rows that are people, branches by whatever they are called."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from members.domain.import_branches import branch_key, index_branches
from members.domain.import_cells import Setting, read_cells
from members.domain.import_columns import Field, field_of, find_header
from members.domain.import_layout import read_sheet
from members.domain.notes import NOTES, VERDICTS_VI, Verdict
from members.domain.person import Standing

BRANCHES = index_branches([("Chi đoàn thôn Trung Hạ", "b1"), ("Chi đoàn thôn Đại Bình", "b2"), ("20656-01", "b1")])
SETTING = Setting(date(2026, 11, 20), BRANCHES, None, Standing.MEMBER)


@pytest.mark.parametrize(
    ("label", "meaning"),
    [
        ("Họ và tên", Field.NAME),
        ("HỌ TÊN ĐOÀN VIÊN", Field.NAME),
        ("Ngày, tháng, năm sinh", Field.BIRTH),
        ("Số\nđiện thoại", Field.PHONE),
        ("SĐT liên hệ (Zalo)", Field.PHONE),
        ("Sinh hoạt tại chi đoàn", Field.BRANCH),
        ("Đoàn viên/Thanh niên", Field.KIND),
        ("Ngày vào Đoàn", Field.ADMITTED),
        ("Nơi sinh", None),
        ("Họ và tên cha", None),
        ("SĐT người thân", None),
        ("Dân tộc", None),
        (None, None),
        (2004, None),
    ],
)
def test_headings_are_recognised_by_what_they_say(label: Any, meaning: Field | None) -> None:
    assert field_of(label) is meaning


def test_a_sheet_without_a_heading_of_people_is_none() -> None:
    assert find_header([("Khoản chi", "Số tiền"), ("Nước", 5)]) is None
    assert read_sheet("Kinh phí", [], BRANCHES) is None


def test_a_heading_repeated_after_a_page_break_is_no_person() -> None:
    heading = ("STT", "Họ và tên", "Ngày sinh")
    sheet = read_sheet("x", [heading, (1, "Nguyễn Thị Hòa", "2004"), heading, (2, "Trần Văn Bình", "2003")], BRANCHES)
    assert sheet is not None
    assert ([line.number for line in sheet.people], sheet.ignored_rows) == ([2, 4], (3,))


def test_two_telephone_columns_are_one_cell() -> None:
    lines = [("Họ và tên", "Di động", "Số ĐT nhà"), ("Nguyễn Thị Hòa", "0912345678", "02353650236")]
    sheet = read_sheet("x", lines, BRANCHES)
    assert sheet is not None
    values, _ = read_cells(sheet.people[0].cells, SETTING)
    assert (values.phone, values.other_phones) == ("+84912345678", ("+842353650236",))


@pytest.mark.parametrize(
    "written", ["Trung Hạ", "thôn TRUNG HẠ", "CĐ Trung Hạ", "Chi đoàn  thôn Trung Hạ ", "20656-01"]
)
def test_branches_are_found_by_whatever_they_are_called(written: str) -> None:
    assert BRANCHES.found(written) == ("b1",)


def test_a_name_that_two_branches_have_leads_to_both() -> None:
    both = index_branches([("Chi đoàn thôn 1", "b1"), ("Chi đoàn khu phố 1", "b2")])
    assert both.found("thôn 1") == ("b1", "b2")
    assert branch_key("Chi đoàn") == "chi doan", "a name that is nothing but a kind stays as it is"


@pytest.mark.parametrize(
    ("written", "away"), [("Đi làm xa, Tết mới về", True), ("Học ĐH ở Huế", True), ("Bán tạp hóa", False)]
)
def test_notes_tell_who_is_away(written: str, away: bool) -> None:
    values, _ = read_cells({Field.NAME: "Nguyễn Thị Hòa", Field.NOTE: written}, SETTING)
    assert values.works_away is away


def test_every_verdict_and_remark_has_its_sentence() -> None:
    assert set(VERDICTS_VI) == set(Verdict)
    assert all(note.vi and note.en for note in NOTES.values())


CELLS = st.one_of(st.none(), st.text(max_size=20), st.integers(), st.floats(allow_nan=False), st.just("Họ và tên"))


@given(st.lists(st.lists(CELLS, max_size=6).map(tuple), max_size=12))
def test_no_sheet_breaks_the_reader_and_no_row_is_lost(lines: list[tuple[Any, ...]]) -> None:
    sheet = read_sheet("x", [("STT", "Họ và tên", "Ngày sinh", "SĐT", "Thôn"), *lines], BRANCHES)
    assert sheet is not None
    seen = [line.number for line in sheet.people] + list(sheet.ignored_rows)
    header = range(sheet.header.row, sheet.header.last_row + 1)
    assert sorted({*seen, *header}) == list(range(1, len(lines) + 2))
    for line in sheet.people:
        _, cells = read_cells(line.cells, SETTING)
        assert all(code in NOTES for cell in cells.values() for code in cell.notes)
