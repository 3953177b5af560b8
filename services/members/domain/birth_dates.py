"""Birth dates as lists hold them: Excel dates, numbers, texts of many habits, or only a year."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from members.domain.names import folded

EXCEL_DAY_ZERO = date(1899, 12, 30)

_THREE = re.compile(r"^(\d{1,4})\s*[/\-.\s]\s*(\d{1,2})\s*[/\-.\s]\s*(\d{1,4})$")
_MONTH_YEAR = re.compile(r"^(?:[0x_.?\-]{1,2}\s*[/\-.]\s*)?(\d{1,2})\s*[/\-.]\s*((?:19|20)\d{2})$")
_YEAR_ONLY = re.compile(r"^(?:[0x_.?\-]{1,2}\s*[/\-.]\s*){0,2}((?:19|20)\d{2})$")
_SPELT = re.compile(r"^(?:ngay\s*)?(\d{1,2})\s*thang\s*(\d{1,2})\s*nam\s*(\d{4})$")


@dataclass(frozen=True, slots=True)
class Birth:
    """A day, or only its year, or why there is neither. `notes` are codes of domain/notes.py."""

    day: date | None = None
    year: int | None = None
    notes: tuple[str, ...] = ()
    problem: str | None = None


LARGEST_NUMBER = 100_000_000
"""Beyond `31129999`, the largest that a date run together comes to."""


def read_birth(raw: str | int | float | date | datetime, today: date) -> Birth:
    """What a cell says about a birth; `today` decides what is plausible and the century of `12/3/05`."""
    if isinstance(raw, datetime):
        return _plausible(Birth(raw.date(), raw.year), today)
    if isinstance(raw, date):
        return _plausible(Birth(raw, raw.year), today)
    if isinstance(raw, (int, float)):
        return _plausible(_from_number(raw), today)
    return _plausible(_from_text(raw, today), today)


def _from_number(raw: int | float) -> Birth:
    if not 0 <= raw < LARGEST_NUMBER:
        return Birth(problem="birth-unreadable")  # no date is written so; infinity and NaN end here too
    number = int(raw)
    if 1900 <= number <= 2100:
        return Birth(None, number, ("birth-year-only",))
    if 7000 <= number <= 60000:
        day = EXCEL_DAY_ZERO + timedelta(days=number)
        return Birth(day, day.year, ("birth-serial",))
    return _from_digits(str(number))


def _from_digits(digits: str) -> Birth:
    """`12032005`, `1032005` (a zero was lost), `20050312`."""
    if len(digits) in (7, 8):
        padded = digits.zfill(8)
        day_first = _day(int(padded[:2]), int(padded[2:4]), int(padded[4:]), ("birth-run-together",))
        if day_first.day is not None and day_first.day.year >= 1900:
            return day_first
        return _day(int(padded[6:]), int(padded[4:6]), int(padded[:4]), ("birth-run-together",))
    return Birth(problem="birth-unreadable")


def _from_text(raw: str, today: date) -> Birth:
    text = re.sub(r"^(?:sinh\s*)?(?:ngay|nam|sn|ns)\b\s*[:.]?\s*(?=[\dx_?])", "", folded(raw).strip("'’\" ,;"))
    text = re.sub(r"[t ]\d{1,2}:\d{2}(:\d{2})?(\.\d+)?$", "", text).strip()
    if spelt := _SPELT.match(folded(raw)):
        return _day(int(spelt[1]), int(spelt[2]), int(spelt[3]), ())
    if year := _YEAR_ONLY.match(text):
        return Birth(None, int(year[1]), ("birth-year-only",))
    if month := _MONTH_YEAR.match(text):
        return Birth(None, int(month[2]), ("birth-month-only",))
    if three := _THREE.match(text):
        return _from_three(three[1], three[2], three[3], today)
    if text.isdigit():
        return _from_number(int(text)) if len(text) in (5, 7, 8) else Birth(problem="birth-unreadable")
    return Birth(problem="birth-unreadable")


def _from_three(first: str, second: str, third: str, today: date) -> Birth:
    notes: list[str] = []
    if len(first) == 4:
        return _day(int(third), int(second), int(first), tuple(notes))
    year = int(third)
    if len(third) <= 2:
        year += 2000 if year <= today.year % 100 else 1900
        notes.append("birth-century")
    day, month = int(first), int(second)
    if day == 0 or month == 0:
        return Birth(None, year, ("birth-year-only",))
    if month > 12 and day <= 12:
        day, month = month, day
        notes.append("birth-month-first")
    return _day(day, month, year, tuple(notes))


def _day(day: int, month: int, year: int, notes: tuple[str, ...]) -> Birth:
    try:
        return Birth(date(year, month, day), year, notes)
    except ValueError:
        return Birth(None, year if year >= 1000 else None, problem="birth-no-such-day")


def _plausible(birth: Birth, today: date) -> Birth:
    if birth.year is not None and not 1900 <= birth.year <= today.year:
        return Birth(problem="birth-implausible")
    return birth
