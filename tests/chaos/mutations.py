"""`python -m tests.chaos.mutations`: take one guarantee away at a time, and see the tests go red.

Each mutation is made in a copy of the tree; then the tests that stand for the guarantee are run there. A mutation under
which they stay green is a guarantee that nobody watches, and the program ends with 1.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.chaos.findings import say, table

ROOT = Path(__file__).parents[2]
SECONDS_PER_MUTATION = 240.0
CONSUMING = ("tests/integration/messaging/test_consuming.py", "-k", "memory")
PUBLISHING = ("tests/integration/messaging/test_publishing.py", "-k", "memory")
POISON = ("tests/integration/messaging/test_poison.py", "-k", "memory")
COMMANDS = ("tests/unit/chassis/web/test_commands.py",)
DELIVERING = ("tests/component/notifications",)
FENCE = ("tests/chaos/test_fence.py",)
STORE = ("tests/integration/storage/test_store.py",)
QUEUE = ("tests/integration/notifications",)


@dataclass(frozen=True)
class Mutation:
    """`before`, once in `file`, becomes `after`; `tests` must then fail. `real`: they start servers."""

    guarantee: str
    file: str
    before: str
    after: str
    tests: Sequence[str]
    real: bool = False


MUTATIONS = (
    Mutation(
        "design §4 ①: the inbox row is in the reaction's transaction",
        "services/chassis/messaging/reacting.py",
        "return changes.insert(INBOX, InboxRow(id=self._inbox_id(arrival), received_at=self._clock()))",
        "return changes",
        CONSUMING,
    ),
    Mutation(
        "design §4 ②: an aggregate is changed by compare-and-set (twin)",
        "services/chassis/storage/memory.py",
        'if stored is None or stored["version"] != version - 1:',
        "if stored is None:",
        COMMANDS,
    ),
    Mutation(
        "design §4 ②: an aggregate is changed by compare-and-set (MongoDB)",
        "services/chassis/storage/mongo.py",
        'ReplaceOne({"_id": row["_id"], "version": row["version"] - 1}, row)',
        'ReplaceOne({"_id": row["_id"]}, row)',
        STORE,
        real=True,
    ),
    Mutation(
        "design §4 ③: the outbox row is in the same transaction",
        "services/chassis/messaging/outbox.py",
        "return changes.insert(\n        OUTBOX,",
        "return Changes().insert(\n        OUTBOX,",
        ("tests/component/members/test_units.py",),
    ),
    Mutation(
        "§4: a POST's idempotency row is in its transaction",
        "services/chassis/web/commands.py",
        "changes.insert(IDEMPOTENCY, to_store(response, id=id, at=context.now))",
        "pass",
        COMMANDS,
    ),
    Mutation(
        "§4 relay: nothing is sent without the lease",
        "services/chassis/messaging/lease.py",
        "return self._holding is not None and self._monotonic() < self._until",
        "return self._holding is not None",
        ("tests/chaos/test_taking_over.py",),
    ),
    Mutation(
        "§4 relay: marked only when acknowledged",
        "services/chassis/messaging/relay.py",
        "        sending, sent = self._on_its_way\n        self._await(sending)",
        "        sending, sent = self._on_its_way",
        PUBLISHING,
    ),
    Mutation(
        "§4 relay: what is not marked yet is not sent again",
        "services/chassis/messaging/relay.py",
        "        if aggregate in self._unmarked:\n            return False\n",
        "",
        ("tests/component/messaging", *PUBLISHING),
    ),
    Mutation(
        "§4 relay: only the lowest version is taken from what was read",
        "services/chassis/messaging/relay.py",
        "if aggregate not in seen and self._may_take(aggregate):",
        "if self._may_take(aggregate):\n                    lowest.pop(aggregate, None)",
        PUBLISHING,
    ),
    Mutation(
        "§4 relay: whoever takes over publishes the recent states again",
        "services/chassis/messaging/relay.py",
        "            self._unless_away(self.take_over, waiting)\n",
        "",
        ("tests/chaos/test_taking_over.py",),
    ),
    Mutation(
        "§4 relay: a zombie's late sends make the states go out once more",
        "services/chassis/messaging/relay.py",
        "self._lease.late != self._late_seen or ",
        "",
        PUBLISHING,
    ),
    Mutation(
        "§4 relay: once nothing late can come, the states go out again",
        "services/chassis/messaging/relay.py",
        "return self._to_make_good_at is not None and self._monotonic() >= self._to_make_good_at",
        "return False",
        ("tests/component/messaging", *PUBLISHING),
    ),
    Mutation(
        "§4 relay: the broker refuses a state that comes too late",
        "services/chassis/messaging/kafka/topics.py",
        '        "message.timestamp.before.max.ms": str(STATES_ARRIVE_WITHIN * 1000),\n',
        "",
        ("tests/integration/messaging/test_publishing.py", "-k", "refused_by_the_broker"),
        real=True,
    ),
    Mutation(
        "§4 consumer: offsets are committed after, not before",
        "services/chassis/messaging/consumer.py",
        "        records = self._source.poll(self._poll_seconds)\n        try:",
        "        records = self._source.poll(self._poll_seconds)\n"
        "        self._done = {one.lane: one.offset + 1 for one in records}\n        self._commit()\n        try:",
        CONSUMING,
    ),
    Mutation(
        "§4 read models: an older state does not replace a newer one",
        "services/chassis/storage/memory.py",
        'if stored is not None and stored["version"] >= row["version"]:',
        "if False:",
        CONSUMING,
    ),
    Mutation(
        "§4 read models: an erased state leaves a stub",
        "services/chassis/storage/memory.py",
        "self._guarded(kind, stub(id, version))",
        "self._of(kind).pop(id, None)",
        (*STORE, "-k", "memory"),
    ),
    Mutation(
        "§4 errors: what is malformed is kept as a dead letter",
        "services/chassis/messaging/consumer.py",
        "self._waiting.until_available(lambda: self._store.commit(Changes().insert_absent(DEAD_LETTERS, letter)))",
        "pass",
        POISON,
    ),
    Mutation(
        "§4 errors: what is not ready holds those behind it on its lane",
        "services/chassis/messaging/reacting.py",
        "        if lane_of(arrival.record) in self._occupied:\n            self._park(",
        "        if False:\n            self._park(",
        POISON,
    ),
    Mutation(
        "§4 errors: a handler's error is tried five times",
        "services/chassis/messaging/reacting.py",
        "TRIES = 5",
        "TRIES = 1",
        POISON,
    ),
    Mutation(
        "§4 errors: a consumer that only fills the dead letters stops",
        "services/chassis/messaging/consumer.py",
        "        if dead and self._dead > self._number and",
        "        if False and self._dead > self._number and",
        POISON,
    ),
    Mutation(
        "§4 errors: a released dead letter is applied once",
        "services/chassis/messaging/dead_letters.py",
        '    if letter.state != "open":\n',
        "    if False:\n",
        POISON,
    ),
    Mutation(
        "§4 edge: the attempt is recorded before the call (MongoDB)",
        "services/notifications/adapters/mongo_queue.py",
        '"$inc": {"attempts": 1, "version": 1},',
        '"$inc": {"version": 1},',
        QUEUE,
        real=True,
    ),
    Mutation(
        "§4 edge: a lost claim writes no result",
        "services/notifications/adapters/memory_queue.py",
        "if row is None or row.claim != result.claim or row.state not in CLAIMED:",
        "if row is None:",
        (*DELIVERING, *QUEUE),
    ),
    Mutation(
        "§4 edge: an outcome that is unknown is asked for before sending again",
        "services/notifications/application/sort_out.py",
        "if row.state is State.ASKING:",
        "if False:",
        DELIVERING,
    ),
    Mutation(
        "§4 edge: consent is looked at again when the message leaves",
        "services/notifications/application/sort_out.py",
        'return (State.SKIPPED, "refused") if is_refused and not notice.even_if_refused else None',
        "return None",
        DELIVERING,
    ),
    Mutation(
        "§4 edge: what is overtaken is not sent",
        "services/notifications/application/sort_out.py",
        "    if notice.stopped is not None:\n        return State.STOPPED, notice.stopped\n",
        "",
        DELIVERING,
    ),
    Mutation(
        "§4 edge: a message past its time is not sent",
        "services/notifications/application/sort_out.py",
        "if notice.valid_until <= known.now:",
        "if False:",
        DELIVERING,
    ),
    Mutation(
        "§4 edge: a delivery's id is the same for the same event, person and channel",
        "services/notifications/domain/delivery.py",
        'return blake2b(f"{event_id}\\n{person_id}\\n{channel.value}".encode(), digest_size=16).hexdigest()',
        "import secrets\n\n    return secrets.token_hex(16)",
        DELIVERING,
    ),
    Mutation(
        "§4 edge: doubt about an attempt outlives the delivery's end",
        "services/notifications/domain/delivery.py",
        "return State.UNKNOWN if in_doubt and state not in TOLD | CLAIMED else state",
        "return state",
        DELIVERING,
    ),
    Mutation(
        "§5 permission: a unit's rights end at its subtree",
        "services/chassis/permissions.py",
        "not self.below.isdisjoint(target.unit_path)",
        "bool(self.below)",
        FENCE,
    ),
    Mutation(
        "§5 permission: lists are filtered by the same reach",
        "services/chassis/permissions.py",
        'parts.append({path: {"$in": sorted(self.below)}})',
        'parts.append({path: {"$exists": True}})',
        FENCE,
    ),
    Mutation(
        "§5 permission: what one may not see answers as if it were not there",
        "services/chassis/permissions.py",
        "    if not permits(principal, seen_with, target, on):\n        raise missing(*what)\n",
        "",
        FENCE,
    ),
    Mutation(
        "§5 tokens: an expired one does not count",
        "services/chassis/web/authentication.py",
        "if claims.exp <= now:",
        "if False:",
        FENCE,
    ),
    Mutation(
        "§5 tokens: a revoked one does not count",
        "services/chassis/web/authentication.py",
        "if standing is not None and (standing.disabled",
        "if False and (standing.disabled",
        FENCE,
    ),
    Mutation(
        "§5 tokens: one for another system does not count",
        "services/chassis/web/authentication.py",
        "if claims.iss != self._issuer or claims.aud != AUDIENCE:",
        "if False:",
        FENCE,
    ),
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.mutations", description=__doc__)
    parser.add_argument("--only", default="", help="those whose guarantee or file contains this")
    parser.add_argument("--without-servers", action="store_true", help="leave out those that start Kafka or mongod")
    chosen = parser.parse_args()
    rows: list[tuple[str, str, str]] = [("", "guarantee taken away", "what the tests said")]
    with tempfile.TemporaryDirectory(prefix="mutations-") as directory:
        tree = copied(Path(directory) / "tree")
        for mutation in MUTATIONS:
            wanted = chosen.only in mutation.guarantee or chosen.only in mutation.file
            if wanted and not (mutation.real and chosen.without_servers):
                red, said = tried(tree, mutation)
                rows.append(("red" if red else "GREEN", mutation.guarantee, said))
                say("  ".join(rows[-1]))
    say(table(f"{len(rows) - 1} mutations", rows))
    return 1 if any(mark == "GREEN" for mark, *_ in rows) else 0


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
