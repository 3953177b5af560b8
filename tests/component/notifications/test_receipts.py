"""Receipts come out of order, twice, early, or for nothing we know: none of it is lost or counted double."""

from __future__ import annotations

import pytest

from contracts.notifications_events import MessageDelivered, MessageFailed
from notifications.adapters.esms_gateway import parse_receipt
from notifications.adapters.receipt_box import ReceiptBox
from notifications.application.receipts import RECEIPTS, fold_receipts, receipt_row
from notifications.domain.delivery import Channel, State
from notifications.domain.receipt import Receipt
from tests.component.notifications.world import World, scheduled


@pytest.fixture
def world() -> World:
    world = World()
    world.units()
    world.person("p-0")
    world.hear(scheduled(["p-0"]))
    return world


def report(world: World, *, arrived: bool, price: int | None = 1700) -> None:
    receipt = Receipt(world.row("p-0").id, arrived, "s-1", price)
    ReceiptBox(world.store).put(receipt_row(receipt, world.clock()))


def fold(world: World) -> int:
    changes, folded = fold_receipts(world.store, world.context())
    world.store.commit(changes)
    return folded


def test_a_receipt_makes_it_delivered_at_the_gateways_price(world: World) -> None:
    world.deliver()
    report(world, arrived=True)
    assert fold(world) == 1
    row = world.row("p-0")
    assert (row.state, row.price_vnd, row.due, row.gateway_id) == (State.DELIVERED, 1700, None, "s-1")
    [event] = world.published(MessageDelivered)
    assert (event.person_id, event.parts, event.price_vnd) == ("p-0", 1, 1700)
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
    assert (world.row("p-0").state, world.row("p-0").reason) == (State.FAILED, "not_delivered")
    assert [event.reason for event in world.published(MessageFailed)] == ["not_delivered"]


def test_a_delivery_is_believed_over_a_failure_in_either_order(world: World) -> None:
    world.deliver()
    report(world, arrived=False)
    fold(world)
    report(world, arrived=True)
    fold(world)
    report(world, arrived=False)
    fold(world)
    assert world.row("p-0").state is State.DELIVERED
    assert len(world.published(MessageFailed)) == 1


def test_both_reports_in_one_batch_end_delivered(world: World) -> None:
    world.deliver()
    report(world, arrived=False)
    report(world, arrived=True)
    fold(world)
    assert world.row("p-0").state is State.DELIVERED


def test_a_receipt_that_is_faster_than_the_answer_waits_for_it(world: World) -> None:
    world.queue.claim(Channel.SMS, limit=1, lease_seconds=9)
    report(world, arrived=True)
    assert fold(world) == 0
    assert world.row("p-0").state is State.SENDING
    world.clock.move(seconds=10)
    world.deliver()
    world.clock.move(seconds=2)
    world.deliver()
    assert fold(world) == 1
    assert world.row("p-0").state is State.DELIVERED


def test_a_receipt_for_nothing_we_know_is_dropped(world: World) -> None:
    ReceiptBox(world.store).put(receipt_row(Receipt("0" * 32, True), world.clock()))
    assert fold(world) == 1
    assert world.store.find(RECEIPTS, {}) == []


def test_success_and_failure_decide_and_the_status_does_not() -> None:
    failed = {"SMSID": "s-1", "SendStatus": "5", "SendSuccess": "0", "SendFailed": "1", "TotalPrice": "850"}
    assert parse_receipt("d", failed) == Receipt("d", False, "s-1", 850)
    assert parse_receipt("d", failed | {"SendSuccess": "1", "SendFailed": "0"}) == Receipt("d", True, "s-1", 850)
    assert parse_receipt("d", {"SMSID": "s-1", "SendStatus": "7", "SendSuccess": "0", "SendFailed": "0"}) is None
    assert parse_receipt("d", {"SendSuccess": "viel", "SendFailed": ""}) is None
