"""Commits at the same moment share a transaction; each is told its own result, and nobody waits without need."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import partial

import pytest

from chassis.failures import AlreadyExists, Unavailable
from chassis.storage.group_commit import LARGE, MOST_TOGETHER, GroupCommit, NothingCommitted
from tests.support.eventually import eventually

Work = tuple[str, ...]
"""The names of what a commit writes."""


class Ledger:
    """Commits into memory. The first transaction waits until the test lets it go on, so that others pile up."""

    def __init__(self, *, refuses: str = "", gone: bool = False, breaks: bool = False) -> None:
        self.transactions: list[list[Work]] = []
        self.refuses, self.gone, self.breaks = refuses, gone, breaks
        self.held, self.go_on = threading.Event(), threading.Event()
        self.group: GroupCommit[Work] = GroupCommit(self._commit, frozenset)

    def _commit(self, works: Sequence[Work]) -> None:
        if works[0] == ("first",):
            self.held.set()
            self.go_on.wait(10)
        if self.gone and works[0] == ("first",):
            raise Unavailable("no answer")
        if any(self.refuses in work for work in works if self.refuses):
            if len(works) > 1:
                raise NothingCommitted
            raise AlreadyExists("things", self.refuses)
        if self.breaks and len(works) > 1:
            raise RuntimeError("nobody knows what became of it")
        self.transactions.append(list(works))

    def has_seen(self, works: Sequence[Work]) -> bool:
        """Whether the small ones of these wait and the large ones are committed."""
        large = [work for work in works if len(work) >= LARGE]
        return len(self.group._waiting) == len(works) - len(large) and all([one] in self.transactions for one in large)


def at_once(ledger: Ledger, works: Sequence[Work]) -> list[Exception | None]:
    """What each is told, where all come while the first transaction is under way."""
    told: dict[int, Exception | None] = {}

    def commit(number: int, work: Work) -> None:
        try:
            ledger.group.commit(work)
            told[number] = None
        except Exception as error:
            told[number] = error

    threads = [threading.Thread(target=commit, args=(0, ("first",)))]
    threads[0].start()
    assert ledger.held.wait(10)
    for number, work in enumerate(works, 1):
        threads.append(threading.Thread(target=commit, args=(number, work)))
        threads[-1].start()
        eventually(partial(ledger.has_seen, works[:number]))
    ledger.go_on.set()
    for thread in threads:
        thread.join(10)
    return [told[number] for number in range(len(threads))]


def test_one_that_comes_alone_is_committed_alone() -> None:
    ledger = Ledger()
    ledger.group.commit(("a",))
    ledger.group.commit(("b",))
    assert ledger.transactions == [[("a",)], [("b",)]]


def test_those_who_come_while_a_transaction_is_under_way_share_the_next() -> None:
    ledger = Ledger()
    assert at_once(ledger, [("a",), ("b",), ("c",)]) == [None] * 4
    assert ledger.transactions == [[("first",)], [("a",), ("b",), ("c",)]]


def test_a_shared_transaction_has_an_end() -> None:
    ledger = Ledger()
    at_once(ledger, [(f"{number}",) for number in range(MOST_TOGETHER + 5)])
    assert [len(works) for works in ledger.transactions] == [1, MOST_TOGETHER, 5]


def test_where_one_spoils_it_each_is_committed_by_itself_and_told_its_own_result() -> None:
    ledger = Ledger(refuses="there")
    told = at_once(ledger, [("a",), ("there",), ("b",)])
    assert [type(error) for error in told] == [type(None), type(None), AlreadyExists, type(None)]
    assert sorted(ledger.transactions[1:]) == [[("a",)], [("b",)]]


def test_two_that_write_the_same_thing_do_not_share_a_transaction() -> None:
    ledger = Ledger()
    at_once(ledger, [("a", "same"), ("b", "same"), ("c",)])
    assert ledger.transactions == [[("first",)], [("a", "same"), ("c",)], [("b", "same")]]


def test_a_large_one_neither_waits_nor_is_waited_for() -> None:
    ledger = Ledger()
    large = tuple(str(number) for number in range(LARGE))
    at_once(ledger, [large, ("a",)])
    assert ledger.transactions == [[large], [("first",)], [("a",)]]


def test_while_the_database_is_gone_nobody_waits_for_more_than_one_transaction() -> None:
    ledger = Ledger(gone=True)
    told = at_once(ledger, [("a",), ("b",)])
    assert [type(error) for error in told] == [Unavailable] * 3
    assert ledger.transactions == []
    ledger.group.commit(("later",))
    assert ledger.transactions == [[("later",)]]


def test_where_it_is_not_known_what_became_of_it_everyone_in_it_is_told_so() -> None:
    ledger = Ledger(breaks=True)
    told = at_once(ledger, [("a",), ("b",)])
    assert [type(error) for error in told] == [type(None), RuntimeError, Unavailable]
    ledger.group.commit(("later",))
    assert ledger.transactions[-1] == [("later",)]


@pytest.mark.parametrize("writers", [8, 24])
def test_under_many_writers_everything_is_committed_once(writers: int) -> None:
    ledger = Ledger()
    names = [[f"{writer}-{number}" for number in range(20)] for writer in range(writers)]

    def write(own: list[str]) -> None:
        for name in own:
            ledger.group.commit((name,))

    threads = [threading.Thread(target=write, args=(own,)) for own in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    committed = [name for works in ledger.transactions for work in works for name in work]
    assert sorted(committed) == sorted(name for own in names for name in own)
