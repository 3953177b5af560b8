"""The demo district's member lists as XLSX, with the slips that real lists have, and what an importer must find.

Deterministic: the same seed gives the same cells, and with the same XlsxWriter the same bytes.
"""

import json
import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from pathlib import Path

import xlsxwriter

from deploy.local.district import slips
from deploy.local.district.district import District, Person, PersonKind, PostKind
from deploy.local.district.layouts import LAYOUTS, Column, Layout
from deploy.local.district.offices import load_district
from deploy.local.district.people import DEFAULT_SEED
from deploy.local.district.slips import Cell, Draft, Slip
from deploy.local.district.spelling import decomposed, with_marks_moved
from deploy.local.district.verdicts import (
    Expectation,
    ExpectedPerson,
    ExpectedRow,
    Finding,
    Verdict,
    verdict_of,
)

STATEMENT = "All people in these lists are invented by a seeded generator; so are their numbers and addresses."
_POST_WORDS = {
    PostKind.SECRETARY: "BT Đoàn xã",
    PostKind.DEPUTY: "PBT Đoàn xã",
    PostKind.STANDING_MEMBER: "UV BTV",
    PostKind.COMMITTEE_MEMBER: "UV BCH",
    PostKind.BRANCH_SECRETARY: "BT chi đoàn",
    PostKind.BRANCH_DEPUTY: "PBT chi đoàn",
}


@dataclass(frozen=True, slots=True)
class MemberList:
    """One XLSX file: its cells from the first row on, and what must be concluded from them."""

    file_name: str
    sheet: str
    commune_code: str
    rows: tuple[tuple[Cell, ...], ...]
    merged: tuple[int, ...]
    """Rows (1 is the first) that are merged over the whole width."""
    expectation: Expectation


def member_lists(district: District, seed: int = DEFAULT_SEED) -> tuple[MemberList, ...]:
    """All lists of the district, in the order of `LAYOUTS`."""
    return tuple(_member_list(district, layout, seed) for layout in LAYOUTS)


def write_member_lists(directory: Path, seed: int = DEFAULT_SEED) -> tuple[Path, ...]:
    """Write the XLSX files and `expected.json`; returns the paths, that file last.

    Makes the directory where it is missing and overwrites what is there.
    """
    directory.mkdir(parents=True, exist_ok=True)
    lists = member_lists(load_district(seed), seed)
    paths = []
    for item in lists:
        path = directory / item.file_name
        _write_workbook(path, item)
        paths.append(path)
    expected = directory / "expected.json"
    expected.write_text(json.dumps(expectations(lists), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return (*paths, expected)


def expectations(lists: Sequence[MemberList]) -> Mapping[str, object]:
    """The content of `expected.json`."""
    return {
        "statement": STATEMENT,
        "lists": [
            {
                "file_name": item.file_name,
                "sheet": item.sheet,
                "commune_code": item.commune_code,
                **asdict(item.expectation),
            }
            for item in lists
        ],
    }


def _member_list(district: District, layout: Layout, seed: int) -> MemberList:
    rng = random.Random(f"{seed}:{layout.file_name}")
    drafts = _clean_drafts(rng, district, layout)
    _mark_shared_phones(drafts)
    _make_slips(rng, drafts, holders={post.person_key for post in district.posts})
    drafts = _with_strangers(rng, drafts)
    drafts += _repeated(rng, drafts)
    return _laid_out(layout, drafts)


def _clean_drafts(rng: random.Random, district: District, layout: Layout) -> list[Draft]:
    codes = {f"{layout.commune_code}-{number:02d}" for number in layout.branch_numbers}
    words: dict[str, str] = {}
    for post in district.posts:
        words.setdefault(post.person_key, _POST_WORDS[post.kind])
    return [
        _clean_draft(rng, layout, person, district.branch(person.branch_code).village, words.get(person.key))
        for person in district.people
        if person.branch_code in codes
    ]


def _clean_draft(rng: random.Random, layout: Layout, person: Person, village: str, post: str | None) -> Draft:
    truth = ExpectedPerson(
        full_name=person.full_name,
        birth_date=person.born.isoformat() if person.born else None,
        birth_year=person.birth_year,
        sex=str(person.sex),
        phone=person.phone,
        other_phones=(),
        email=person.email,
        branch_code=person.branch_code,
        village=village,
        kind=str(person.kind),
        note=person.note,
    )
    born: Cell = person.born
    if person.born is None:
        born = rng.choice((person.birth_year, str(person.birth_year)))
    elif layout.dates_as_text:
        born = f"{person.born:%d/%m/%Y}"
    cells: dict[Column, Cell] = {
        Column.NAME: person.full_name,
        Column.BORN: born,
        Column.SEX: layout.sex_words[person.sex],
        Column.PHONE: slips.national(person.phone) if person.phone else None,
        Column.EMAIL: person.email,
        Column.VILLAGE: layout.village_form.format(village=village),
        Column.KIND: layout.kind_words[person.kind],
        Column.POST: post,
        Column.NOTE: person.note or None,
    }
    return Draft(person, truth, cells, [] if person.born else [Finding.BIRTH_YEAR_ONLY])


def _mark_shared_phones(drafts: Sequence[Draft]) -> None:
    times = Counter(draft.truth.phone for draft in drafts if draft.truth.phone)
    for draft in drafts:
        if draft.truth.phone and times[draft.truth.phone] > 1:
            draft.findings.append(Finding.PHONE_SHARED)


_Fit = Callable[[Draft], bool]


def _with_phone(draft: Draft) -> bool:
    return draft.truth.phone is not None


def _with_date(draft: Draft) -> bool:
    return draft.truth.birth_date is not None


def _any_row(draft: Draft) -> bool:
    return True


_HARMLESS: tuple[tuple[Column, Slip, int, _Fit], ...] = (
    (Column.NAME, slips.decomposed_name, 9, _any_row),
    (Column.NAME, slips.name_in_capitals, 6, _any_row),
    (Column.NAME, slips.spaced_name, 5, _any_row),
    (Column.PHONE, slips.phone_before_2018, 8, lambda draft: slips.has_old_form(draft.truth.phone)),
    (Column.PHONE, slips.separated_phone, 14, _with_phone),
    (Column.PHONE, slips.phone_with_country_code, 7, _with_phone),
    (Column.PHONE, slips.phone_as_number, 9, _with_phone),
    (Column.PHONE, slips.two_phones, 3, _with_phone),
    (Column.PHONE, slips.landline, 2, lambda draft: draft.truth.phone is None),
    (Column.BORN, slips.birth_with_two_digit_year, 6, _with_date),
    (Column.BORN, slips.birth_as_serial, 4, _with_date),
    (Column.BORN, slips.birth_in_the_other_form, 8, _with_date),
    (Column.VILLAGE, slips.village_in_another_form, 12, _any_row),
)
_GRAVE: tuple[tuple[Column, Slip, int, _Fit], ...] = (
    (Column.PHONE, slips.unreadable_phone, 2, lambda d: _with_phone(d) and Finding.PHONE_SHARED not in d.findings),
    (Column.BORN, slips.impossible_birth, 1, _with_date),
    (Column.EMAIL, slips.unreadable_email, 1, _any_row),
    (Column.VILLAGE, slips.unknown_village, 1, _any_row),
)


def _make_slips(rng: random.Random, drafts: Sequence[Draft], holders: set[str]) -> None:
    """At most one slip per cell; one that needs a person's decision at most once per row and to no officer."""
    used: set[tuple[int, Column]] = set()
    ordinary = [draft for draft in drafts if draft.person and draft.person.key not in holders]
    for column, slip, count, fits in _GRAVE:
        sound = [d for d in ordinary if fits(d) and verdict_of(d.findings) is not Verdict.REVIEW]
        for draft in rng.sample(sound, count):
            slip(rng, draft)
            used.add((id(draft), column))
    for column, slip, count, fits in _HARMLESS:
        free = [draft for draft in drafts if (id(draft), column) not in used and fits(draft)]
        for draft in rng.sample(free, min(count, len(free))):
            slip(rng, draft)
            used.add((id(draft), column))


def _with_strangers(rng: random.Random, drafts: list[Draft]) -> list[Draft]:
    """Three rows that are nobody's: one without a name, a child, and somebody's parent."""
    mild = (Verdict.OK, Verdict.FIXED)
    models = rng.sample([d for d in drafts if _with_date(d) and verdict_of(d.findings) in mild], 3)
    kind = str(PersonKind.YOUTH)
    surnames = [model.truth.full_name.split()[0] for model in models]
    rows = (
        ("", models[0].truth.birth_date, Finding.NAME_MISSING),
        (f"{surnames[1]} Bé Tí", f"2019-05-{rng.randint(10, 28)}", Finding.TOO_YOUNG),
        (f"{surnames[2]} Văn Cựu", f"1961-03-{rng.randint(10, 28)}", Finding.TOO_OLD),
    )
    result = list(drafts)
    for model, (name, iso, finding) in zip(models, rows, strict=True):
        born = date.fromisoformat(iso or "")
        truth = replace(
            model.truth, full_name=name, birth_date=iso, birth_year=born.year, phone=None, other_phones=(),
            email=None, kind=kind, note="", sex="male",
        )  # fmt: skip
        cells = {
            **model.cells,
            Column.NAME: name or None,
            Column.BORN: f"{born:%d/%m/%Y}",
            Column.PHONE: None,
            Column.EMAIL: None,
            Column.POST: None,
            Column.NOTE: None,
            Column.SEX: "Nam",
            Column.KIND: "Thanh niên",
        }
        result.insert(result.index(model) + 1, Draft(None, truth, cells, [finding]))
    return result


def _repeated(rng: random.Random, drafts: Sequence[Draft]) -> list[Draft]:
    """People written a second time at the end of the list: twice alike, once spelt anew, once with the year only."""
    sound = [
        draft
        for draft in drafts
        if draft.person
        and _with_date(draft)
        and _with_phone(draft)
        and verdict_of(draft.findings) in (Verdict.OK, Verdict.FIXED)
        and not {Finding.PHONE_SHARED, Finding.PHONE_SECOND} & set(draft.findings)
        and isinstance(draft.cells[Column.NAME], str)
    ]
    respelt = next(d for d in rng.sample(sound, len(sound)) if with_marks_moved(d.truth.full_name) != d.truth.full_name)
    first, second, vague = rng.sample([draft for draft in sound if draft is not respelt], 3)
    again = [_again(draft, draft.truth.full_name) for draft in (first, second)]
    again.append(_again(respelt, with_marks_moved(respelt.truth.full_name)))
    possibly = _again(vague, vague.truth.full_name)
    possibly.findings = [Finding.BIRTH_YEAR_ONLY, Finding.POSSIBLY_SAME_PERSON]
    possibly.cells |= {Column.BORN: vague.truth.birth_year, Column.PHONE: None}
    possibly.truth = replace(possibly.truth, birth_date=None, phone=None)
    return [*again, possibly]


def _again(draft: Draft, name: str) -> Draft:
    """The person once more, in the officer's plain form."""
    born = date.fromisoformat(draft.truth.birth_date or "")
    cells = {
        **draft.cells,
        Column.NAME: name,
        Column.BORN: f"{born:%d/%m/%Y}",
        Column.PHONE: slips.national(draft.truth.phone or ""),
        Column.VILLAGE: draft.truth.village,
    }
    return Draft(draft.person, replace(draft.truth, full_name=name), cells, [Finding.SAME_PERSON], draft)


def _laid_out(layout: Layout, drafts: Sequence[Draft]) -> MemberList:
    width = len(layout.headings)
    rows: list[tuple[Cell, ...]] = [(title or None, *[None] * (width - 1)) for title in layout.titles]
    merged = [number for number, title in enumerate(layout.titles, start=1) if title]
    form = decomposed if layout.nfd_headings else str
    rows.append(tuple(form(heading) for _, heading in layout.headings))
    header_row = len(rows)
    row_of: dict[int, int] = {}
    for position, draft in enumerate(drafts, start=1):
        if layout.blank_row_after_branch and position > 1 and _branch_changes(drafts[position - 2], draft):
            rows.append((None,) * width)
        cells = {**draft.cells, Column.NUMBER: position}
        rows.append(tuple(cells[column] for column, _ in layout.headings))
        row_of[id(draft)] = len(rows)
    merged.append(len(rows) + 1)
    rows += _footer(layout, len(drafts), width)
    expected = tuple(_expected(draft, row_of) for draft in drafts)
    ignored = set(range(1, len(rows) + 1)) - {header_row} - set(row_of.values())
    counts = Counter(str(row.verdict) for row in expected)
    expectation = Expectation(header_row, expected, tuple(sorted(ignored)), dict(sorted(counts.items())))
    return MemberList(layout.file_name, layout.sheet, layout.commune_code, tuple(rows), tuple(merged), expectation)


def _branch_changes(before: Draft, draft: Draft) -> bool:
    keys = [item.person.branch_code for item in (before, draft) if item.person is not None]
    return len(keys) == 2 and keys[0] != keys[1]


def _footer(layout: Layout, count: int, width: int) -> Iterator[tuple[Cell, ...]]:
    """The total, and the block for the signatures."""
    yield (layout.total_line.format(count=count), *[None] * (width - 1))
    yield (None,) * width
    for left, right in (
        ("NGƯỜI LẬP BIỂU", "TM. BAN CHẤP HÀNH"),
        ("(Ký, ghi rõ họ tên)", "BÍ THƯ"),
        (None, None),
        ("Người lập biểu đã ký", "Bí thư đã ký"),
    ):
        line: list[Cell] = [None] * width
        line[1], line[width - 3] = left, right
        yield tuple(line)


def _expected(draft: Draft, row_of: Mapping[int, int]) -> ExpectedRow:
    return ExpectedRow(
        row=row_of[id(draft)],
        verdict=verdict_of(draft.findings),
        findings=tuple(sorted(set(draft.findings))),
        person=draft.truth,
        person_key=draft.person.key if draft.person else None,
        duplicate_of=row_of[id(draft.same_as)] if draft.same_as else None,
    )


def _write_workbook(path: Path, item: MemberList) -> None:
    # A fixed creation date: it is the one thing in the file that would differ from run to run.
    with xlsxwriter.Workbook(str(path), {"in_memory": True}) as book:
        book.set_properties({"created": datetime(2026, 6, 1), "comments": STATEMENT})  # noqa: DTZ001 (XLSX has no zones)
        sheet = book.add_worksheet(item.sheet)
        title = book.add_format({"bold": True, "align": "center"})
        heading = book.add_format({"bold": True, "border": 1, "text_wrap": True, "align": "center"})
        day = book.add_format({"num_format": "dd/mm/yyyy"})
        last_column = len(item.rows[0]) - 1
        for number, row in enumerate(item.rows):
            if number + 1 in item.merged:
                sheet.merge_range(number, 0, number, last_column, row[0], title)
                continue
            style = heading if number + 1 == item.expectation.header_row else None
            for column, cell in enumerate(row):
                if isinstance(cell, date):
                    sheet.write_datetime(number, column, cell, day)
                elif isinstance(cell, int):
                    sheet.write_number(number, column, cell)
                elif cell is not None:
                    sheet.write_string(number, column, cell, style)
        sheet.set_column(0, last_column, 18)
