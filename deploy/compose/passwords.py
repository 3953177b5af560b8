"""Writes the passwords for `make up` into a file, once: `python3 deploy/compose/passwords.py <file>`."""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path

NAMES = (
    *(f"KAFKA_{user}_PASSWORD" for user in ("ADMIN", "MEMBERS", "SCHEDULING", "NOTIFICATIONS")),
    *(f"MONGO_{user}_PASSWORD" for user in ("ROOT", "MEMBERS", "SCHEDULING", "NOTIFICATIONS")),
    "KEY_ENCRYPTION_SECRET",
    "BOOTSTRAP_ADMIN_PASSWORD",
    "SMS_GATEWAY_API_KEY",
    "SMS_GATEWAY_SECRET_KEY",
)


def main(file: Path) -> None:
    """Keeps the file that is there: its passwords are in the data volumes too."""
    if file.exists():
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as output:
        output.writelines(f"{name}={secrets.token_urlsafe(24)}\n" for name in NAMES)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
