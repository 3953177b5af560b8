"""How a gateway counts a text: alphabet, units, parts (3GPP TS 23.038 and 23.040).

Written apart from the notifications service's own counting on purpose: the sink is its independent judge.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

GSM_7 = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_7_ESCAPED = frozenset("\f^{}\\[~]|€")  # two septets each


@dataclass(frozen=True)
class Measure:
    """`units` are septets in GSM-7 and 16-bit units in UCS-2."""

    encoding: str
    units: int
    parts: int


def measure(text: str) -> Measure:
    """What the text takes: 160 septets or 70 units in one part, 153 or 67 in each of several."""
    if all(letter in GSM_7 or letter in GSM_7_ESCAPED for letter in text):
        units = len(text) + sum(letter in GSM_7_ESCAPED for letter in text)
        return Measure("GSM-7", units, _parts(units, 160, 153))
    units = len(text.encode("utf-16-be")) // 2
    return Measure("UCS-2", units, _parts(units, 70, 67))


def _parts(units: int, alone: int, joined: int) -> int:
    return 1 if units <= alone else -(-units // joined)


def without_accents(text: str) -> str:
    """What the gateway makes of a text sent with IsUnicode = 0."""
    if text.isascii():
        return text
    bare = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    return "".join(letter for letter in bare if not unicodedata.combining(letter))
