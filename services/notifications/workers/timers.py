"""What notifications does because time has passed."""

from __future__ import annotations

import time
from collections.abc import Callable

from chassis.context import Context
from chassis.failures import VersionConflict
from chassis.messaging.timers import Timer
from chassis.storage.changes import Changes
from chassis.storage.store import Store
from notifications.application.receipts import fold_receipts
from notifications.application.refusals import forget_settled_refusals

_A_RUN_TAKES_AT_MOST = 3.0
"""Seconds; a timer's run must end well within its lease."""


def _in_batches(step: Callable[[Store, Context], tuple[Changes, int]]) -> Callable[[Store, Context], int]:
    def run(store: Store, context: Context) -> int:
        until, done = time.monotonic() + _A_RUN_TAKES_AT_MOST, 0
        while time.monotonic() < until:
            changes, count = step(store, context)
            try:
                store.commit(changes)
            except VersionConflict:
                continue  # a deliverer took one of the rows meanwhile: decide again
            done += count
            if not count:
                break
        return done

    return run


def _forget_settled_refusals(store: Store, _: Context) -> int:
    changes = forget_settled_refusals(store)
    store.commit(changes)
    return len(changes.changes)


TIMERS = (
    Timer("fold receipts", 0.5, _in_batches(fold_receipts)),
    Timer("forget settled refusals", 30.0, _forget_settled_refusals),
)
"""Receipts that never came and messages that waited too long have due times: they are the deliverers' work."""
