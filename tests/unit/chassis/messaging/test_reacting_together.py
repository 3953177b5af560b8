"""Several reactions share a transaction only where that cannot be told from one after the other."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from chassis.messaging.cloudevents import Record, headers_of
from chassis.messaging.envelope import Incoming
from chassis.messaging.reacting import Fate, Reactor, Settled
from chassis.messaging.routes import Routes
from chassis.messaging.waiting import Waiting
from chassis.runtime.shutdown import Shutdown
from chassis.storage.changes import Changes
from chassis.storage.memory import MemoryStore
from chassis.storage.store import Store
from tests.integration.messaging.playthings import (
    EVENTS,
    TALLIES,
    TOLD,
    MeetingMoved,
    Tally,
    Told,
    handlers,
    message,
    tell_moved,
)


class CountingStore(MemoryStore):
    """Counts its transactions."""

    def __init__(self) -> None:
        super().__init__()
        self.transactions = 0

    def commit(self, changes: Changes) -> None:
        self.transactions += 1
        super().commit(changes)


def react(store: Store, moved: Any, meetings: list[str]) -> list[Settled]:
    routes = Routes(handlers(moved=moved))
    settled: list[Settled] = []
    reactor = Reactor("reader", store, Waiting(Shutdown()), lambda: datetime.now(UTC), settled.append)
    said = [message(MeetingMoved(meeting_id=key, number=n), key, n) for n, key in enumerate(meetings, 1)]
    records = [
        Record(EVENTS, 0, offset, one.key.encode(), tuple(headers_of(one, "scheduling")), one.payload)
        for offset, one in enumerate(said)
    ]
    reactor.react([routes.arrival(record) for record in records])
    return settled


def test_reactions_that_do_not_meet_share_one_transaction() -> None:
    store = CountingStore()
    settled = react(store, tell_moved, [f"m-{number}" for number in range(100)])
    assert store.transactions == 1
    assert [one.fate for one in settled] == [Fate.APPLIED] * 100
    assert [one.arrival.record.offset for one in settled] == list(range(100))


def test_a_reaction_that_reads_what_an_earlier_one_writes_sees_it_written() -> None:
    store = CountingStore()
    react(store, tell_moved, ["m-1", "m-2", "m-1", "m-1"])
    assert store.transactions == 3
    tally = store.get(TALLIES, "m-1")
    assert tally is not None
    assert tally.events == ("moved 1", "moved 3", "moved 4")


def by_search(event: MeetingMoved, incoming: Incoming, store: Store) -> Changes:
    """Numbers what it tells by how much was told before: reads a whole kind."""
    number = store.count(TOLD, {})
    assert number == len(store.find(TOLD, {}))
    return Changes().insert(TOLD, Told(id=incoming.id, meeting_id=event.meeting_id, what=str(number)))


def test_a_reaction_that_searches_sees_all_that_earlier_ones_wrote() -> None:
    store = CountingStore()
    react(store, by_search, ["m-1", "m-2", "m-3"])
    assert sorted(row.what for row in store.find(TOLD, {})) == ["0", "1", "2"]


def same_document(event: MeetingMoved, incoming: Incoming, store: Store) -> Changes:
    """Writes without having read."""
    return Changes().project(TALLIES, Tally(id="one for all", version=event.number, events=(event.meeting_id,)))


def test_two_that_write_the_same_document_do_it_one_after_the_other() -> None:
    store = CountingStore()
    react(store, same_document, ["m-1", "m-2"])
    assert store.transactions == 2
    assert store.get(TALLIES, "one for all") == Tally(id="one for all", version=2, events=("m-2",))


def misled(event: MeetingMoved, incoming: Incoming, store: Store) -> Changes:
    """Fails on what it read before the earlier reaction was written; that failure must not count."""
    if event.number > 1 and store.get(TALLIES, "m-1") is None:
        raise RuntimeError("it should be there")
    return tell_moved(event, incoming, store)


def test_an_error_that_came_of_reading_too_early_does_not_count() -> None:
    store = CountingStore()
    settled = react(store, misled, ["m-1", "m-2"])
    assert [one.fate for one in settled] == [Fate.APPLIED, Fate.APPLIED]


@pytest.mark.parametrize("at", [0, 3, 6])
def test_when_one_cannot_be_committed_the_others_are(at: int) -> None:
    store = CountingStore()
    meetings = [f"m-{number}" for number in range(7)]
    store.commit(Changes().insert(TOLD, Told(id=f"taken-{meetings[at]}", meeting_id="", what="")))

    def collides(event: MeetingMoved, incoming: Incoming, inner: Store) -> Changes:
        told = Told(id=f"taken-{event.meeting_id}", meeting_id=event.meeting_id, what="moved")
        return Changes().insert(TOLD, told)

    settled = react(store, collides, meetings)
    assert [one.fate for one in settled] == [Fate.DEAD if n == at else Fate.APPLIED for n in range(7)]
    assert settled[at].error == "AlreadyExists"
