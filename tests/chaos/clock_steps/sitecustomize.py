"""Loaded by a process under test before anything else: its wall clock steps when its file says so.

`CHAOS_CLOCK_FILE` holds a number of seconds to be ahead of (or behind) the true time. Monotonic clocks stay true, as
they do when an administrator or a time daemon sets a machine's clock. The product knows nothing of it.
"""

import os
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

_FILE = os.environ.get("CHAOS_CLOCK_FILE")
_LOOK_EVERY_SECONDS = 0.25


def _follow(file: Path) -> None:
    """Looks at the file for ever; time_machine is loaded at the first step only."""
    stepped, travel = 0.0, None
    while True:
        try:
            wanted = float(file.read_text())
        except (OSError, ValueError):
            wanted = 0.0
        if wanted != stepped:
            import time_machine

            if travel is not None:
                travel.stop()
                travel = None
            if wanted:
                travel = time_machine.travel(datetime.now(UTC) + timedelta(seconds=wanted), tick=True)
                travel.start()
            stepped = wanted
        _SLEEP(_LOOK_EVERY_SECONDS)


_SLEEP = time.sleep


def _start() -> None:
    threading.Thread(target=_follow, args=(Path(str(_FILE)),), name="chaos-clock", daemon=True).start()


if _FILE:
    _start()
    os.register_at_fork(after_in_child=_start)
