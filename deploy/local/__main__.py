"""`python -m deploy.local run | reset`, from the repository root."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from deploy.local.refusal import CannotStart
from deploy.local.run import STATE, LocalRun, reset


def main() -> int:
    """0 after an orderly end; 1 with one sentence on standard error when it cannot start."""
    parser = argparse.ArgumentParser(prog="python -m deploy.local", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    run_parser = commands.add_parser("run", help="start everything, play the demo month, stay up")
    run_parser.add_argument("--without-demo", action="store_true", help="start with what data there is")
    commands.add_parser("reset", help="clear the data of the local system")
    parser.add_argument("--state", type=Path, default=STATE, help="where data, logs and downloads lie (%(default)s)")
    asked = parser.parse_args()
    try:
        if asked.command == "run":
            LocalRun(os.environ, asked.state.resolve()).run(with_demo=not asked.without_demo)
        else:
            reset(asked.state.resolve())
    except CannotStart as refusal:
        print(f"\n{refusal}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
