"""Commits that come at the same time go into one transaction, as databases' own group commit does.

Whoever comes while no transaction is under way commits at once, alone. Whoever comes while one is waits for it, and
then everything that has piled up goes into the next one: the more is asked at once, the fewer round trips and flushes
each needs. Nobody waits for others to come.

All of a transaction or none of it happens, so each part of it does; where one part spoils it for the others (a version
that has moved on, an id that is there), nothing of it has happened, and each is then committed by itself and told its
own result.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from chassis.failures import Unavailable

W = TypeVar("W")

MOST_TOGETHER = 32
"""Commits in one transaction."""
LARGE = 100
"""Documents from which on a commit goes by itself, so that small ones need not wait for it."""


class NothingCommitted(Exception):
    """A shared transaction was given up before its end: each of those in it may be tried by itself."""


@dataclass(slots=True)
class _Turn(Generic[W]):
    """One caller's commit. `gate` is held until somebody has told how it goes on."""

    work: W
    touched: frozenset[Hashable]
    gate: threading.Lock = field(default_factory=threading.Lock)
    leads: list[_Turn[W]] | None = None
    by_itself: bool = False
    error: Exception | None = None


class GroupCommit(Generic[W]):
    """Hands commits to `commit`, several at a time. Safe for threads.

    commit   makes one transaction of all it is given, or raises; NothingCommitted where it was given several and
             surely nothing of them is there
    touched  what a commit writes, so that two that write the same thing do not get into one transaction
    """

    def __init__(self, commit: Callable[[Sequence[W]], None], touched: Callable[[W], frozenset[Hashable]]) -> None:
        self._commit, self._touched = commit, touched
        self._lock = threading.Lock()
        self._under_way = False
        self._waiting: deque[_Turn[W]] = deque()

    def commit(self, work: W) -> None:
        """Returns once `work` is committed. Raises whatever committing it raises."""
        turn = _Turn(work, self._touched(work))
        if len(turn.touched) >= LARGE:
            self._commit([work])
            return
        with self._lock:
            if self._under_way:
                turn.gate.acquire()
                self._waiting.append(turn)
            else:
                self._under_way, turn.leads = True, [turn]
        if turn.leads is None:
            turn.gate.acquire()  # until the transaction that it is part of has ended, or it is to lead the next
        if turn.leads is not None:
            self._lead(turn.leads)
        if turn.by_itself:
            self._commit([work])
        elif turn.error is not None:
            raise turn.error

    def _lead(self, turns: list[_Turn[W]]) -> None:
        failed: BaseException | None = None
        try:
            self._commit([turn.work for turn in turns])
        except NothingCommitted:
            for turn in turns:
                turn.by_itself = True
        except BaseException as error:
            failed = error
            for turn in turns[1:]:  # what became of it may be unknown: they are told so, each by an error of his own
                turn.error = Unavailable(f"the shared transaction: {type(error).__name__}")
            raise
        finally:
            self._hand_over(gone=isinstance(failed, Unavailable))
            for turn in turns[1:]:
                turn.gate.release()

    def _hand_over(self, *, gone: bool) -> None:
        """Let the next transaction begin. Where the database is gone, those who wait have waited long enough."""
        with self._lock:
            refused = list(self._waiting) if gone else []
            if gone:
                self._waiting.clear()
            following = self._taken()
            self._under_way = bool(following)
        for turn in refused:
            turn.error = Unavailable("the transaction before it: the database did not answer")
            turn.gate.release()
        if following:
            following[0].leads = following
            following[0].gate.release()

    def _taken(self) -> list[_Turn[W]]:
        """Of those who wait the first ones that write different things."""
        taken: list[_Turn[W]] = []
        left: list[_Turn[W]] = []
        touched: set[Hashable] = set()
        while self._waiting and len(taken) < MOST_TOGETHER:
            turn = self._waiting.popleft()
            if touched.isdisjoint(turn.touched):
                touched |= turn.touched
                taken.append(turn)
            else:
                left.append(turn)
        self._waiting.extendleft(reversed(left))
        return taken
