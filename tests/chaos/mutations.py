"""`python -m tests.chaos.mutations`: take one guarantee away at a time, and see the tests go red.

Each mutation is made in a copy of the tree; then the tests that stand for the guarantee are run there. A mutation under
which they stay green is a guarantee that nobody watches, and the program ends with 1.

`--check` runs none of them: it says which can't be made in the present code, or would break it instead of changing it.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.chaos import mutations_inside, mutations_of_operators, mutations_outside
from tests.chaos.findings import say, table
from tests.chaos.mutation import Mutation

ROOT = Path(__file__).parents[2]
SECONDS_PER_MUTATION = 240.0
MUTATIONS = (*mutations_inside.MUTATIONS, *mutations_outside.MUTATIONS, *mutations_of_operators.MUTATIONS)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.mutations", description=__doc__)
    parser.add_argument("--only", default="", help="those whose guarantee or file contains this")
    parser.add_argument("--without-servers", action="store_true", help="leave out those that start Kafka or mongod")
    parser.add_argument("--with-servers", action="store_true", help="only those that start Kafka or mongod")
    parser.add_argument("--from", type=int, default=1, dest="first", metavar="N", help="begin with the Nth")
    parser.add_argument("--to", type=int, default=len(MUTATIONS), dest="last", metavar="N", help="end with the Nth")
    parser.add_argument("--list", action="store_true", help="only say which there are")
    parser.add_argument("--check", action="store_true", help="only say which do not fit the present code")
    chosen = parser.parse_args()
    if chosen.check:
        found = [f"{mutation.guarantee}: {fault}" for mutation in MUTATIONS for fault in faults(mutation)]
        say("\n".join([*found, f"{len(MUTATIONS)} mutations, {len(found)} faults"]))
        return 1 if found else 0
    if chosen.list:
        say("\n".join(f"{number:3}  {one.guarantee}" for number, one in enumerate(MUTATIONS, 1)))
        return 0
    rows: list[tuple[str, str, str]] = [("", "guarantee taken away", "what the tests said")]
    with tempfile.TemporaryDirectory(prefix="mutations-") as directory:
        tree = copied(Path(directory) / "tree")
        for mutation in MUTATIONS[chosen.first - 1 : chosen.last]:
            is_named = chosen.only in mutation.guarantee or chosen.only in mutation.file
            is_left_out = chosen.without_servers if mutation.real else chosen.with_servers
            if is_named and not is_left_out:
                red, said = tried(tree, mutation)
                rows.append(("red" if red else "GREEN", mutation.guarantee, said))
                say("  ".join(rows[-1]))
    say(table(f"{len(rows) - 1} mutations", rows))
    return 1 if any(mark == "GREEN" for mark, *_ in rows) else 0


def faults(mutation: Mutation) -> Iterator[str]:
    """Why the mutation proves nothing now: its tests would stay green, or fail for another reason than a missing line.
    In words."""
    original = (ROOT / mutation.file).read_text(encoding="utf-8")
    if original.count(mutation.before) != 1:
        yield f"its line is {original.count(mutation.before)} times in {mutation.file}"
    ruff = [str(Path(sys.executable).with_name("ruff")), "check", "--isolated", "--quiet", "--select", "E9,F821", "-"]
    mutated = original.replace(mutation.before, mutation.after)
    broken = subprocess.run(ruff, input=mutated, capture_output=True, text=True, check=False)
    if broken.returncode:
        yield f"{mutation.file} is no valid code with it: {broken.stdout or broken.stderr}"
    named = [name for name in mutation.tests if name.startswith("tests/")]
    if not named:
        yield "it names no tests"
    for name in named:
        if not (ROOT / name).exists():
            yield f"there is no {name}"


def copied(tree: Path) -> Path:
    """What is under version control or about to be; with the same virtual environment and downloads."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        source, target = ROOT / name, tree / name
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
    (tree / ".local").symlink_to(ROOT / ".local")
    return tree


def tried(tree: Path, mutation: Mutation) -> tuple[bool, str]:
    """Whether the tests failed under the mutation, and their last line. The tree is as it was afterwards."""
    file = tree / mutation.file
    original = file.read_text(encoding="utf-8")
    if original.count(mutation.before) != 1:
        return False, f"{mutation.file} does not hold the line to be changed exactly once: mend this list"
    file.write_text(original.replace(mutation.before, mutation.after), encoding="utf-8")
    began = time.monotonic()
    try:
        outcome = subprocess.run(
            [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:randomly", *mutation.tests],
            cwd=tree,
            env={**os.environ, "PYTHONPATH": "services:.", "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS_PER_MUTATION,
        )
    except subprocess.TimeoutExpired:
        return True, f"did not end within {SECONDS_PER_MUTATION:.0f} s"
    finally:
        file.write_text(original, encoding="utf-8")
    failed = [line for line in outcome.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    said = failed[0].partition("::")[2].partition(" - ")[0] if failed else f"exit code {outcome.returncode}"
    return outcome.returncode == 1, f"{said} ({time.monotonic() - began:.0f} s)"


if __name__ == "__main__":
    sys.exit(main())
