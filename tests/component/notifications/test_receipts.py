"""Receipts come out of order, twice, early, or for nothing we know: none of it is lost or counted double."""

from __future__ import annotations

from uuid import UUID

import pytest

from chassis.messaging.envelope import Cause
from chassis.messaging.outbox import OUTBOX
from chassis.storage.changes import Changes
from contracts.notifications_events import MOST_IN_A_GROUP, MessagesDelivered, MessagesFailed
from notifications.adapters.esms_gateway import parse_receipt
from notifications.application.receipts import RECEIPTS, fold_receipts, put_by
from notifications.application.tell_results import tell_results
from notifications.domain.delivery import DELIVERIES, Channel, State
from notifications.domain.receipt import Receipt
from tests.component.notifications.world import MEETING, World, scheduled


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
    [event] = world.published(MessagesDelivered)
    [message] = event.messages
    assert (event.about, event.channel) == (MEETING, "sms")
    assert (message.person_id, message.parts, message.price_vnd) == ("p-00000", 1, 1700)
    assert (message.version, message.delivered_at) == (row.version, row.done_at)
    assert world.store.find(RECEIPTS, {}) == []


def test_the_same_receipt_twice_is_told_once(world: World) -> None:
    world.deliver()
    report(world, arrived=True)
    report(world, arrived=True)
    fold(world)
    report(world, arrived=True)
    fold(world)
    assert len(world.told(MessagesDelivered)) == 1


def test_a_failure_is_told_with_its_reason(world: World) -> None:
    world.deliver()
    report(world, arrived=False)
    fold(world)
    assert (world.row("p-00000").state, world.row("p-00000").reason) == (State.FAILED, "not_delivered")
    assert [event.reason for event in world.told(MessagesFailed)] == ["not_delivered"]


def test_a_delivery_is_believed_over_a_failure_in_either_order(world: World) -> None:
    world.deliver()
    for arrived in (False, True, False):
        report(world, arrived=arrived)
        fold(world)
    assert world.row("p-00000").state is State.DELIVERED
    assert len(world.told(MessagesFailed)) == 1


def test_both_reports_in_one_batch_end_delivered(world: World) -> None:
    world.deliver()
    report(world, arrived=False)
    report(world, arrived=True)
    fold(world)
    assert world.row("p-00000").state is State.DELIVERED


def test_of_two_events_about_one_message_the_higher_version_holds(world: World) -> None:
    world.deliver()
    for arrived in (False, True):
        report(world, arrived=arrived)
        fold(world)
    [failed], [delivered] = world.told(MessagesFailed), world.told(MessagesDelivered)
    assert failed.version < delivered.version == world.row("p-00000").version


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
    assert len(world.told(MessagesDelivered)) == 3
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


def test_one_event_tells_of_all_that_have_the_same_notice_channel_and_kind_of_result() -> None:
    world = invited(5)
    world.hear(scheduled(["p-00000", "p-00001"], meeting_id="m-other"))
    world.deliver()
    rows = [*world.rows(), *world.rows(about="m-other")]
    keep(world, *(Receipt(row.id, row.person_id != "p-00000", "s-1", 850) for row in rows))
    assert fold(world) == 7
    told = {
        (type(event), event.about): [message.person_id for message in event.messages]
        for event in [*world.published(MessagesDelivered), *world.published(MessagesFailed)]
    }
    assert told == {
        (MessagesDelivered, MEETING): ["p-00001", "p-00002", "p-00003", "p-00004"],
        (MessagesFailed, MEETING): ["p-00000"],
        (MessagesDelivered, "m-other"): ["p-00001"],
        (MessagesFailed, "m-other"): ["p-00000"],
    }
    assert len({row.aggregateid for row in world.store.find(OUTBOX, {})}) == 4, "none waits for another in the relay"


def test_a_group_is_far_smaller_than_what_a_record_may_hold() -> None:
    world = invited(MOST_IN_A_GROUP + 1)
    world.deliver()
    rows = [row.model_copy(update={"person_id": str(UUID(int=number))}) for number, row in enumerate(world.rows())]
    ended = [row.model_copy(update={"state": State.DELIVERED, "done_at": world.clock()}) for row in rows]
    full, rest = tell_results(ended, Cause)
    assert len(full.payload or b"") < 50_000
    assert [len(MessagesDelivered.from_bytes(one.payload or b"").messages) for one in (full, rest)] == [100, 1]


def test_success_and_failure_decide_and_the_status_does_not() -> None:
    failed = {"SMSID": "s-1", "SendStatus": "5", "SendSuccess": "0", "SendFailed": "1", "TotalPrice": "850"}
    assert parse_receipt("d", failed) == Receipt("d", False, "s-1", 850)
    assert parse_receipt("d", failed | {"SendSuccess": "1", "SendFailed": "0"}) == Receipt("d", True, "s-1", 850)
    assert parse_receipt("d", {"SMSID": "s-1", "SendStatus": "7", "SendSuccess": "0", "SendFailed": "0"}) is None
    assert parse_receipt("d", {"SendSuccess": "viel", "SendFailed": ""}) is None
    assert parse_receipt("d", {"SendSuccess": "1", "TotalPrice": "1e300"}) == Receipt("d", True), "no price is so high"
