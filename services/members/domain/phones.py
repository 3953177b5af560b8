"""Telephone numbers as officers write them, made E.164 or refused with the reason.

Numbering: the eleven-digit mobile numbers were migrated in 2018 and 2019 (domain guide §5.4); what is a valid mobile
number today is decided by `phonenumbers`.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

import phonenumbers

from members.domain.names import tidied

MIGRATED = {
    "120": "70", "121": "79", "122": "77", "126": "76", "128": "78",
    "123": "83", "124": "84", "125": "85", "127": "81", "129": "82",
    "162": "32", "163": "33", "164": "34", "165": "35", "166": "36", "167": "37", "168": "38", "169": "39",
    "186": "56", "188": "58", "199": "59",
}  # fmt: skip
"""Three digits of the old prefix (without 0) → two of the new one."""

_SEVERAL = re.compile(r"[/;,\n|]|\s-\s|\s+(?:hoặc|và|or)\s+", re.IGNORECASE)
_OLD = re.compile(r"^(?:\+?84|0084|0)?(1\d{2})(\d{7})$")
_NOISE = re.compile(r"[\s.\-()·_'’`\"*]+")
_LABEL = re.compile(r"^\s*(?:đt|dt|sđt|sdt|tel|phone|zalo|số)\s*[:.]?\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Phone:
    """A number that SMS can reach (E.164), other numbers that were beside it, and what there is to say.

    `notes` and `problem` are codes of domain/notes.py. A cell that holds only a landline has no `e164` and no problem:
    it can ring, but takes no SMS.
    """

    e164: str | None
    others: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    problem: str | None = None


def read_phone(raw: str | int | float) -> Phone:
    """What a cell says about a telephone. Of several mobile numbers the first is taken and the others are kept."""
    if isinstance(raw, (int, float)):
        one = _one(f"{raw:.0f}")
        return Phone(one.e164, one.others, tuple(dict.fromkeys((*one.notes, "phone-zero-lost"))), one.problem)
    text = _LABEL.sub("", tidied(unicodedata.normalize("NFKC", raw.replace("\n", " / "))))
    whole = _one(text)
    if whole.problem is None or not _SEVERAL.search(text):
        return whole
    parts = [_one(part) for part in _SEVERAL.split(text) if sum(sign.isdigit() for sign in part) >= 6]
    if len(parts) < 2:
        return parts[0] if parts else whole
    return _together(parts)


def _together(parts: list[Phone]) -> Phone:
    mobiles = [part.e164 for part in parts if part.e164 is not None]
    kept = (*mobiles[1:], *(number for part in parts for number in part.others))
    notes = tuple(dict.fromkeys([*(note for part in parts for note in part.notes), "phone-second"]))
    if not mobiles and not kept:
        return Phone(None, problem=parts[0].problem)
    return Phone(mobiles[0] if mobiles else None, kept, notes)


def _one(text: str) -> Phone:
    notes: list[str] = []
    bare = _NOISE.sub("", text)
    if re.search(r"[OoIl]", bare) and re.fullmatch(r"\+?[0-9OoIl]+", bare):
        bare = bare.translate(str.maketrans("OoIl", "0011"))
        notes.append("phone-letters")
    if not re.fullmatch(r"\+?\d{6,15}", bare):
        return Phone(None, problem="phone-unreadable")
    if re.fullmatch(r"(?:\+84|0084|84)\d{9,10}", bare):
        notes.append("phone-country-code")
    if _NOISE.search(text.strip()):
        notes.append("phone-separators")
    if (old := _OLD.match(bare)) and old.group(1) in MIGRATED:
        bare = f"0{MIGRATED[old.group(1)]}{old.group(2)}"
        notes.append("phone-migrated")
    elif re.fullmatch(r"[2-9]\d{8}", bare):
        bare = f"0{bare}"
        notes.append("phone-zero-lost")
    return _judged(bare, notes)


def _judged(digits: str, notes: list[str]) -> Phone:
    try:
        number = phonenumbers.parse(digits, "VN")
    except phonenumbers.NumberParseException:
        return Phone(None, problem="phone-unreadable")
    if not phonenumbers.is_valid_number(number):
        national = digits.removeprefix("+").removeprefix("00").removeprefix("84").removeprefix("0")
        return Phone(None, problem="phone-length" if len(national) != 9 else "phone-unassigned")
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if number.country_code != 84:
        return Phone(None, problem="phone-foreign")
    if phonenumbers.number_type(number) != phonenumbers.PhoneNumberType.MOBILE:
        return Phone(None, (e164,), (*notes, "phone-landline"))
    return Phone(e164, (), tuple(notes))
