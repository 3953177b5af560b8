"""The slips of a pen: each changes one cell of a clean row and notes what an importer must find.

A slip keeps the truth of the row (`draft.truth`) in step: what becomes unreadable is None there.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date

from deploy.local.district.district import Person
from deploy.local.district.layouts import Column
from deploy.local.district.spelling import decomposed, with_marks_moved
from deploy.local.district.verdicts import ExpectedPerson, Finding

Cell = str | int | date | None


@dataclass(eq=False)
class Draft:
    """A row on its way: its cells, and what there is to find in it."""

    person: Person | None
    truth: ExpectedPerson
    cells: dict[Column, Cell]
    findings: list[Finding] = field(default_factory=list)
    same_as: "Draft | None" = None


Slip = Callable[[random.Random, Draft], None]

_OLD_PREFIXES = {"070": "0120", "038": "0168"}
"""New prefix → the 11-digit one it had until 2018 (Plan 798/BTTTT; domain guide §5.4)."""


def national(phone: str) -> str:
    """+84590100101 → 0590100101."""
    return "0" + phone.removeprefix("+84")


def has_old_form(phone: str | None) -> bool:
    """Whether the number belongs to a block that once had 11 digits."""
    return phone is not None and national(phone)[:3] in _OLD_PREFIXES


def _phone_of(draft: Draft) -> str:
    assert draft.truth.phone is not None, "this slip needs a row with a phone"
    return national(draft.truth.phone)


def decomposed_name(rng: random.Random, draft: Draft) -> None:
    draft.cells[Column.NAME] = decomposed(draft.truth.full_name)
    draft.findings.append(Finding.NAME_COMPOSED)


def name_in_capitals(rng: random.Random, draft: Draft) -> None:
    draft.cells[Column.NAME] = draft.truth.full_name.upper()
    draft.findings.append(Finding.NAME_CASE)


def spaced_name(rng: random.Random, draft: Draft) -> None:
    name = draft.truth.full_name
    draft.cells[Column.NAME] = rng.choice((name + " ", " " + name, name.replace(" ", "  ", 1), name + "\u00a0"))
    draft.findings.append(Finding.NAME_SPACES)


def separated_phone(rng: random.Random, draft: Draft) -> None:
    phone = _phone_of(draft)
    draft.cells[Column.PHONE] = rng.choice((".", " ", "-")).join((phone[:4], phone[4:7], phone[7:]))
    draft.findings.append(Finding.PHONE_SEPARATORS)


def phone_with_country_code(rng: random.Random, draft: Draft) -> None:
    phone = _phone_of(draft)[1:]
    draft.cells[Column.PHONE] = rng.choice(("+84", "84", "(+84) ", "+84 ", "0084")) + phone
    draft.findings.append(Finding.PHONE_COUNTRY_CODE)


def phone_as_number(rng: random.Random, draft: Draft) -> None:
    draft.cells[Column.PHONE] = int(_phone_of(draft))
    draft.findings.append(Finding.PHONE_ZERO_LOST)


def phone_before_2018(rng: random.Random, draft: Draft) -> None:
    phone = _phone_of(draft)
    old = _OLD_PREFIXES[phone[:3]] + phone[3:]
    draft.findings.append(Finding.PHONE_MIGRATED)
    match rng.choice(("plain", "plain", "dots", "number")):
        case "dots":
            draft.cells[Column.PHONE] = ".".join((old[:4], old[4:7], old[7:]))
            draft.findings.append(Finding.PHONE_SEPARATORS)
        case "number":
            draft.cells[Column.PHONE] = int(old)
            draft.findings.append(Finding.PHONE_ZERO_LOST)
        case _:
            draft.cells[Column.PHONE] = old


def landline(rng: random.Random, draft: Draft) -> None:
    number = f"02353000{rng.randint(101, 899)}"
    draft.cells[Column.PHONE] = number
    draft.truth = replace(draft.truth, other_phones=("+84" + number[1:],))
    draft.findings.append(Finding.PHONE_LANDLINE)


def two_phones(rng: random.Random, draft: Draft) -> None:
    first, second = _phone_of(draft), f"0590200{rng.randint(101, 899)}"
    draft.cells[Column.PHONE] = first + rng.choice((" / ", "; ", " - ", "\n", ", ")) + second
    draft.truth = replace(draft.truth, other_phones=("+84" + second[1:],))
    draft.findings.append(Finding.PHONE_SECOND)


def unreadable_phone(rng: random.Random, draft: Draft) -> None:
    phone = _phone_of(draft)
    draft.cells[Column.PHONE] = rng.choice((phone[:-1], phone + phone[-1]))
    draft.truth = replace(draft.truth, phone=None)
    draft.findings.append(Finding.PHONE_INVALID)


def _born(draft: Draft) -> date:
    assert draft.truth.birth_date is not None, "this slip needs a row with a full date"
    return date.fromisoformat(draft.truth.birth_date)


def birth_with_two_digit_year(rng: random.Random, draft: Draft) -> None:
    born = _born(draft)
    draft.cells[Column.BORN] = f"{born.day}-{born.month}-{born:%y}"
    draft.findings.append(Finding.BIRTH_TWO_DIGIT_YEAR)


def birth_as_serial(rng: random.Random, draft: Draft) -> None:
    draft.cells[Column.BORN] = (_born(draft) - date(1899, 12, 30)).days
    draft.findings.append(Finding.BIRTH_SERIAL)


def birth_in_the_other_form(rng: random.Random, draft: Draft) -> None:
    """A date where the officer else writes text, text where he else enters a date: nothing to remark."""
    born = _born(draft)
    if isinstance(draft.cells[Column.BORN], date):
        forms = (f"{born:%d/%m/%Y}", f"{born.day}/{born.month}/{born.year}", f"{born:%d.%m.%Y}")
        draft.cells[Column.BORN] = rng.choice(forms)
    else:
        draft.cells[Column.BORN] = born


def impossible_birth(rng: random.Random, draft: Draft) -> None:
    year = _born(draft).year
    draft.cells[Column.BORN] = rng.choice((f"31/02/{year}", f"31/06/{year}", f"30/2/{year}"))
    draft.truth = replace(draft.truth, birth_date=None)
    draft.findings.append(Finding.BIRTH_IMPOSSIBLE)


def unreadable_email(rng: random.Random, draft: Draft) -> None:
    wrong = ("khong co mail", "ten@thanhnien,example", "www.thanhnien.example", "ten@@thanhnien.example")
    draft.cells[Column.EMAIL] = rng.choice(wrong)
    draft.truth = replace(draft.truth, email=None)
    draft.findings.append(Finding.EMAIL_INVALID)


def village_in_another_form(rng: random.Random, draft: Draft) -> None:
    """Spelt so that nobody would doubt which village it is: nothing to remark."""
    village = draft.truth.village
    assert village is not None
    forms = (
        village.upper(),
        village.lower(),
        f"thôn {village}",
        f"Thôn  {village} ",
        decomposed(village),
        with_marks_moved(village),
    )
    draft.cells[Column.VILLAGE] = rng.choice(forms)


def unknown_village(rng: random.Random, draft: Draft) -> None:
    draft.cells[Column.VILLAGE] = rng.choice(("Thôn 5", "Tân Lập", "Phú Gia"))
    draft.truth = replace(draft.truth, village=None, branch_code=None)
    draft.findings.append(Finding.BRANCH_UNKNOWN)
