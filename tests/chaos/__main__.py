"""`python -m tests.chaos [--seed N] [--minutes 10]`: the long run; ends with 1 when anything is broken."""

from __future__ import annotations

import argparse
import secrets
import sys
import tempfile
from pathlib import Path

from tests.chaos.campaign import run_campaign
from tests.chaos.faults import long_plan, short_plan


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(100_000))
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--short-faults", action="store_true", help="the faults of the test suite's run")
    parser.add_argument("--keep", type=Path, help="a new directory for data and logs, kept afterwards")
    chosen = parser.parse_args()
    draw, seconds = short_plan if chosen.short_faults else long_plan, chosen.minutes * 60
    with tempfile.TemporaryDirectory(prefix="chaos-", ignore_cleanup_errors=True) as temporary:
        directory = chosen.keep or Path(temporary)
        directory.mkdir(parents=True, exist_ok=True)
        campaign = run_campaign(
            directory, chosen.seed, seconds, lambda with_disk: draw(chosen.seed, seconds, with_disk=with_disk)
        )
    return 1 if campaign.broken else 0


if __name__ == "__main__":
    sys.exit(main())
