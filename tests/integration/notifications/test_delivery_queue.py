"""The delivery queue: one suite for MongoDB and for its twin in memory."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from pymongo.database import Database

from chassis.messaging.outbox import OUTBOX
from chassis.storage.changes import Changes
from chassis.storage.mongo_clock import MongoClock
from notifications.adapters.memory_queue import MemoryQueue
from notifications.adapters.mongo_queue import MongoQueue
from notifications.application.ports import Result
from notifications.application.settle import announcements
from notifications.domain.delivery import DELIVERIES, Channel, Delivery, State, delivery_id
from tests.component.notifications.world import World
from tests.support.eventually import eventually

LEASE = 30.0
SHORT = 0.2


class Bench:
    """A queue with rows in it."""

    def __init__(self, world: World) -> None:
        self.world, self.queue = world, world.queue

    def put(self, number: int, *, channel: Channel = Channel.SMS, notice: str = "n-1", later: float = 0) -> list[str]:
        now = self.queue.now()
        rows = [
            Delivery(
                id=delivery_id(notice, f"p-{n}", channel),
                notice_id=notice,
                about="m-1",
                person_id=f"p-{n}",
                channel=channel,
                due=now + timedelta(seconds=later) - timedelta(milliseconds=number - n),
                created=now,
                unit_path=("u-1",),
                unit_ids=("u-1",),
            )
            for n in range(number)
        ]
        self.world.store.commit(Changes().insert(DELIVERIES, *rows))
        return [row.id for row in rows]

    def claim(self, limit: int = 1000, lease: float = LEASE, channel: Channel = Channel.SMS) -> list[Delivery]:
        return self.queue.claim(channel, limit=limit, lease_seconds=lease)

    def row(self, id: str) -> Delivery:
        row = self.world.store.get(DELIVERIES, id)
        assert row is not None
        return row

    def wait_until_due(self, id: str) -> None:
        def is_due() -> bool:
            due = self.row(id).due
            return due is not None and due <= self.queue.now()

        eventually(is_due, within=5)


@pytest.fixture(params=["memory", "mongo"])
def bench(request: pytest.FixtureRequest) -> Bench:
    if request.param == "mongo":
        world: World = request.getfixturevalue("mongo_world")
        return Bench(world)
    return Bench(World(make_queue=lambda store, _: MemoryQueue(store, lambda: datetime.now(UTC))))


def result(row: Delivery, state: State = State.ACCEPTED, **more: object) -> Result:
    values: dict[str, object] = {"attempts": row.attempts, **more}
    return Result(row.id, row.claim or "", state, **values)  # type: ignore[arg-type]  # the test names its fields


def test_a_claim_takes_what_is_due_oldest_first_and_counts_the_attempt(bench: Bench) -> None:
    ids = bench.put(5)
    bench.put(3, notice="n-later", later=60)
    claimed = bench.claim(limit=3)
    assert {row.id for row in claimed} == set(ids[:3])
    assert all((row.state, row.attempts, row.version) == (State.SENDING, 1, 2) for row in claimed)
    assert bench.row(ids[0]).attempts == 1, "the attempt is on record before anything is sent"
    assert {row.id for row in bench.claim()} == set(ids[3:])
    assert bench.claim() == []


def test_channels_do_not_mix(bench: Bench) -> None:
    bench.put(2)
    [mail, _] = bench.put(2, channel=Channel.EMAIL)
    assert mail in {row.id for row in bench.claim(channel=Channel.EMAIL)}
    assert len(bench.claim()) == 2


def test_nobody_else_gets_a_row_while_its_lease_runs(bench: Bench) -> None:
    bench.put(300)
    taken: list[list[Delivery]] = []

    def work() -> None:
        while batch := bench.claim(limit=50):
            taken.append(batch)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ids = [row.id for batch in taken for row in batch]
    assert len(ids) == len(set(ids)) == 300


def test_after_a_crash_the_row_comes_back_as_a_question(bench: Bench) -> None:
    [id] = bench.put(1)
    [first] = bench.claim(lease=SHORT)
    bench.wait_until_due(id)
    [again] = bench.claim()
    assert (again.state, again.attempts) == (State.ASKING, 2)
    assert bench.queue.record([result(first)], []) == 0, "the first holder's word comes too late"
    assert bench.row(id).state is State.ASKING
    assert bench.queue.record([result(again)], []) == 1


def test_a_renewed_lease_runs_on(bench: Bench) -> None:
    [id] = bench.put(1)
    [row] = bench.claim(lease=SHORT)
    bench.queue.renew([row], lease_seconds=LEASE)
    due = bench.row(id).due
    assert due is not None
    assert due > bench.queue.now() + timedelta(seconds=LEASE / 2)
    assert bench.claim() == []
    assert bench.queue.record([result(row)], []) == 1


def test_a_lost_lease_cannot_be_renewed(bench: Bench) -> None:
    [id] = bench.put(1)
    [lost] = bench.claim(lease=SHORT)
    bench.wait_until_due(id)
    [now_ours] = bench.claim(lease=SHORT)
    bench.queue.renew([lost], lease_seconds=LEASE)
    assert bench.row(id).due == now_ours.due


def test_a_result_frees_the_row_and_keeps_what_was_known(bench: Bench) -> None:
    [id] = bench.put(1)
    [row] = bench.claim()
    at = bench.queue.now()
    accepted = result(row, gateway_id="s-1", parts=2, price_vnd=1700, sent_at=at, due=at - timedelta(seconds=1))
    bench.queue.record([accepted], [])
    kept = bench.row(id)
    assert (kept.state, kept.claim, kept.gateway_id, kept.parts) == (State.ACCEPTED, None, "s-1", 2)
    [asked] = bench.claim()
    assert asked.state is State.ASKING, "its receipt is overdue"
    bench.queue.record([result(asked, State.ACCEPTED, reason="no_receipt")], [])
    kept = bench.row(id)
    assert (kept.gateway_id, kept.price_vnd, kept.reason, kept.due) == ("s-1", 1700, "no_receipt", None)
    assert bench.claim() == []


def test_results_that_are_alike_are_counted_and_guarded_one_by_one(bench: Bench) -> None:
    ids = bench.put(4, channel=Channel.EMAIL)
    rows = bench.claim(channel=Channel.EMAIL)
    at = bench.queue.now()
    alike = [result(row, sent_at=at, done_at=at) for row in rows]
    assert bench.queue.record(alike[:1], []) == 1
    assert bench.queue.record(alike, []) == 3, "the first was held no more"
    kept = [bench.row(id) for id in ids]
    assert {(row.state, row.version, row.claim, row.due) for row in kept} == {(State.ACCEPTED, 3, None, None)}


def test_a_final_result_and_its_event_are_one_transaction(bench: Bench) -> None:
    ids = bench.put(3)
    rows = sorted(bench.claim(), key=lambda row: row.person_id)
    lost = rows[2].model_copy(update={"claim": "somebody-else"})
    at = bench.queue.now()
    results = [
        (rows[0], result(rows[0], State.FAILED, reason="bad_number", done_at=at)),
        (rows[1], result(rows[1], State.ACCEPTED)),
        (lost, result(lost, State.FAILED, reason="bad_number", done_at=at)),
    ]
    messages = announcements(results, {})
    assert bench.queue.record([one for _, one in results], messages) == 2
    assert [row.aggregateid for row in bench.world.store.find(OUTBOX, {})] == [ids[0]]
    assert [bench.row(id).state for id in ids] == [State.FAILED, State.ACCEPTED, State.SENDING]


def test_stopping_reaches_what_is_queued_and_nothing_else(bench: Bench) -> None:
    ids = bench.put(3)
    other = bench.put(1, notice="n-2")
    [claimed] = bench.claim(limit=1)
    assert bench.queue.stop_queued(["n-1"], about="m-1", reason="cancelled") == 2
    states = bench.queue.states([*ids, *other, "unknown"])
    assert [states[id] for id in ids] == [State.SENDING, State.STOPPED, State.STOPPED]
    assert states[other[0]] is State.QUEUED
    assert bench.row(ids[1]).reason == "cancelled"
    assert bench.queue.record([result(claimed)], []) == 1, "what is on its way gets its own result"
    assert {row.id for row in bench.claim()} == set(other)


def test_cancelling_races_with_claiming_and_every_row_ends_on_one_side(bench: Bench) -> None:
    ids = bench.put(400)
    claimed: list[str] = []

    def work() -> None:
        while batch := bench.claim(limit=20):
            claimed.extend(row.id for row in batch)

    thread = threading.Thread(target=work)
    thread.start()
    stopped = bench.queue.stop_queued(["n-1"], about="m-1", reason="cancelled")
    thread.join()
    states = list(bench.queue.states(ids).values())
    assert states.count(State.STOPPED) == stopped
    assert states.count(State.SENDING) == len(claimed)
    assert stopped + len(claimed) == 400


def test_an_answer_nobody_knows_waits_and_is_asked(bench: Bench) -> None:
    [id] = bench.put(1)
    [row] = bench.claim()
    bench.queue.record([result(row, State.UNKNOWN, due=bench.queue.now(), reason="no_answer")], [])
    assert bench.queue.states([id]) == {id: State.UNKNOWN}
    bench.wait_until_due(id)
    [asked] = bench.claim()
    assert asked.state is State.ASKING


def test_the_clock_of_the_consumer_is_that_of_the_queue(database: Database[dict[str, Any]]) -> None:
    """What is due at once is due in the queue, whatever the wall clock of the consumer's machine says."""
    queue, clock = MongoQueue(database), MongoClock(database)
    before, told, after = queue.now(), clock(), queue.now()
    assert before <= told
    assert told <= after + timedelta(milliseconds=1), "the server tells whole milliseconds"


@pytest.mark.parametrize("off", [timedelta(hours=2), timedelta(hours=-2)])
def test_a_deliverer_whose_own_clock_is_wrong_claims_what_is_due_and_nothing_else(
    mongo_world: World, off: timedelta
) -> None:
    bench = Bench(mongo_world)
    [due], [_] = bench.put(1), bench.put(1, notice="n-2", later=3600)
    with time_machine.travel(datetime.now(UTC) + off, tick=True):
        [row] = bench.claim(lease=3600)
        assert (row.id, bench.claim()) == (due, [])
        bench.queue.renew([row], lease_seconds=3600)
        assert bench.claim() == []
    renewed = bench.row(due).due
    assert renewed is not None
    assert abs(renewed - bench.queue.now() - timedelta(hours=1)) < timedelta(minutes=1)
