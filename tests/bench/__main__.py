"""`python -m tests.bench b1 … b9 | all [--runs N] [--small] [--json FILE]`, `python -m tests.bench compare A B`."""

from __future__ import annotations

import argparse
import gc
import importlib
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.bench.comparing import compare
from tests.bench.figures import Findings
from tests.bench.keeping import write
from tests.bench.tables import show, summarise, tell

BENCHES = {
    "b1": "b1_sms",
    "b2": "b2_slow_gateway",
    "b3": "b3_email",
    "b4": "b4_first_sms",
    "b5": "b5_api",
    "b6": "b6_relay",
    "b7": "b7_consume",
    "b8": "b8_scale",
    "b9": "b9_start",
}
RESULTS = Path(".local/bench")


def main(arguments: Sequence[str]) -> int:
    """0 when all targets are met, 3 when one is missed; small sizes have no targets."""
    if arguments[:1] == ["compare"]:
        return compare(Path(arguments[1]), Path(arguments[2])) if len(arguments) == 3 else _misused()
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("benches", nargs="+", choices=[*BENCHES, "all"])
    parser.add_argument("--runs", type=int, default=1, help="how often; the table then shows the spread")
    parser.add_argument("--small", action="store_true", help="tiny sizes: shows that a bench works, measures nothing")
    parser.add_argument("--json", type=Path, help=f"where the results go (default: a file in {RESULTS})")
    options = parser.parse_args(arguments)
    names = list(BENCHES) if "all" in options.benches else options.benches
    found = [_runs(name, options.runs, options.small) for name in names]
    write(options.json or RESULTS / f"{'-'.join(options.benches)}.json", found, small=options.small)
    missed = [verdict for runs in found for one in runs for verdict in one.verdicts if not verdict.met]
    return 3 if missed and not options.small else 0


def _runs(name: str, number: int, small: bool) -> list[Findings]:
    bench = importlib.import_module(f"tests.bench.{BENCHES[name]}")
    found: list[Findings] = []
    for _ in range(number):
        gc.collect()
        gc.freeze()  # what earlier runs left must not weigh on a piece that is measured in this process
        found.append(bench.run(small))
        show(found[-1])
    summarise(found)
    return found


def _misused() -> int:
    tell("usage: python -m tests.bench compare A.json B.json")
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
