"""Birth dates as lists hold them."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from members.domain.birth_dates import EXCEL_DAY_ZERO, Birth, read_birth
from members.domain.notes import NOTES

TODAY = date(2026, 11, 20)
HERS = date(2004, 3, 12)


@pytest.mark.parametrize(
    ("written", "notes"),
    [
        (HERS, ()),
        (datetime(2004, 3, 12, 0, 0), ()),  # noqa: DTZ001  Excel knows no zones
        ("12/03/2004", ()),
        ("12-3-2004", ()),
        ("12.03.2004", ()),
        (" 12 / 3 / 2004 ", ()),
        ("2004-03-12", ()),
        ("2004-03-12 00:00:00", ()),
        ("ngày 12 tháng 3 năm 2004", ()),
        ("12-3-04", ("birth-century",)),
        ("3/25/2004", ("birth-month-first",)),
        (38058, ("birth-serial",)),
        ("38058", ("birth-serial",)),
        (12032004, ("birth-run-together",)),
        ("12032004", ("birth-run-together",)),
        ("20040312", ("birth-run-together",)),
    ],
)
def test_one_day_in_many_habits(written: str | float | date, notes: tuple[str, ...]) -> None:
    born = date(2004, 3, 25) if written == "3/25/2004" else HERS
    assert read_birth(written, TODAY) == Birth(born, 2004, notes)


@pytest.mark.parametrize("written", [2004, "2004", 2004.0, "Năm 2004", "NS: 2004", "00/00/2004", "__/__/2004"])
def test_only_the_year(written: str | float) -> None:
    assert read_birth(written, TODAY) == Birth(None, 2004, ("birth-year-only",))


def test_month_and_year_keep_the_year() -> None:
    assert read_birth("03/2004", TODAY) == Birth(None, 2004, ("birth-month-only",))


def test_two_digits_mean_the_last_hundred_years() -> None:
    assert [read_birth(f"1/1/{year}", TODAY).year for year in ("99", "26", "27")] == [1999, 2026, 1927]


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("31/06/2004", "birth-no-such-day"),
        ("29/02/2003", "birth-no-such-day"),
        ("45/13/2004", "birth-no-such-day"),
        ("12/03/2044", "birth-implausible"),
        (date(1850, 1, 1), "birth-implausible"),
        ("hôm nọ", "birth-unreadable"),
        ("123456789", "birth-unreadable"),
        (-5, "birth-unreadable"),
    ],
)
def test_what_is_no_day_is_refused_with_the_reason(written: str | float | date, problem: str) -> None:
    assert read_birth(written, TODAY).problem == problem


@given(st.one_of(st.text(max_size=30), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.dates()))
def test_anything_is_either_a_birth_or_told_why_not(written: str | float | date) -> None:
    birth = read_birth(written, TODAY)
    assert (birth.problem is None) == (birth.problem is None and birth.year is not None)
    assert all(code in NOTES for code in (*birth.notes, *([birth.problem] if birth.problem else [])))


@given(st.dates(date(1930, 1, 1), TODAY))
def test_text_and_excel_number_of_a_day_are_that_day(day: date) -> None:
    assert read_birth(f"{day:%d/%m/%Y}", TODAY).day == day
    assert read_birth((day - EXCEL_DAY_ZERO).days, TODAY).day == day
