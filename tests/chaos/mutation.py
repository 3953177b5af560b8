"""What a mutation is: a line of the product taken away, and the tests that must miss it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

CONSUMING = ("tests/integration/messaging/test_consuming.py", "-k", "memory")
PUBLISHING = ("tests/integration/messaging/test_publishing.py", "-k", "memory")
POISON = ("tests/integration/messaging/test_poison.py", "-k", "memory")
COMMANDS = ("tests/unit/chassis/web/test_commands.py",)
DELIVERING = tuple(
    f"tests/component/notifications/test_{name}.py"
    for name in ("delivering", "invitations", "moves_and_cancellations", "receipts", "replies")
)
AGAIN = ("tests/component/notifications/test_reading_again.py",)
FENCE = ("tests/chaos/test_fence.py",)
STORE = ("tests/integration/storage/test_store.py",)
IMPORTS = ("tests/component/members/test_imports.py",)
REBUILDING = ("tests/integration/messaging/test_rebuilding.py",)
REPUBLISHING = ("tests/integration/messaging/test_republishing.py",)
UNUSED_INDEXES = ("tests/integration/messaging/test_unused_indexes.py",)
QUEUE = ("tests/integration/notifications",)
RECEIVING = ("tests/component/notifications/test_receiving.py",)


@dataclass(frozen=True)
class Mutation:
    """`before`, once in `file`, becomes `after`; `tests` must then fail. `real`: they start servers."""

    guarantee: str
    file: str
    before: str
    after: str
    tests: Sequence[str]
    real: bool = False
