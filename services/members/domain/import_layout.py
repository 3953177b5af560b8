"""Which rows of a sheet are people: titles, blank rows, headings, sections, totals and signatures are not."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from members.domain.import_branches import Branches
from members.domain.import_columns import Field, Header, Line, Raw, find_header, label_key
from members.domain.names import folded

_TOTAL = re.compile(
    r"^(?:tong cong|tong so|tong|cong|an dinh|danh sach (?:nay )?co|tong hop)\b|danh sach nay (?:co|gom)"
)
_SIGNATURE = re.compile(
    r"^(?:nguoi lap|nguoi tong hop|ky ghi|ky ten|tm |t m |thay mat|bi thu$|pho bi thu$|xac nhan|thu truong|ke toan)"
    r"|\bngay \d* ?thang \d* ?nam\b"
)
_FACTS = (Field.BIRTH, Field.SEX, Field.MALE, Field.FEMALE, Field.PHONE, Field.EMAIL, Field.BRANCH, Field.KIND)


@dataclass(frozen=True)
class PersonLine:
    """A row that is about a person: Excel's row number and the cells by meaning."""

    number: int
    cells: dict[Field, Raw]


@dataclass(frozen=True)
class Sheet:
    """What a sheet holds: its people, and the numbers of the rows that are none."""

    title: str
    header: Header
    people: tuple[PersonLine, ...]
    ignored_rows: tuple[int, ...]


def read_sheet(title: str, lines: Sequence[Line], branches: Branches) -> Sheet | None:
    """The people of a sheet; None when it has no heading that names people."""
    header = find_header(lines)
    if header is None:
        return None
    above = [title, *(str(cell) for line in lines[: header.row - 1] for cell in line if isinstance(cell, str))]
    section = next((text for text in above if _names_one(text, branches)), None)
    people: list[PersonLine] = []
    ignored = list(range(1, header.row)) + list(range(header.row + 1, header.last_row + 1))
    ended = False
    for number, line in enumerate(lines[header.last_row :], start=header.last_row + 1):
        filled = [cell for cell in line if cell is not None and str(cell).strip()]
        cells = _by_meaning(line, header)
        if len(filled) == 1 and isinstance(filled[0], str) and _names_one(filled[0], branches):
            section = filled[0]
        elif _is_footer(filled, cells):
            ended = True
        elif filled and not _is_heading(line, header) and _is_person(cells, ended):
            if section is not None and Field.BRANCH not in header.columns:
                cells[Field.BRANCH] = section
            people.append(PersonLine(number, cells))
            continue
        ignored.append(number)
    return Sheet(title, header, tuple(people), tuple(ignored))


def _by_meaning(line: Line, header: Header) -> dict[Field, Raw]:
    cells: dict[Field, Raw] = {}
    for meaning, columns in header.columns.items():
        filled = [line[c] for c in columns if c < len(line) and line[c] is not None and str(line[c]).strip()]
        if not filled:
            continue
        first = filled[0]
        assert first is not None
        cells[meaning] = " / ".join(map(_shown, filled)) if meaning is Field.PHONE and len(filled) > 1 else first
    return cells


def _shown(cell: Raw | None) -> str:
    return f"{cell:.0f}" if isinstance(cell, float) else str(cell)


def _names_one(text: str, branches: Branches) -> bool:
    """A title names a branch only when it says that it is one: a bare “Trung Hạ” could be anything."""
    says_so = re.match(r"^(?:chi doan|cd|thon|khu pho|to dan pho)\b", label_key(text))
    return says_so is not None and len(branches.found(text)) == 1


def _is_footer(filled: Iterable[Raw | None], cells: dict[Field, Raw]) -> bool:
    keys = [label_key(cell) for cell in filled if isinstance(cell, str)]
    if any(_TOTAL.search(key) for key in keys[:1]):
        return True
    return _number(cells) is None and any(_SIGNATURE.search(key) for key in keys)


def _is_heading(line: Line, header: Header) -> bool:
    """The heading again, after a page break, or the row “(1) (2) (3)” under it."""
    keys = [label_key(cell) for cell in line]
    if [key for key in keys if key] == [key for key in header.texts if key]:
        return True
    filled = [str(cell).strip(" ()[].") for cell in line if cell is not None and str(cell).strip()]
    return len(filled) >= 3 and all(text.removesuffix(".0").isdigit() for text in filled) and _counts_up(filled)


def _counts_up(texts: Sequence[str]) -> bool:
    numbers = [int(float(text)) for text in texts]
    return numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def _is_person(cells: dict[Field, Raw], ended: bool) -> bool:
    named = any(meaning in cells for meaning in (Field.NAME, Field.GIVEN_NAME, Field.FAMILY_NAME))
    facts = sum(meaning in cells for meaning in _FACTS)
    if ended:
        return named and facts >= 1 and _number(cells) is not None
    return (named and (facts >= 1 or _number(cells) is not None)) or facts >= 2


def _number(cells: dict[Field, Raw]) -> int | None:
    written = folded(str(cells.get(Field.NUMBER, ""))).strip(" .").removesuffix(".0")
    return int(written) if written.isdigit() else None
