"""Text as a phone network counts it: accents removed, GSM-7 or UCS-2, parts.

Rules: 3GPP TS 23.038 (alphabet), TS 23.040 (concatenation). One part holds 160 GSM-7 or 70 UCS-2 units, a part of
several 153 or 67; characters of the extension table cost two; a pair is never split over two parts.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from math import ceil

GSM_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_EXTENSION = "\f^{}\\[~]|€"

_SPELLED = {
    "đ": "d",  # has no decomposition in Unicode
    "Đ": "D",
    "₫": "d",
    "“": '"',
    "”": '"',
    "„": '"',
    "«": '"',
    "»": '"',
    "‘": "'",
    "’": "'",
    "‚": "'",
    "′": "'",
    "`": "'",
    "´": "'",
    "–": "-",
    "—": "-",
    "‒": "-",
    "−": "-",
    "\u2010": "-",
    "\u2011": "-",
    "•": "-",
    "·": "-",
    "…": "...",
    "×": "x",
    "\t": " ",
    "\u00a0": " ",
    "\u2009": " ",
    "\u200a": " ",
    "\u202f": " ",
    "\u200b": "",
    "\u200c": "",
    "\u200d": "",
    "\ufeff": "",
}
_TABLE = {ord(sign): spelled for sign, spelled in _SPELLED.items()}
_MARKS = dict.fromkeys(range(0x0300, 0x0370))
"""Unicode's combining diacritical marks: dropped."""
_LATIN = {
    sign: unicodedata.normalize("NFD", chr(sign)).translate(_MARKS)
    for block in (range(0x00C0, 0x0250), range(0x1E00, 0x1F00))
    for sign in block
}
"""Latin letters without their marks, so that Vietnamese text takes one pass."""
_FOLDED = _LATIN | _TABLE | _MARKS


class Encoding(StrEnum):
    GSM7 = "gsm7"
    UCS2 = "ucs2"


@dataclass(frozen=True, slots=True)
class Size:
    """`units`: septets (GSM-7) or UTF-16 units (UCS-2). `parts`: what the gateway charges for."""

    encoding: Encoding
    units: int
    parts: int


def without_accents(text: str) -> str:
    """The text in plain letters, as a Vietnamese SMS is usually sent: `Đoàn xã` → `Doan xa`.

    What has no plain spelling becomes `?`, pictures are dropped; private-use signs (the places a template leaves for
    the personal part) stay.
    """
    if text.isascii() and text.isprintable() and "`" not in text:
        return text
    plain = text.translate(_FOLDED)
    if plain.isascii() and plain.isprintable() and "`" not in plain:  # Vietnamese text ends here
        return plain
    plain = unicodedata.normalize("NFD", text.translate(_TABLE)).translate(_MARKS)
    return "".join(_plain(sign) for sign in plain)


def _plain(sign: str) -> str:
    if sign in GSM_BASIC or sign in GSM_EXTENSION:
        return sign
    category = unicodedata.category(sign)
    if category in ("Mn", "So", "Cf", "Sk", "Cc"):
        return ""
    if category == "Co":
        return sign
    spelled = unicodedata.normalize("NFKD", sign)
    return spelled if size_of(spelled).encoding is Encoding.GSM7 else "?"


def size_of(text: str) -> Size:
    """How a gateway will encode and cut this text. Count the NFC form: NFD costs more parts for the same letters."""
    if text.isascii() and not any(sign in text for sign in "`^{}\\[~]|\f") and text.isprintable():
        return Size(Encoding.GSM7, len(text), _whole_parts(len(text), 160, 153))
    if all(sign in GSM_BASIC or sign in GSM_EXTENSION for sign in text):
        costs = [2 if sign in GSM_EXTENSION else 1 for sign in text]
        return Size(Encoding.GSM7, sum(costs), _packed_parts(costs, 160, 153))
    costs = [2 if ord(sign) > 0xFFFF else 1 for sign in text]
    return Size(Encoding.UCS2, sum(costs), _packed_parts(costs, 70, 67))


def as_sent(text: str, *, diacritics: bool) -> str:
    """The text as it goes to the gateway: composed (NFC), and folded unless diacritics are wanted and paid for."""
    return unicodedata.normalize("NFC", text) if diacritics else without_accents(text)


def _whole_parts(units: int, alone: int, joined: int) -> int:
    return 1 if units <= alone else ceil(units / joined)


def _packed_parts(costs: list[int], alone: int, joined: int) -> int:
    total = sum(costs)
    if total <= alone or 2 not in costs:
        return _whole_parts(total, alone, joined)
    parts, used = 1, 0
    for cost in costs:
        if used + cost > joined:
            parts, used = parts + 1, 0
        used += cost
    return parts
