"""What the load must have had done, for a run to have proved anything about it."""

from __future__ import annotations

from collections import Counter

from tests.chaos.commands import Ledger
from tests.chaos.findings import Finding

ASKED_FOR = (
    "/v1/briefings",
    "/v1/assignment-meetings",
    "meeting moved",
    "meeting cancelled",
    "answer recorded",
    "activity proposed",
    "chi bộ agreed",
    "activity approved",
    "task assigned",
    "task: acknowledge",
    "task: complete",
    "task: accept",
    "task: return",
    "concern raised",
    "concern classified",
    "concern taken up",
    "concern answered",
    "concern confirmed",
    "concern disputed",
    "concern closed",
    "person registered",
    "person edited",
    "list uploaded",
    "list confirmed",
)
"""Names of commands; paths where one name stands for two."""


def everything_asked(ledger: Ledger) -> Finding:
    """Each was accepted at least once. Replies by SMS are no commands: they are proved where they end."""
    finding = Finding("the load had everything done that it knows")
    accepted = Counter(one.name for one in ledger.accepted()) + Counter(one.path for one in ledger.accepted())
    for name in ASKED_FOR:
        finding.look(accepted[name] > 0, name)
    return finding
