"""Which column of an officer's list means what: headings are recognised by synonyms, wherever they stand."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from members.domain.names import folded

Raw = str | int | float
"""What a cell holds once dates are ISO text."""
Line = tuple[Raw | None, ...]

HEADER_WITHIN = 40
"""Rows from the top within which the heading is looked for: titles of several lines stand above it."""


class Field(StrEnum):
    """What a column is about."""

    NUMBER = "number"
    NAME = "name"
    FAMILY_NAME = "family_name"
    GIVEN_NAME = "given_name"
    BIRTH = "birth"
    SEX = "sex"
    MALE = "male"  # a column “Nam” beside a column “Nữ”, with a cross or with the birth date in it
    FEMALE = "female"
    PHONE = "phone"
    EMAIL = "email"
    BRANCH = "branch"
    KIND = "kind"
    POST = "post"
    ADMITTED = "admitted"
    NOTE = "note"


_SYNONYMS: dict[Field, frozenset[str]] = {
    Field.NUMBER: frozenset({"stt", "tt", "so tt", "so thu tu", "no"}),
    Field.NAME: frozenset({"ho va ten", "ho ten", "hoten", "ten doan vien", "full name", "name"}),
    Field.FAMILY_NAME: frozenset(
        {"ho", "ho dem", "ho va dem", "ho va ten dem", "ho ten dem", "ho lot", "ho va chu lot", "ho chu lot"}
    ),
    Field.GIVEN_NAME: frozenset({"ten"}),
    Field.BIRTH: frozenset(
        {"ngay sinh", "nam sinh", "sinh ngay", "sinh nam", "ngay thang sinh", "ntns", "ns", "dob", "date of birth"}
    ),
    Field.SEX: frozenset({"gioi tinh", "nam nu", "phai", "gioi", "gt", "sex", "gender"}),
    Field.MALE: frozenset({"nam"}),
    Field.FEMALE: frozenset({"nu"}),
    Field.PHONE: frozenset({"dt", "so dt", "dtdd", "lien he", "zalo", "tel", "phone", "mobile", "sdt", "so lien lac"}),
    Field.EMAIL: frozenset({"email", "e mail", "mail", "gmail", "thu dien tu"}),
    Field.BRANCH: frozenset(
        {"chi doan", "thon", "to dan pho", "khu pho", "don vi", "dia ban", "to", "thon to dan pho", "thon khu pho"}
    ),
    Field.KIND: frozenset({"doi tuong", "dv tn", "dvtn", "doan vien thanh nien", "loai", "dien", "doan vien"}),
    Field.POST: frozenset({"chuc vu", "chuc danh", "chuc vu doan"}),
    Field.ADMITTED: frozenset({"ngay vao doan", "vao doan", "nam vao doan", "ngay ket nap"}),
    Field.NOTE: frozenset({"ghi chu", "chu thich"}),
}  # fmt: skip

_CONTAINED: tuple[tuple[str, Field], ...] = (
    ("ho va ten dem", Field.FAMILY_NAME),
    ("ho va ten", Field.NAME),
    ("ho ten", Field.NAME),
    ("ngay sinh", Field.BIRTH),
    ("nam sinh", Field.BIRTH),
    ("thang nam sinh", Field.BIRTH),
    ("gioi tinh", Field.SEX),
    ("dien thoai", Field.PHONE),
    ("sdt", Field.PHONE),
    ("so dt", Field.PHONE),
    ("di dong", Field.PHONE),
    ("email", Field.EMAIL),
    ("thu dien tu", Field.EMAIL),
    ("vao doan", Field.ADMITTED),
    ("ket nap doan", Field.ADMITTED),
    ("chuc vu", Field.POST),
    ("chi doan", Field.BRANCH),
    ("ghi chu", Field.NOTE),
)
_ANOTHER_PERSON = re.compile(r"\b(?:cha|bo|me|vo|chong|phu huynh|nguoi than|giam ho|chu ho|nguoi gioi thieu)\b")


def field_of(label: Raw | None) -> Field | None:
    """What a heading means; None for a blank one, an unknown one, and one about somebody's parents."""
    key = label_key(label)
    if not key or len(key) > 60 or _ANOTHER_PERSON.search(key):
        return None
    for meaning, synonyms in _SYNONYMS.items():
        if key in synonyms:
            return meaning
    return next((meaning for part, meaning in _CONTAINED if part in key), None)


def label_key(label: Raw | None) -> str:
    return " ".join(re.findall(r"[a-z0-9]+", folded(label))) if isinstance(label, str) else ""


@dataclass(frozen=True)
class Header:
    """Where the heading stands (`row` and `last_row` are Excel's numbers) and what its columns mean.

    `columns` holds the columns of each meaning, left to right; `ignored` the headings that mean nothing here.
    """

    row: int
    last_row: int
    columns: dict[Field, tuple[int, ...]]
    labels: dict[Field, str]
    ignored: tuple[str, ...] = ()
    texts: tuple[str, ...] = field(default=())


def find_header(lines: Sequence[Line]) -> Header | None:
    """The first row that names people and says something else about them; None when the sheet has no such row."""
    for index, line in enumerate(lines[:HEADER_WITHIN]):
        below = lines[index + 1] if index + 1 < len(lines) else ()
        meanings, depth = _meanings(line, below)
        named = Field.NAME in meanings.values() or {Field.FAMILY_NAME, Field.GIVEN_NAME} <= set(meanings.values())
        if named and len(set(meanings.values()) - {Field.FAMILY_NAME, Field.GIVEN_NAME, Field.NAME}) >= 1:
            return _header(index, depth, meanings, lines)
    return None


def _meanings(line: Line, below: Line) -> tuple[dict[int, Field], int]:
    """Columns and their meanings, and whether the heading takes one row or two (“Ngày sinh” over “Nam” and “Nữ”)."""
    meanings = {column: meaning for column, label in enumerate(line) if (meaning := field_of(label)) is not None}
    lower = {column: meaning for column, label in enumerate(below) if (meaning := field_of(label)) is not None}
    names = [column for column, meaning in meanings.items() if meaning is Field.NAME]
    is_second_row = bool(lower) and all(_blank(below, column) for column in names) and len(lower) == _filled(below)
    if is_second_row and {Field.MALE, Field.FEMALE, Field.GIVEN_NAME, Field.FAMILY_NAME} & set(lower.values()):
        return {**meanings, **lower}, 2
    return meanings, 1


def _header(index: int, depth: int, meanings: dict[int, Field], lines: Sequence[Line]) -> Header:
    line, below = lines[index], lines[index + 1] if depth == 2 else ()
    if split := _unlabelled_given_name(index + depth, line, meanings, lines):
        column = next(column for column, meaning in meanings.items() if meaning is Field.NAME)
        meanings = {**meanings, column: Field.FAMILY_NAME, split: Field.GIVEN_NAME}
    columns: dict[Field, tuple[int, ...]] = {}
    for column in sorted(meanings):
        columns[meanings[column]] = (*columns.get(meanings[column], ()), column)
    labels = {meaning: _label(line, below, where[0]) for meaning, where in columns.items()}
    ignored = tuple(
        str(label).strip() for column, label in enumerate(line) if label is not None and column not in meanings
    )
    texts = tuple(label_key(label) for label in line)
    return Header(index + 1, index + depth, columns, labels, ignored, texts)


def _unlabelled_given_name(start: int, line: Line, meanings: dict[int, Field], lines: Sequence[Line]) -> int | None:
    """“Họ và tên” merged over two columns: the given name stands in the unlabelled column to its right."""
    names = [column for column, meaning in meanings.items() if meaning is Field.NAME]
    if not names or names[0] + 1 in meanings or not _blank(line, names[0] + 1):
        return None
    right = [row[names[0] + 1] for row in lines[start : start + 30] if len(row) > names[0] + 1]
    given = [cell for cell in right if isinstance(cell, str) and len(cell.split()) == 1 and cell.strip().isalpha()]
    return names[0] + 1 if len(given) >= 2 and len(given) * 2 > len(right) else None


def _label(line: Line, below: Line, column: int) -> str:
    lower = below[column] if column < len(below) else None
    return " ".join(str(lower if lower is not None else line[column]).split())


def _blank(line: Line, column: int) -> bool:
    return column >= len(line) or line[column] is None or not str(line[column]).strip()


def _filled(line: Line) -> int:
    return sum(not _blank(line, column) for column in range(len(line)))
