"""The member lists: the same each time, with every slip that officers' lists have, and a true key to them."""

import json
import unicodedata
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import openpyxl
import phonenumbers
import pytest
from phonenumbers import PhoneNumberType

from deploy.local.district.district import District
from deploy.local.district.layouts import LAYOUTS, Column
from deploy.local.district.member_lists import STATEMENT, MemberList, expectations, member_lists, write_member_lists
from deploy.local.district.offices import load_district
from deploy.local.district.slips import Cell
from deploy.local.district.spelling import ascii_folded
from deploy.local.district.verdicts import ExpectedRow, Finding, Verdict


@pytest.fixture(scope="module")
def district() -> District:
    return load_district()


@pytest.fixture(scope="module")
def lists(district: District) -> tuple[MemberList, ...]:
    return member_lists(district)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("lists")
    write_member_lists(directory)
    return directory


def _cell(item: MemberList, row: int, column: Column) -> Cell:
    layout = next(layout for layout in LAYOUTS if layout.file_name == item.file_name)
    position = [name for name, _ in layout.headings].index(column)
    return item.rows[row - 1][position]


def _found(lists: tuple[MemberList, ...], finding: Finding) -> Iterator[tuple[MemberList, ExpectedRow]]:
    for item in lists:
        for row in item.expectation.rows:
            if finding in row.findings:
                yield item, row


def test_writing_twice_gives_the_same_bytes(written: Path, tmp_path: Path) -> None:
    for path in write_member_lists(tmp_path):
        assert path.read_bytes() == (written / path.name).read_bytes()


def test_another_seed_gives_other_people() -> None:
    assert member_lists(load_district(7), 7) != member_lists(load_district())


def test_the_files_hold_the_cells_that_the_key_speaks_of(written: Path, lists: tuple[MemberList, ...]) -> None:
    for item in lists:
        sheet = openpyxl.load_workbook(written / item.file_name)[item.sheet]
        read = [[_plain(cell.value) for cell in row] for row in sheet.iter_rows()]
        assert [list(row) for row in item.rows] == read
        assert len(sheet.merged_cells.ranges) == len(item.merged) >= 2


def _plain(value: object) -> object:
    return value.date() if isinstance(value, datetime) else value


def test_the_key_is_written_beside_them(written: Path, lists: tuple[MemberList, ...]) -> None:
    key = json.loads((written / "expected.json").read_text(encoding="utf-8"))
    assert key == json.loads(json.dumps(expectations(lists)))
    assert key["statement"] == STATEMENT
    assert "invented" in STATEMENT


def test_each_person_of_the_district_stands_in_one_list_once(district: District, lists: tuple[MemberList, ...]) -> None:
    first_mentions = Counter(
        row.person_key for item in lists for row in item.expectation.rows if row.person_key and row.duplicate_of is None
    )
    assert first_mentions == {person.key: 1 for person in district.people}


def test_counts_per_verdict(lists: tuple[MemberList, ...]) -> None:
    total: Counter[str] = Counter()
    for item in lists:
        counts = item.expectation.counts
        assert counts == Counter(str(row.verdict) for row in item.expectation.rows)
        assert (counts["duplicate"], counts["rejected"], counts["review"]) == (3, 2, 7)
        total.update(counts)
    assert total["ok"] + total["fixed"] == 580
    assert total.total() == 628


def test_every_row_is_somebody_or_is_to_be_ignored(lists: tuple[MemberList, ...]) -> None:
    for item in lists:
        key = item.expectation
        rows = [row.row for row in key.rows]
        assert sorted([*rows, *key.ignored_rows, key.header_row]) == list(range(1, len(item.rows) + 1))
        assert rows == sorted(rows)
        assert all(row.duplicate_of is None or row.duplicate_of < row.row for row in key.rows)


@pytest.mark.parametrize("finding", list(Finding))
def test_every_kind_of_slip_occurs(lists: tuple[MemberList, ...], finding: Finding) -> None:
    assert len(list(_found(lists, finding))) >= 3


def test_officers_rows_can_all_be_imported(district: District, lists: tuple[MemberList, ...]) -> None:
    officers = {post.person_key for post in district.posts}
    rows = [row for item in lists for row in item.expectation.rows if row.duplicate_of is None]
    for row in rows:
        if row.person_key in officers:
            assert row.verdict in (Verdict.OK, Verdict.FIXED)
            assert row.person.phone
            assert row.person.email


def test_headings_differ_from_list_to_list_and_one_has_them_decomposed(lists: tuple[MemberList, ...]) -> None:
    headings = [tuple(item.rows[item.expectation.header_row - 1]) for item in lists]
    assert len(set(headings)) == len(lists)
    decomposed = [row for row in headings if any(not unicodedata.is_normalized("NFC", str(h)) for h in row)]
    assert len(decomposed) == 1
    assert all(item.expectation.header_row > 2 for item in lists)


def test_titles_stand_above_and_total_and_signatures_below(lists: tuple[MemberList, ...]) -> None:
    for item in lists:
        texts = [str(cell) for row in item.rows for cell in row if cell]
        assert any("DANH SÁCH ĐOÀN VIÊN, THANH NIÊN" in text for text in texts)
        assert any("TM. BAN CHẤP HÀNH" in text for text in texts)
        last_person = item.expectation.rows[-1].row
        assert any("ộng" in str(cell) for row in item.rows[last_person:] for cell in row)


def test_names_come_decomposed_in_capitals_and_with_spaces(lists: tuple[MemberList, ...]) -> None:
    for item, row in _found(lists, Finding.NAME_COMPOSED):
        assert unicodedata.normalize("NFC", str(_cell(item, row.row, Column.NAME))) == row.person.full_name
    for item, row in _found(lists, Finding.NAME_CASE):
        assert str(_cell(item, row.row, Column.NAME)).isupper()
    for item, row in _found(lists, Finding.NAME_SPACES):
        name = str(_cell(item, row.row, Column.NAME))
        assert name != row.person.full_name == " ".join(name.split())


def test_numbers_from_before_2018_have_eleven_digits(lists: tuple[MemberList, ...]) -> None:
    old_forms = set()
    for item, row in _found(lists, Finding.PHONE_MIGRATED):
        digits = "".join(c for c in str(_cell(item, row.row, Column.PHONE)) if c.isdigit()).rjust(11, "0")
        old_forms.add(digits[:4])
        new = {"0120": "70", "0168": "38"}[digits[:4]]
        assert row.person.phone == f"+84{new}{digits[4:]}"
    assert old_forms == {"0120", "0168"}


def test_numbers_stored_as_numbers_have_lost_their_zero(lists: tuple[MemberList, ...]) -> None:
    for item, row in _found(lists, Finding.PHONE_ZERO_LOST):
        assert isinstance(_cell(item, row.row, Column.PHONE), int)


def test_every_phone_of_the_key_is_what_it_is_said_to_be(lists: tuple[MemberList, ...]) -> None:
    for item in lists:
        for row in item.expectation.rows:
            if row.person.phone:
                number = phonenumbers.parse(row.person.phone)
                assert phonenumbers.number_type(number) == PhoneNumberType.MOBILE
            kind = PhoneNumberType.FIXED_LINE if Finding.PHONE_LANDLINE in row.findings else PhoneNumberType.MOBILE
            for other in row.person.other_phones:
                assert phonenumbers.number_type(phonenumbers.parse(other)) == kind
            if Finding.PHONE_INVALID in row.findings:
                wrong = phonenumbers.parse(str(_cell(item, row.row, Column.PHONE)), "VN")
                assert not phonenumbers.is_valid_number(wrong)


def test_shared_phones_are_told_on_both_rows(lists: tuple[MemberList, ...]) -> None:
    for item in lists:
        shared = Counter(row.person.phone for row in item.expectation.rows if Finding.PHONE_SHARED in row.findings)
        assert shared
        assert set(shared.values()) == {2}


def test_dates_come_as_text_as_dates_as_day_numbers_and_as_years(lists: tuple[MemberList, ...]) -> None:
    kinds: Counter[str] = Counter()
    for item in lists:
        for row in item.expectation.rows:
            cell = _cell(item, row.row, Column.BORN)
            if isinstance(cell, date):
                assert row.person.birth_date == cell.isoformat()
                kinds["date"] += 1
            elif isinstance(cell, int):
                kinds["year" if cell < 3000 else "serial"] += 1
            else:
                kinds["year text" if str(cell).isdigit() else "text"] += 1
    assert set(kinds) == {"date", "year", "serial", "year text", "text"}


def test_a_year_alone_is_no_birth_date(lists: tuple[MemberList, ...]) -> None:
    for item, row in _found(lists, Finding.BIRTH_YEAR_ONLY):
        assert row.person.birth_date is None
        assert int(str(_cell(item, row.row, Column.BORN))) == row.person.birth_year


def test_duplicates_are_the_same_name_and_date_once_with_the_mark_elsewhere(lists: tuple[MemberList, ...]) -> None:
    for item in lists:
        by_row = {row.row: row for row in item.expectation.rows}
        moved = 0
        for row in item.expectation.rows:
            if row.duplicate_of is None:
                continue
            first = by_row[row.duplicate_of]
            assert ascii_folded(first.person.full_name) == ascii_folded(row.person.full_name)
            if Finding.SAME_PERSON in row.findings:
                assert first.person.birth_date == row.person.birth_date is not None
            moved += first.person.full_name != row.person.full_name
        assert moved == 1


def test_no_unmarked_row_repeats_an_earlier_person(lists: tuple[MemberList, ...]) -> None:
    for item in lists:
        people = Counter(
            (ascii_folded(row.person.full_name), row.person.birth_year)
            for row in item.expectation.rows
            if row.duplicate_of is None
        )
        assert max(people.values()) == 1


def test_an_unknown_village_is_none_of_the_commune(district: District, lists: tuple[MemberList, ...]) -> None:
    for item, row in _found(lists, Finding.BRANCH_UNKNOWN):
        villages = {ascii_folded(branch.village) for branch in district.branches_of(item.commune_code)}
        assert ascii_folded(str(_cell(item, row.row, Column.VILLAGE))) not in villages
        assert row.person.branch_code is None
