"""The templates of services/notifications/templates: a folder per message, a file per channel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from jinja2 import FileSystemLoader, StrictUndefined, TemplateNotFound, select_autoescape
from jinja2.sandbox import SandboxedEnvironment

from notifications.domain.notice import CODE, GREETING, NAME, UNSUBSCRIBE, Texts
from notifications.domain.sms_text import as_sent

FOLDER = Path(__file__).parent.parent / "templates"

_PLACES = {"name": NAME, "greeting": GREETING, "code": CODE, "unsubscribe": UNSUBSCRIBE}


class TemplateFiles:
    """`Composer` over Jinja2 in its sandbox. A name that a template uses and the words lack is an error, not a gap."""

    def __init__(self, *, diacritics: bool = False, folder: Path = FOLDER) -> None:
        self._diacritics, self._folder = diacritics, folder
        self._environment = SandboxedEnvironment(
            loader=FileSystemLoader(folder),
            autoescape=select_autoescape(["html"]),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )

    def compose(self, template: str, words: Any) -> Texts:
        names: dict[str, Any] = {field.name: getattr(words, field.name) for field in fields(words)} | _PLACES
        names["mail_subject"] = _one_line(self._render(f"{template}/subject.txt", names))
        return Texts(
            sms=as_sent(_one_line(self._render(f"{template}/sms.txt", names)), diacritics=self._diacritics),
            subject=names["mail_subject"],
            text=self._render(f"{template}/mail.txt", names).strip() + "\n",
            html=self._render(f"{template}/mail.html", names),
        )

    def templates(self) -> Sequence[str]:
        return sorted(entry.name for entry in self._folder.iterdir() if (entry / "sms.txt").is_file())

    def _render(self, file: str, names: dict[str, Any]) -> str:
        try:
            return self._environment.get_template(file).render(names)
        except TemplateNotFound as error:
            raise LookupError(f"there is no template {error.name}") from error


def _one_line(text: str) -> str:
    return " ".join(text.split())
