"""Vietnamese names: how they are written down, searched for and sorted."""

from __future__ import annotations

import re
import unicodedata

_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060\ufeff]")
_NUMBERED = re.compile(r"^\s*\d{1,4}\s*[.)\-]\s*")
_DIGITS = re.compile(r"\d+")


def tidied(text: str) -> str:
    """NFC, without invisible signs, single spaces: the form in which every text is stored."""
    return " ".join(_INVISIBLE.sub("", unicodedata.normalize("NFC", text)).split())


def folded(text: str) -> str:
    """What searches and comparisons use: lower case, no diacritics, đ as d, so that hoà equals hòa equals hoa."""
    bare = "".join(sign for sign in unicodedata.normalize("NFD", tidied(text)) if not unicodedata.combining(sign))
    return bare.replace("đ", "d").replace("Đ", "D").casefold()


def words(*texts: str) -> tuple[str, ...]:
    """The folded words of some texts, each once."""
    return tuple(dict.fromkeys(re.findall(r"[a-z0-9]+", " ".join(folded(text) for text in texts))))


def name_sort_key(full_name: str) -> str:
    """Sorts by given name, then the rest: `Nguyễn Văn An` → `an nguyen van`."""
    parts = folded(full_name).split()
    return " ".join([*parts[-1:], *parts[:-1]])


def natural_sort_key(text: str) -> str:
    """Sorts `Lộc Tây 2` before `Lộc Tây 10`."""
    return _DIGITS.sub(lambda digits: digits.group().zfill(6), folded(text))


def repaired_name(text: str) -> str:
    """A person's name as it should be written: without a number before it, and not all in capitals."""
    name = tidied(_NUMBERED.sub("", text)).strip(" .,;:*-")
    letters = [sign for sign in name if sign.isalpha()]
    if letters and (all(sign.isupper() for sign in letters) or all(sign.islower() for sign in letters)):
        name = " ".join(part.capitalize() for part in name.split())
    return name


def is_name(text: str) -> bool:
    """Whether a text can be a person's name: two words or more, letters only (H'Hen Niê, Y Moan too)."""
    parts = text.split()
    return 2 <= len(parts) <= 8 and all(sign.isalpha() or sign in "'’.-" for part in parts for sign in part)
