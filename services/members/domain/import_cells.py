"""The cells of one person's row, each read by its own rules; what can't be read is told, never guessed."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from pydantic import BaseModel, ConfigDict

from members.domain.birth_dates import Birth, read_birth
from members.domain.import_branches import Branches
from members.domain.import_columns import Field, Raw
from members.domain.names import folded, is_name, repaired_name, tidied
from members.domain.notes import Verdict, verdict_of
from members.domain.person import Sex, Standing
from members.domain.phones import read_phone

YOUNGEST, OLDEST = 15, 35
"""Years: admission begins at fifteen years and a day; over 35 only who holds a post stays (domain guide §1.3)."""

EMPTY_FORMULA = "\u0000formula"
"""What a reader puts where a formula has no stored value."""

_EMAIL = re.compile(
    r"^[a-z0-9](?:[a-z0-9._%+\-]{0,62}[a-z0-9_+\-])?@(?:[a-z0-9](?:[a-z0-9\-]{0,61}[a-z0-9])?\.)+[a-z]{2,24}$"
)
_AWAY = re.compile(
    r"\b(?:di lam|lam an xa|di hoc|hoc o|hoc tai|hoc dh|hoc dai hoc|xkld|xuat khau|nuoc ngoai|lam o|lam tai|o xa"
    r"|lam cong nhan|cong nhan|di xa|nghia vu|sinh vien)\b"
)
_NONE = frozenset({"khong", "khong co", "ko", "k co", "chua co"})
_MARKED = frozenset({"x", "v", "1", "co", "✓", "✔"})


class Cell(BaseModel):
    """A cell as it was written, and the codes of what there is to say about it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    raw: Raw | None = None
    notes: tuple[str, ...] = ()

    @property
    def verdict(self) -> Verdict:
        return verdict_of(self.notes)


class Values(BaseModel):
    """What a row says about a person, as far as it could be read."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    full_name: str | None = None
    birth_date: date | None = None
    birth_year: int | None = None
    sex: Sex | None = None
    phone: str | None = None
    other_phones: tuple[str, ...] = ()
    email: str | None = None
    unit_id: str | None = None
    kind: Standing | None = None
    admitted: date | None = None
    works_away: bool = False


@dataclass(frozen=True)
class Setting:
    """What a row is read against: the day, the branches, and what holds where the list does not say."""

    today: date
    branches: Branches
    unit_id: str | None
    """The branch of rows that name none; None where the import is for a whole commune."""
    kind: Standing


Read = tuple[dict[str, Any], tuple[str, ...]]


def read_cells(raw: Mapping[Field, Raw], setting: Setting) -> tuple[Values, dict[str, Cell]]:
    """The values of a row, and each of its cells with its remarks."""
    values: dict[str, Any] = {}
    cells: dict[str, Cell] = {}
    for meaning, reader in _READERS:
        found, notes = reader(raw, setting)
        values.update(found)
        written = raw.get(meaning)
        if written == EMPTY_FORMULA:
            notes, written = ("formula-empty",), None
        if notes or written is not None:
            cells[meaning.value] = Cell(raw=written, notes=notes)
    values["works_away"] = bool(_AWAY.search(folded(str(raw.get(Field.NOTE, "")))))
    for meaning in (Field.MALE, Field.FEMALE, Field.FAMILY_NAME, Field.GIVEN_NAME, Field.POST, Field.NOTE):
        if meaning in raw:
            cells[meaning.value] = Cell(raw=raw[meaning])
    return Values.model_validate(values), cells


def _name(raw: Mapping[Field, Raw], setting: Setting) -> Read:
    parts = [str(raw[f]) for f in (Field.FAMILY_NAME, Field.GIVEN_NAME) if f in raw]
    written = str(raw[Field.NAME]) if Field.NAME in raw else " ".join(parts)
    name = repaired_name(written)
    if not name or written == EMPTY_FORMULA:
        return {}, ("name-missing",)
    notes = ["name-joined"] if Field.NAME not in raw else []
    if unicodedata.normalize("NFC", written) != written:
        notes.append("name-composed")
    if written != tidied(written) and tidied(written) != unicodedata.normalize("NFC", written):
        notes.append("name-spaces")
    if folded(name) != folded(written):
        notes.append("name-signs")
    elif name != tidied(written):
        notes.append("name-case")
    if not is_name(name):
        notes.append("name-odd")
    return {"full_name": name}, tuple(notes)


def _birth(raw: Mapping[Field, Raw], setting: Setting) -> Read:
    written = raw.get(Field.BIRTH)
    if written is None:
        written = next((raw[f] for f in (Field.MALE, Field.FEMALE) if f in raw and not _marked(raw[f])), None)
    if written is None:
        return {}, ("birth-missing",)
    birth = read_birth(written, setting.today)
    if birth.problem is not None:
        return {"birth_year": birth.year}, (*birth.notes, birth.problem)
    return {"birth_date": birth.day, "birth_year": birth.year}, (*birth.notes, *_age_notes(birth, raw, setting))


def _age_notes(birth: Birth, raw: Mapping[Field, Raw], setting: Setting) -> tuple[str, ...]:
    """Counted in calendar years: who turns fifteen this year may be on this year's list."""
    assert birth.year is not None
    age = setting.today.year - birth.year
    if age < YOUNGEST:
        return ("too-young",)
    return ("too-old",) if age > OLDEST and Field.POST not in raw else ()


def _sex(raw: Mapping[Field, Raw], setting: Setting) -> Read:
    if Field.SEX not in raw:
        for meaning, sex in ((Field.MALE, Sex.MALE), (Field.FEMALE, Sex.FEMALE)):
            if meaning in raw:
                return {"sex": sex}, ()
        return {}, ()
    word = folded(str(raw[Field.SEX])).strip(" .")
    if word in ("nam", "trai", "m", "male", "0"):
        return {"sex": Sex.MALE}, ()
    if word in ("nu", "gai", "f", "female", "1", "x"):
        return {"sex": Sex.FEMALE}, ()
    return {}, ("sex-unknown",)


def _phone(raw: Mapping[Field, Raw], setting: Setting) -> Read:
    written = raw.get(Field.PHONE)
    if (
        written is None
        or not re.search(r"\w", str(written))
        or folded(str(written)) in ("khong", "khong co", "ko", "chua co")
    ):
        return {}, ()
    phone = read_phone(written)
    if phone.problem is not None:
        return {}, (phone.problem,)
    return {"phone": phone.e164, "other_phones": phone.others}, phone.notes


def read_email(text: str) -> tuple[str | None, str | None]:
    """The address in its one form, or None and the code of what is wrong with it."""
    plain = tidied(unicodedata.normalize("NFKC", text)).lower()
    mended = re.sub(r"\s+", "", plain).removeprefix("mailto:").strip(".,;<>").replace(",", ".")
    if not _EMAIL.match(mended) or ".." in mended or len(mended) > 254:
        return None, "email-unreadable"
    return mended, None


def _email(raw: Mapping[Field, Raw], setting: Setting) -> Read:
    written = raw.get(Field.EMAIL)
    if written is None or _says_none(written):
        return {}, ()
    email, problem = read_email(str(written))
    if problem is not None:
        return {}, (problem,)
    return {"email": email}, () if email == tidied(str(written)).lower() else ("email-repaired",)


def _branch(raw: Mapping[Field, Raw], setting: Setting) -> Read:
    written = raw.get(Field.BRANCH)
    if written is None:
        return ({"unit_id": setting.unit_id}, ()) if setting.unit_id else ({}, ("branch-missing",))
    found = setting.branches.found(str(written))
    if len(found) == 1:
        return {"unit_id": found[0]}, ()
    return {}, ("branch-ambiguous" if found else "branch-unknown",)


def _kind(raw: Mapping[Field, Raw], setting: Setting) -> Read:
    written = raw.get(Field.KIND)
    if written is None:
        return {"kind": Standing.MEMBER if Field.ADMITTED in raw else setting.kind}, ()
    word = " ".join(re.findall(r"[a-z0-9✓✔]+", folded(str(written))))
    if word in ("doan vien", "dv", "doan vien uu tu", "dvut") or word in _MARKED:
        return {"kind": Standing.MEMBER}, ()
    if word in ("thanh nien", "tn", "thanh nien ngoai doan", "hoi vien", "hv", "ngoai doan"):
        return {"kind": Standing.YOUTH}, ()
    return {}, ("kind-unknown",)


def _admitted(raw: Mapping[Field, Raw], setting: Setting) -> Read:
    written = raw.get(Field.ADMITTED)
    admitted = read_birth(written, setting.today) if written is not None else Birth()
    return {"admitted": admitted.day}, ()


def _says_none(raw: Raw) -> bool:
    return not re.search(r"\w", str(raw)) or folded(str(raw)) in _NONE


def _marked(raw: Raw) -> bool:
    return folded(str(raw)).strip() in _MARKED


_READERS: tuple[tuple[Field, Callable[[Mapping[Field, Raw], Setting], Read]], ...] = (
    (Field.NAME, _name),
    (Field.BIRTH, _birth),
    (Field.SEX, _sex),
    (Field.PHONE, _phone),
    (Field.EMAIL, _email),
    (Field.BRANCH, _branch),
    (Field.KIND, _kind),
    (Field.ADMITTED, _admitted),
)
