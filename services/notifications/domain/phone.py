"""Phone numbers: kept as E.164 (`+84912345678`), told to Vietnamese gateways as `0912345678`."""

from __future__ import annotations

import re

_MOBILE = re.compile(r"^(?:\+?84|0)([35789]\d{8})$")


def national(e164: str) -> str:
    """`+84912345678` → `0912345678`; other countries' numbers as they are."""
    return "0" + e164[3:] if e164.startswith("+84") else e164


def e164(written: str) -> str | None:
    """`0912…`, `84912…` or `+84912…` as a gateway writes it → `+84912…`; None for what is no Vietnamese mobile."""
    found = _MOBILE.match(re.sub(r"[\s.\-()]", "", written))
    return "+84" + found.group(1) if found else None
