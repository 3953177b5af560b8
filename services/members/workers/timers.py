"""What members does because time has passed, or because there is more to do than one request can."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from chassis.context import Context
from chassis.failures import VersionConflict
from chassis.messaging.timers import Timer
from chassis.outcome import Outcome
from chassis.storage.store import Store
from members.application.ports import KeySafe
from members.application.refresh_subtree import due_path_changes, refresh_subtree
from members.application.rotate_signing_keys import rotate_signing_keys
from members.workers.carrying_out import Carrier

T = TypeVar("T")

_A_RUN_TAKES_AT_MOST = 3.0
"""Seconds; a timer's run must end well within its lease."""


def timers(keys: KeySafe) -> tuple[Timer, ...]:
    def rotate(store: Store, context: Context) -> int:
        outcome = rotate_signing_keys(context, store, keys)
        store.commit(outcome.changes)
        return int(outcome.result is not None)

    return (
        Timer("carry out imports", 0.5, lambda store, context: Carrier(store, context).work(_A_RUN_TAKES_AT_MOST)),
        Timer(
            "refresh subtrees",
            2.0,
            _chunks(lambda context, store: due_path_changes(context, store, 1), refresh_subtree),
        ),
        Timer("rotate signing keys", 3600.0, rotate),
    )


def _chunks(
    due: Callable[[Context, Store], Sequence[T]], step: Callable[[Context, Store, T], Outcome[int]]
) -> Callable[[Store, Context], int]:
    """A run that does chunk after chunk of what is due, for a few seconds; the next run goes on."""

    def run(store: Store, context: Context) -> int:
        until, done = time.monotonic() + _A_RUN_TAKES_AT_MOST, 0
        while time.monotonic() < until and (work := due(context, store)):
            outcome = step(context, store, work[0])
            try:
                store.commit(outcome.changes)
            except VersionConflict:
                continue  # an officer or a former holder of the lease was faster: decide again
            done += outcome.result
        return done

    return run
