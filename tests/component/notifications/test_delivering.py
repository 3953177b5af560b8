"""Sent once where the gateway honours the key, tried again where it asks for time, given up with a reason."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from contracts.notifications_events import MessagesDelivered, MessagesFailed
from notifications.application.ports import Result
from notifications.domain.backoff import MAX_ATTEMPTS
from notifications.domain.delivery import TRANSITIONS, Channel, Delivery, State
from notifications.domain.sending import (
    Accepted,
    Answer,
    Arrived,
    InDoubt,
    NeverSeen,
    Permanent,
    Temporary,
)
from notifications.workers.deliverer import Deliverer, Pace
from tests.component.notifications.world import MEETING, World, scheduled
from tests.integration.messaging.stage import altered


@pytest.fixture
def world() -> World:
    world = World()
    world.units()
    world.person("p-0")
    world.hear(scheduled(["p-0"]))
    return world


def answering(world: World, *answers: Answer) -> None:
    """The gateway gives these answers, one per call; the last for ever."""
    left: Iterator[Answer] = iter(answers)
    last = answers[-1]
    world.sms.answer = lambda _: next(left, last)


def test_a_temporary_refusal_is_tried_again_later_and_later(world: World) -> None:
    answering(world, Temporary("gateway_busy"), Temporary("gateway_busy"), Accepted("s-1"))
    world.deliver()
    first = world.row("p-0")
    assert (first.state, first.reason, first.attempts) == (State.QUEUED, "gateway_busy", 1)
    assert first.due is not None
    assert 0.9 <= (first.due - world.clock()).total_seconds() <= 2.5
    world.clock.move(seconds=3)
    world.deliver()
    world.clock.move(seconds=5)
    world.deliver()
    assert (world.row("p-0").state, world.row("p-0").attempts, len(world.sms.sent)) == (State.ACCEPTED, 3, 3)


def test_the_gateway_is_given_the_time_it_asks_for(world: World) -> None:
    answering(world, Temporary("gateway_busy", asked=120.0))
    deliverer = world.deliverer()
    deliverer.run_until_empty()
    due = world.row("p-0").due
    assert due is not None
    assert (due - world.clock()).total_seconds() >= 120


def test_attempts_are_bounded(world: World) -> None:
    answering(world, Temporary("over_limit"))
    for _ in range(MAX_ATTEMPTS + 3):
        world.deliver()
        world.clock.move(seconds=700)
    assert (world.row("p-0").state, world.row("p-0").reason) == (State.FAILED, "gave_up")
    assert len(world.sms.sent) == MAX_ATTEMPTS
    assert [event.reason for event in world.told(MessagesFailed)] == ["gave_up"]


def test_an_unreachable_gateway_uses_up_no_attempts(world: World) -> None:
    answering(world, Temporary("gateway_unreachable", counts=False))
    for _ in range(MAX_ATTEMPTS + 3):
        world.deliver()
        world.clock.move(seconds=700)
    row = world.row("p-0")
    assert (row.state, row.reason, row.attempts) == (State.QUEUED, "gateway_unreachable", 0)


def test_a_permanent_refusal_is_final_and_told(world: World) -> None:
    answering(world, Permanent("network_unregistered"))
    world.deliver()
    world.clock.move(days=1)
    world.deliver()
    assert (world.row("p-0").state, len(world.sms.sent)) == (State.FAILED, 1)
    [event] = world.published(MessagesFailed)
    [message] = event.messages
    assert (event.about, event.channel) == (MEETING, "sms")
    assert (message.person_id, message.reason, message.version) == (
        "p-0",
        "network_unregistered",
        world.row("p-0").version,
    )


def test_after_an_answer_that_never_came_the_same_message_is_offered_under_the_same_key(world: World) -> None:
    answering(world, InDoubt(), Accepted())
    world.deliver()
    assert world.row("p-0").state is State.UNKNOWN
    world.clock.move(seconds=3)
    world.deliver()
    world.clock.move(seconds=1)
    world.deliver()
    assert world.row("p-0").state is State.ACCEPTED
    assert len({sent.delivery.id for sent in world.sms.sent}) == 1
    assert len(world.sms.asked) == 1, "the gateway was asked before sending again"


def test_what_the_gateway_says_it_has_is_not_sent_again(world: World) -> None:
    answering(world, InDoubt())
    world.sms.standing = lambda _: Arrived("s-1", 850)
    world.deliver()
    world.clock.move(seconds=3)
    world.deliver()
    assert (world.row("p-0").state, len(world.sms.sent)) == (State.DELIVERED, 1)
    [message] = world.told(MessagesDelivered)
    assert message.price_vnd == 850


def test_an_outcome_still_open_after_a_day_is_not_risked_again(world: World) -> None:
    answering(world, InDoubt())
    world.deliver()
    world.clock.move(hours=24)
    world.deliver()
    assert (world.row("p-0").reason, len(world.sms.sent)) == ("no_answer", 1)


def test_a_crash_between_attempt_and_outcome_asks_first(world: World) -> None:
    world.queue.claim(Channel.SMS, limit=10, lease_seconds=9)
    world.deliver()
    assert world.sms.sent == [], "the lease of the dead deliverer still holds"
    world.clock.move(seconds=10)
    world.deliver()
    world.clock.move(seconds=1)
    world.deliver()
    assert (len(world.sms.asked), world.sms.people(), world.row("p-0").state) == (1, ["p-0"], State.ACCEPTED)


def test_a_result_that_comes_after_the_lease_has_passed_on_is_dropped(world: World) -> None:
    [row] = world.queue.claim(Channel.SMS, limit=10, lease_seconds=9)
    world.clock.move(seconds=10)
    [again] = world.queue.claim(Channel.SMS, limit=10, lease_seconds=9)
    assert (again.state, again.claim != row.claim) == (State.ASKING, True)
    assert world.queue.record([Result(row.id, row.claim or "", State.FAILED, "bad_number")], []) == 0
    assert world.row("p-0").state is State.ASKING


def test_a_missing_receipt_is_asked_for_a_bounded_number_of_times(world: World) -> None:
    world.sms.standing = lambda delivery: Accepted(delivery.gateway_id)
    world.deliver()
    for _ in range(100):
        world.clock.move(minutes=20)
        world.deliver()
    row = world.row("p-0")
    assert (row.state, row.reason, row.due) == (State.ACCEPTED, "no_receipt", None)
    assert (len(world.sms.sent), len(world.sms.asked)) == (1, 4)


def test_a_missing_receipt_that_is_found_counts(world: World) -> None:
    world.sms.standing = lambda delivery: Permanent("not_delivered")
    world.deliver()
    world.clock.move(minutes=16)
    world.deliver()
    assert (world.row("p-0").state, world.row("p-0").reason) == (State.FAILED, "not_delivered")


def test_a_gateway_that_forgot_an_accepted_message_does_not_get_it_twice(world: World) -> None:
    world.sms.standing = lambda _: NeverSeen()
    world.deliver()
    world.clock.move(minutes=16)
    world.deliver()
    world.clock.move(seconds=1)
    world.deliver()
    assert (world.row("p-0").state, len(world.sms.sent)) == (State.ACCEPTED, 1)


def test_email_has_nobody_to_ask_and_is_repeated_with_its_message_id() -> None:
    world = World()
    world.units()
    world.person("p-0", mail="hoa@example.vn")
    world.hear(scheduled(["p-0"]))
    world.mail.answer = lambda _: InDoubt()
    world.deliver(Channel.EMAIL)
    world.mail.answer = lambda _: Accepted()
    for seconds in (3, 1):
        world.clock.move(seconds=seconds)
        world.deliver(Channel.EMAIL)
    assert len({sent.delivery.id for sent in world.mail.sent}) == 1
    assert len(world.mail.sent) == 2
    row = world.row("p-0", channel=Channel.EMAIL)
    assert (row.state, row.due) == (State.ACCEPTED, None)


def test_many_are_delivered_once_each() -> None:
    world = World()
    world.units()
    people = world.people(700)
    world.hear(scheduled(people))
    world.deliver()
    assert world.sms.people() == people
    assert {row.state for row in world.rows()} == {State.ACCEPTED}


def test_every_state_can_be_reached_and_the_final_ones_are_left_by_nobody_but_a_receipt() -> None:
    assert set(TRANSITIONS) == set(State)
    reached = set().union(*TRANSITIONS.values()) | {State.QUEUED}
    assert reached == set(State)
    final = {state for state, next_ones in TRANSITIONS.items() if next_ones <= {State.DELIVERED}} - {State.FAILED}
    assert final == {State.DELIVERED, State.SKIPPED, State.STOPPED, State.EXPIRED}


def test_who_is_woken_while_the_queue_still_looks_empty_looks_again_at_once(world: World) -> None:
    """The alarm may ring between the question and its answer; half a second would be lost each time."""
    claim, asked = world.queue.claim, []

    def rung_meanwhile(channel: Channel, *, limit: int, lease_seconds: float) -> list[Delivery]:
        asked.append(channel)
        if len(asked) == 1:
            deliverer.wake()
            return []
        return claim(channel, limit=limit, lease_seconds=lease_seconds)

    deliverer = Deliverer(
        Channel.SMS,
        world.sms,
        altered(world.queue, claim=rung_meanwhile),
        world.store,
        world.policy,
        pace=Pace(batch=50, threads=4, idle=3_600.0),
    )
    deliverer._turn()
    deliverer._turn()
    assert len(asked) == 2, "though it is an hour to the next look"
    deliverer.run_until_empty()
    assert len(world.sms.sent) == 1
