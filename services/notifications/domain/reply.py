"""What people mean by what they type: `1`, `2 K7`, `co`, `Không ạ`, `TC`."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from hashlib import blake2b

from notifications.domain.sms_text import without_accents


class Meaning(StrEnum):
    COMING = "coming"
    NOT_COMING = "not_coming"
    OPT_OUT = "opt_out"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class Understood:
    """`code`: how the code of the invitation that it is about begins, where the person wrote it."""

    meaning: Meaning
    code: str | None = None


_YES = {"1", "co", "du", "di", "dong y", "tham gia", "ok", "yes", "y", "se du", "co du", "co mat", "tham du"}
_NO = {"2", "khong", "ko", "k", "vang", "ban", "khong du", "xin vang", "no", "n", "khong di", "vang mat", "khong co"}
_STOP = {"tc", "huy", "tu choi", "stop", "huy tin", "ngung"}
_POLITE = {"a", "nhe", "nha", "ah", "em", "anh", "chi", "da", "vang a", "roi", "minh", "toi"}

_LETTERS = "BCDFGHKLMNPRSTVX"  # no vowels, so that no code is a word
_FURTHER = _LETTERS + "23456789"
_SHORTEST, _LONGEST = 2, 4
_CODED = re.compile(
    rf"^(?:([12])\s*[-:.,]?\s*|(.+?)[\s\-:.,]+)([{_LETTERS}][{_FURTHER}]{{{_SHORTEST - 1},{_LONGEST - 1}}})$",
    re.IGNORECASE,
)


def invitation_code(about: str, person_id: str) -> str:
    """Four signs that are an invitation's own, e.g. `K7BX`; no sign looks like another."""
    first, *further = blake2b(f"{about}\n{person_id}".encode(), digest_size=_LONGEST).digest()
    return _LETTERS[first % len(_LETTERS)] + "".join(_FURTHER[one % len(_FURTHER)] for one in further)


def told_apart(code: str, others: Collection[str]) -> str:
    """How `code` begins, as briefly as tells it from the `others` of a phone: two signs, or with 0.3 % three.

    Of two codes that are the same, once in 220,000 pairs, it is all; then the reply is left for an officer.
    """
    for length in range(_SHORTEST, _LONGEST):
        if not any(other.startswith(code[:length]) for other in others):
            return code[:length]
    return code


def understand(text: str) -> Understood:
    """The meaning of a reply, whatever its accents, case and politeness."""
    plain = re.sub(r"\s+", " ", without_accents(text)).strip(" .!,;:\"'()[]")
    meaning = _meaning(plain)
    if meaning is not Meaning.UNCLEAR:
        return Understood(meaning)
    coded = _CODED.match(plain)
    if coded is not None:
        meaning = _meaning(coded.group(1) or coded.group(2))
        if meaning in (Meaning.COMING, Meaning.NOT_COMING):
            return Understood(meaning, coded.group(3).upper())
    return Understood(Meaning.UNCLEAR)


def _meaning(plain: str) -> Meaning:
    words = plain.lower().strip(" .!,;:\"'()[]-")
    if words == "da":  # “dạ” alone is yes
        return Meaning.COMING
    for candidate in (words, _without_politeness(words)):
        if candidate in _STOP:
            return Meaning.OPT_OUT
        if candidate in _YES:
            return Meaning.COMING
        if candidate in _NO:
            return Meaning.NOT_COMING
    return Meaning.UNCLEAR


def _without_politeness(words: str) -> str:
    return " ".join(word for word in re.split(r"[ ,.!]+", words) if word and word not in _POLITE)
