"""What must hold before the system is started; each broken condition is one sentence."""

from __future__ import annotations

import fcntl
import shutil
from pathlib import Path
from typing import IO

from deploy.local.ports import is_free
from deploy.local.refusal import CannotStart
from deploy.local.system import Ports

LEAST_FREE_BYTES = 1_000_000_000


def hold_lock(file: Path) -> IO[str]:
    """The right to run in this folder, held until the file and all its inherited copies are closed."""
    file.parent.mkdir(parents=True, exist_ok=True)
    lock = file.open("a")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise CannotStart(
            "The system already runs from this folder, or is just stopping: end the other `make run` first."
        ) from None
    return lock


def require_disk(directory: Path, least_bytes: int = LEAST_FREE_BYTES) -> None:
    free = shutil.disk_usage(directory).free
    if free < least_bytes:
        raise CannotStart(
            f"Only {free // 1_000_000} MB are free on the disk of {directory}; "
            f"{least_bytes // 1_000_000} MB are needed."
        )


def require_ports(ports: Ports, further: dict[str, int]) -> None:
    """`further` are ports fixed by the environment, by the variable's name."""
    wanted = {
        "MEMBERS_PORT": ports.members,
        "SCHEDULING_PORT": ports.scheduling,
        "NOTIFICATIONS_PORT": ports.notifications,
        "RECEIVE_PORT": ports.receive,
        "INBOX_PORT": ports.inbox,
        "SMTP_PORT": ports.smtp,
        **further,
    }
    for name, port in wanted.items():
        if not is_free(port):
            raise CannotStart(f"Port {port} is in use by another program; set {name} to a free port.")
    if len(set(wanted.values())) < len(wanted):
        raise CannotStart(f"Two of {', '.join(wanted)} are the same port.")
