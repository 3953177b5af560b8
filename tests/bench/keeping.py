"""Results as JSON: machine, commit, every run of every benchmark."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.bench.figures import Findings
from tests.bench.ground import machine
from tests.bench.tables import tell


def write(path: Path, found: Sequence[Sequence[Findings]], *, small: bool) -> None:
    """Replaces what is there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    kept: dict[str, Any] = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _commit(),
        "machine": machine(),
        "load": [round(load, 1) for load in os.getloadavg()],
        "small": small,
        "benches": {runs[0].bench: [one.as_json() for one in runs] for runs in found if runs},
    }
    path.write_text(json.dumps(kept, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    tell(f"\n{kept['machine']['cores']} cores of {kept['machine']['cpu']}, load {kept['load'][0]}; results in {path}")


def read(path: Path) -> dict[str, Any]:
    """Raises OSError or ValueError."""
    kept: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return kept


def _commit() -> str:
    said = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return said.stdout.strip() or "unknown"
