"""Receipts come out of order, twice, early, or for nothing we know: none of it is lost or counted double."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from chassis.failures import Unavailable
from chassis.storage.documents import D, Kind
from chassis.storage.memory import MemoryStore
from contracts.notifications_events import MessageDelivered, MessageFailed
from notifications.adapters.esms_gateway import parse_receipt
from notifications.adapters.receipt_box import ReceiptBox
from notifications.application.receipts import RECEIPTS, ReceiptRow, fold_receipts, receipt_row
from notifications.domain.delivery import Channel, State
from notifications.domain.receipt import Receipt
from tests.component.notifications.world import World, scheduled


class CountingStore(MemoryStore):
    """Counts what is projected, after raising what it was told to."""

    def __init__(self) -> None:
        super().__init__()
        self.failures: list[Exception] = []
        self.writes = 0

    def project(self, kind: Kind[D], documents: Sequence[D]) -> int:
        if self.failures:
            raise self.failures.pop(0)
        self.writes += 1
        return super().project(kind, documents)


def invited(people: int = 1) -> World:
    world = World(store=CountingStore())
    world.units()
    world.hear(scheduled(world.people(people)))
    return world


@pytest.fixture
def world() -> World:
    return invited()


def store_of(world: World) -> CountingStore:
    assert isinstance(world.store, CountingStore)
    return world.store


def receipt_of(world: World, *, arrived: bool, person: str = "p-00000") -> ReceiptRow:
    return receipt_row(Receipt(world.row(person).id, arrived, "s-1", 1700), world.clock())


def report(world: World, *, arrived: bool) -> None:
    ReceiptBox(world.store).put(receipt_of(world, arrived=arrived))


def fold(world: World) -> int:
    changes, folded = fold_receipts(world.store, world.context())
    world.store.commit(changes)
    return folded


def test_a_receipt_makes_it_delivered_at_the_gateways_price(world: World) -> None:
    world.deliver()
    report(world, arrived=True)
    assert fold(world) == 1
    row = world.row("p-00000")
    assert (row.state, row.price_vnd, row.due, row.gateway_id) == (State.DELIVERED, 1700, None, "s-1")
    [event] = world.published(MessageDelivered)
    assert (event.person_id, event.parts, event.price_vnd) == ("p-00000", 1, 1700)
    assert world.store.find(RECEIPTS, {}) == []


def test_the_same_receipt_twice_is_told_once(world: World) -> None:
    world.deliver()
    report(world, arrived=True)
    report(world, arrived=True)
    fold(world)
    report(world, arrived=True)
    fold(world)
    assert len(world.published(MessageDelivered)) == 1


def test_a_failure_is_told_with_its_reason(world: World) -> None:
    world.deliver()
    report(world, arrived=False)
    fold(world)
    assert (world.row("p-00000").state, world.row("p-00000").reason) == (State.FAILED, "not_delivered")
    assert [event.reason for event in world.published(MessageFailed)] == ["not_delivered"]


def test_a_delivery_is_believed_over_a_failure_in_either_order(world: World) -> None:
    world.deliver()
    for arrived in (False, True, False):
        report(world, arrived=arrived)
        fold(world)
    assert world.row("p-00000").state is State.DELIVERED
    assert len(world.published(MessageFailed)) == 1


def test_both_reports_in_one_batch_end_delivered(world: World) -> None:
    world.deliver()
    report(world, arrived=False)
    report(world, arrived=True)
    fold(world)
    assert world.row("p-00000").state is State.DELIVERED


def test_a_receipt_that_is_faster_than_the_answer_waits_for_it(world: World) -> None:
    world.queue.claim(Channel.SMS, limit=1, lease_seconds=9)
    report(world, arrived=True)
    assert fold(world) == 0
    assert world.row("p-00000").state is State.SENDING
    world.clock.move(seconds=10)
    world.deliver()
    world.clock.move(seconds=2)
    world.deliver()
    assert fold(world) == 1
    assert world.row("p-00000").state is State.DELIVERED


def test_a_receipt_for_nothing_we_know_is_dropped(world: World) -> None:
    ReceiptBox(world.store).put(receipt_row(Receipt("0" * 32, True), world.clock()))
    assert fold(world) == 1
    assert world.store.find(RECEIPTS, {}) == []


def test_many_callers_share_writes_and_each_is_answered_after_his() -> None:
    world = invited(40)
    world.deliver()
    box = ReceiptBox(world.store, gathering_seconds=0.01)
    receipts = [receipt_of(world, arrived=True, person=f"p-{number:05}") for number in range(40)]
    before = store_of(world).writes

    def put(row: ReceiptRow) -> bool:
        box.put(row)
        return world.store.get(RECEIPTS, row.id) is not None

    with ThreadPoolExecutor(8) as callers:
        assert all(callers.map(put, receipts))
    assert store_of(world).writes - before < 40
    assert fold(world) == 40


def test_nobody_is_told_that_it_was_kept_when_the_database_is_away(world: World) -> None:
    world.deliver()
    store_of(world).failures = [Unavailable("MongoDB")]
    box, row = ReceiptBox(world.store), receipt_of(world, arrived=True)
    with pytest.raises(Unavailable):
        box.put(row)
    assert world.store.find(RECEIPTS, {}) == []
    box.put(row)
    assert world.store.find(RECEIPTS, {}) == [row]


def test_success_and_failure_decide_and_the_status_does_not() -> None:
    failed = {"SMSID": "s-1", "SendStatus": "5", "SendSuccess": "0", "SendFailed": "1", "TotalPrice": "850"}
    assert parse_receipt("d", failed) == Receipt("d", False, "s-1", 850)
    assert parse_receipt("d", failed | {"SendSuccess": "1", "SendFailed": "0"}) == Receipt("d", True, "s-1", 850)
    assert parse_receipt("d", {"SMSID": "s-1", "SendStatus": "7", "SendSuccess": "0", "SendFailed": "0"}) is None
    assert parse_receipt("d", {"SendSuccess": "viel", "SendFailed": ""}) is None
    assert parse_receipt("d", {"SendSuccess": "1", "TotalPrice": "1e300"}) == Receipt("d", True), "no price is so high"
