"""The two languages an answer can be in: Vietnamese, unless the caller asks for English."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from flask import g, has_request_context, request

Language = Literal["vi", "en"]
DEFAULT_LANGUAGE: Language = "vi"


@dataclass(frozen=True, slots=True)
class Sentence:
    """The same sentence in both languages."""

    vi: str
    en: str

    def said_in(self, language: Language) -> str:
        return self.vi if language == "vi" else self.en


def chosen_language() -> Language:
    """The language that Accept-Language prefers of the two; Vietnamese when it says nothing of either."""
    if not has_request_context():
        return DEFAULT_LANGUAGE
    if "language" not in g:
        g.language = "en" if request.accept_languages.best_match(["vi", "en"]) == "en" else DEFAULT_LANGUAGE
    chosen: Language = g.language
    return chosen
