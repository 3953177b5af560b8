"""What a user should know before he goes on, although nothing forbids it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Notice:
    """A warning: `code` is stable and part of the API; one sentence in Vietnamese and one in English."""

    code: str
    vi: str
    en: str
