"""Receipts come out of order, twice, early, or for nothing we know: none of it is lost or counted double."""

from __future__ import annotations

import pytest

from chassis.storage.changes import Changes
from contracts.notifications_events import MessageDelivered, MessageFailed
from notifications.adapters.esms_gateway import parse_receipt
from notifications.application.receipts import RECEIPTS, fold_receipts, put_by
from notifications.domain.delivery import DELIVERIES, Channel, State
from notifications.domain.receipt import Receipt
from tests.component.notifications.world import World, scheduled


def invited(people: int = 1) -> World:
    world = World()
    world.units()
    world.hear(scheduled(world.people(people)))
    return world


@pytest.fixture
def world() -> World:
    return invited()


def keep(world: World, *receipts: Receipt) -> None:
    world.store.commit(put_by(receipts, world.clock()))


def receipt_of(world: World, *, arrived: bool, person: str = "p-00000") -> Receipt:
    return Receipt(world.row(person).id, arrived, "s-1", 1700)


def report(world: World, *, arrived: bool) -> None:
    keep(world, receipt_of(world, arrived=arrived))


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
    keep(world, Receipt("0" * 32, True))
    assert fold(world) == 1
    assert world.store.find(RECEIPTS, {}) == []


def test_of_a_batch_those_wait_whose_message_is_still_on_its_way() -> None:
    world = invited(3)
    world.deliver()
    early = world.row("p-00001")
    on_its_way = early.model_copy(update={"state": State.SENDING, "version": early.version + 1})
    world.store.commit(Changes().replace(DELIVERIES, on_its_way))
    keep(world, *(receipt_of(world, arrived=True, person=f"p-{number:05}") for number in range(3)))
    assert fold(world) == 2
    [batch] = world.store.find(RECEIPTS, {})
    assert [receipt.delivery_id for receipt in batch.receipts] == [early.id]
    assert fold(world) == 0, "it is not looked at again at once"
    world.clock.move(seconds=2)
    world.store.commit(Changes().replace(DELIVERIES, early.model_copy(update={"version": on_its_way.version + 1})))
    assert fold(world) == 1
    assert len(world.published(MessageDelivered)) == 3
    assert world.store.find(RECEIPTS, {}) == []


def test_a_fold_takes_as_many_batches_as_hold_its_limit() -> None:
    world = invited(30)
    world.deliver()
    receipts = [receipt_of(world, arrived=True, person=f"p-{number:05}") for number in range(30)]
    for start in (0, 10, 20):
        keep(world, *receipts[start : start + 10])
    changes, folded = fold_receipts(world.store, world.context(), limit=15)
    world.store.commit(changes)
    assert (folded, fold(world), fold(world)) == (20, 10, 0)


def test_success_and_failure_decide_and_the_status_does_not() -> None:
    failed = {"SMSID": "s-1", "SendStatus": "5", "SendSuccess": "0", "SendFailed": "1", "TotalPrice": "850"}
    assert parse_receipt("d", failed) == Receipt("d", False, "s-1", 850)
    assert parse_receipt("d", failed | {"SendSuccess": "1", "SendFailed": "0"}) == Receipt("d", True, "s-1", 850)
    assert parse_receipt("d", {"SMSID": "s-1", "SendStatus": "7", "SendSuccess": "0", "SendFailed": "0"}) is None
    assert parse_receipt("d", {"SendSuccess": "viel", "SendFailed": ""}) is None
    assert parse_receipt("d", {"SendSuccess": "1", "TotalPrice": "1e300"}) == Receipt("d", True), "no price is so high"
