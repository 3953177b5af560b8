"""Passwords of the local system: made once, kept beside the data that they open."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path


class SecretStore:
    """Named secrets in one file that only its owner may read (mode 0600)."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._secrets: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}

    def get(self, name: str) -> str:
        """The secret of this name: 32 URL-safe characters, the same at every call and every start."""
        if name not in self._secrets:
            self._secrets[name] = secrets.token_urlsafe(24)
            self._write()
        return self._secrets[name]

    def _write(self) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        new = self._file.with_name(self._file.name + ".new")
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(self._secrets, file, indent=1)
        os.replace(new, self._file)
