"""`python -m deploy.local run | reset`, from the repository root."""

from __future__ import annotations

import argparse
import sys

from deploy.local.refusal import CannotStart


def main() -> int:
    """0 after an orderly end; 1 with one sentence on standard error when it cannot start."""
    parser = argparse.ArgumentParser(prog="python -m deploy.local", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    run_parser = commands.add_parser("run", help="start everything, play the demo month, stay up")
    run_parser.add_argument("--without-demo", action="store_true", help="start with what data there is")
    commands.add_parser("reset", help="clear the data of the local system")
    asked = parser.parse_args()
    from deploy.local.run import reset, run

    try:
        if asked.command == "run":
            run(with_demo=not asked.without_demo)
        else:
            reset()
    except CannotStart as refusal:
        print(f"\n{refusal}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
