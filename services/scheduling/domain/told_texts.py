"""Short texts that travel on events to everyone invited: they must not carry a way to reach a person."""

from __future__ import annotations

import re
import unicodedata

from chassis.failures import Refusal

_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)+")
_DATE = re.compile(r"\b\d{1,2}\s?[./-]\s?\d{1,2}\s?[./-]\s?\d{4}\b")
_PHONE = re.compile(r"(?<!\d)(?:\+?84|0)(?:[\s.\-]?\d){8,10}(?!\d)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")


def has_contact(text: str) -> bool:
    """Whether a Vietnamese phone number or an e-mail address stands in `text`. Dates do not count as numbers."""
    return bool(_EMAIL.search(text) or _PHONE.search(_DATE.sub(" ", text)))


def told_text(text: str, *, pointer: str, called_vi: str, called_en: str) -> str:
    """`text` in NFC on one line, without spaces around. Raises Refusal when it is empty or holds a contact."""
    clean = " ".join(_CONTROL.sub(" ", unicodedata.normalize("NFC", text)).split())
    if not clean:
        raise Refusal(
            "text-missing",
            vi=f"Cần nhập {called_vi}.",
            en=f"The {called_en} is missing.",
            pointer=pointer,
        )
    if has_contact(clean):
        raise Refusal(
            "contact-in-text",
            vi=f"Không ghi số điện thoại hoặc e-mail trong {called_vi}: nội dung này được gửi cho mọi người được mời.",
            en=f"Leave phone numbers and e-mail addresses out of the {called_en}: everyone invited is told it.",
            pointer=pointer,
        )
    return clean


def free_text(text: str) -> str:
    """A text that stays here: NFC, without control characters other than line breaks, without spaces around."""
    lines = (_CONTROL.sub(" ", line).rstrip() for line in unicodedata.normalize("NFC", text).splitlines())
    return "\n".join(lines).strip()
