"""Names for numbers and mailboxes, so that the demo inbox shows people instead of digits.

Whoever plays the demo tells them; the sinks themselves learn nothing from an SMS about who gets it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path


class AddressBook:
    """Names by person (E.164 number or mailbox), kept in a file beside the messages."""

    def __init__(self, directory: Path) -> None:
        self._file = directory / "people.json"
        self.names: dict[str, str] = json.loads(self._file.read_text()) if self._file.exists() else {}

    def add(self, names: Mapping[str, str]) -> None:
        self.names.update(names)
        self._file.write_text(json.dumps(self.names, ensure_ascii=False), encoding="utf-8")

    def clear(self) -> None:
        self.names.clear()
        self._file.unlink(missing_ok=True)
