"""A move tells exactly those who were told; a cancellation stops what is still queued."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from notifications.application.announce import Policy
from notifications.domain.delivery import Channel, State
from notifications.domain.quiet_hours import QuietHours
from notifications.domain.sending import InDoubt, Permanent
from tests.component.notifications.world import (
    MEETING,
    SATURDAY_EVENING,
    Clock,
    FakeCarrier,
    World,
    cancelled,
    moved,
    scheduled,
)

SUNDAY = SATURDAY_EVENING + timedelta(days=1)


@pytest.fixture
def world() -> World:
    world = World()
    world.units()
    for n in range(4):
        world.person(f"p-{n}", f"Nguyễn Văn {'ABCD'[n]}", phone=f"+8491234567{n}")
    return world


def told_of(carrier: FakeCarrier) -> dict[str, str]:
    return {sent.delivery.person_id: text for sent, text in zip(carrier.sent, carrier.texts(), strict=True)}


def test_those_told_hear_of_the_move(world: World) -> None:
    world.hear(scheduled(["p-0", "p-1"]), id="e-1")
    world.deliver()
    world.sms.sent.clear()
    world.hear(moved(SUNDAY), id="e-2", sequence=2)
    world.deliver()
    assert told_of(world.sms)["p-0"] == (
        'Doan xa Nong Son: giao ban "Giao ban 6 thang dau nam" doi sang 19h30 CN 14/6, Hoi truong UBND xa '
        "(truoc day 19h30 T7 13/6). Xin dong chi Nguyen Van A tra loi lai 1: du, 2: vang"
    )
    assert world.sms.people() == ["p-0", "p-1"]


def test_those_still_queued_get_the_invitation_with_the_new_time_and_nothing_else(world: World) -> None:
    world.hear(scheduled(["p-0"]), id="e-1")
    world.hear(moved(SUNDAY), id="e-2", sequence=2)
    world.deliver()
    assert told_of(world.sms) == {
        "p-0": "Doan xa Nong Son moi dong chi Nguyen Van A du giao ban: Giao ban 6 thang dau nam. 19h30 CN 14/6, "
        "Hoi truong UBND xa. Tra loi 1: du, 2: vang"
    }
    assert world.states(notice="e-1") == {"p-0": (State.STOPPED, "superseded")}


def test_whose_invitation_failed_is_invited_anew(world: World) -> None:
    world.sms.answer = lambda _: Permanent("network_unregistered")
    world.hear(scheduled(["p-0"]), id="e-1")
    world.deliver()
    world.sms = FakeCarrier()
    world.hear(moved(SUNDAY), id="e-2", sequence=2)
    world.deliver()
    assert "moi dong chi Nguyen Van A du giao ban" in told_of(world.sms)["p-0"]


def test_a_move_after_a_move_counts_from_what_was_told_first(world: World) -> None:
    world.hear(scheduled(["p-0"]), id="e-1")
    world.deliver()
    world.hear(moved(SUNDAY), id="e-2", sequence=2)
    world.hear(moved(SUNDAY + timedelta(days=1)), id="e-3", sequence=3)
    world.sms.sent.clear()
    world.deliver()
    assert list(told_of(world.sms)) == ["p-0"]
    assert "doi sang 19h30 T2 15/6" in told_of(world.sms)["p-0"]
    assert world.states(notice="e-2") == {"p-0": (State.STOPPED, "superseded")}


def test_a_cancellation_tells_those_told_and_stops_the_rest(world: World) -> None:
    world.sms.answer = lambda sent: (
        Permanent("bad_number") if sent.delivery.person_id == "p-3" else FakeCarrier().answer(sent)
    )
    world.person("p-9", "Phạm Không Máy", phone=None)
    world.hear(scheduled(["p-0", "p-3", "p-9"]), id="e-1")
    world.deliver()
    world.hear(scheduled(["p-1"], meeting_id="m-other"), id="e-other")
    world.sms.sent.clear()
    world.hear(cancelled(), id="e-2", sequence=2)
    world.deliver()
    assert told_of(world.sms)["p-0"] == (
        'Doan xa Nong Son: HUY giao ban "Giao ban 6 thang dau nam" luc 19h30 T7 13/6. Ly do: Mua lu. '
        "Mong dong chi Nguyen Van A thong cam"
    )
    assert world.sms.people() == ["p-0", "p-1"], "p-1 is invited to another meeting, which goes on"
    assert world.states(notice="e-2") == {
        "p-0": (State.ACCEPTED, None),
        "p-3": (State.SKIPPED, "was_not_told"),
        "p-9": (State.SKIPPED, "no_mobile"),
    }


def test_a_cancellation_before_anything_left_sends_nothing_at_all(world: World) -> None:
    world.hear(scheduled(["p-0", "p-1"]), id="e-1")
    world.hear(cancelled(), id="e-2", sequence=2)
    world.deliver()
    assert world.sms.sent == []
    assert set(world.states(notice="e-1").values()) == {(State.STOPPED, "cancelled")}
    assert set(world.states(notice="e-2").values()) == {(State.SKIPPED, "was_not_told")}


def test_what_waits_for_the_morning_is_stopped_at_night_already() -> None:
    night = Clock(datetime.fromisoformat("2026-06-08T23:00:00+07:00"))
    world = World(clock=night, policy=Policy(quiet=QuietHours.parse("22:00-07:00")))
    world.units()
    world.person("p-0")
    world.hear(scheduled(["p-0"]), id="e-1")
    world.hear(cancelled(), id="e-2", sequence=2)
    world.deliver()
    assert world.states(notice="e-1") == {"p-0": (State.STOPPED, "cancelled")}
    assert world.states(notice="e-2") == {"p-0": (State.SKIPPED, "was_not_told")}


def test_a_follow_up_waits_for_what_becomes_of_a_message_on_its_way(world: World) -> None:
    world.hear(scheduled(["p-0"]), id="e-1")
    [on_its_way] = world.queue.claim(Channel.SMS, limit=10, lease_seconds=9)
    assert on_its_way.state is State.SENDING
    world.hear(cancelled(), id="e-2", sequence=2)
    world.deliver()
    assert world.states(notice="e-2") == {"p-0": (State.QUEUED, "earlier_message")}
    world.clock.move(seconds=10)  # the deliverer died; its claim has run out: the stopped notice is not sent any more
    world.deliver()
    world.clock.move(seconds=2)
    world.deliver()
    assert world.states(notice="e-1") == {"p-0": (State.STOPPED, "cancelled")}
    # The deliverer may have sent it before it died.
    assert world.states(notice="e-2") == {"p-0": (State.ACCEPTED, None)}
    assert "huy" in told_of(world.sms)["p-0"].lower()


def test_who_may_have_been_told_by_an_attempt_of_unknown_outcome_is_told_of_the_cancellation(world: World) -> None:
    world.person("p-5", "Nguyễn Văn E", phone=None, mail="e@thanhnien.example")
    world.mail.answer = lambda sent: InDoubt()
    world.hear(scheduled(["p-5"]), id="e-1")
    world.deliver(Channel.EMAIL)
    world.mail.answer = FakeCarrier().answer
    world.hear(cancelled(), id="e-2", sequence=2)
    world.clock.move(seconds=5)
    world.deliver(Channel.EMAIL)
    world.clock.move(seconds=5)
    world.deliver(Channel.EMAIL)
    assert world.states(notice="e-1", channel=Channel.EMAIL) == {"p-5": (State.STOPPED, "cancelled")}
    assert world.states(notice="e-2", channel=Channel.EMAIL) == {"p-5": (State.ACCEPTED, None)}


def test_a_cancelled_meeting_is_no_longer_answered(world: World) -> None:
    world.hear(scheduled(["p-0"]), id="e-1")
    world.deliver()
    world.hear(cancelled(), id="e-2", sequence=2)
    assert world.reply("1", phone="0912345670") == "nothing_open"


def test_news_of_a_meeting_wait_for_the_meeting(world: World) -> None:
    assert world.unready(moved(SUNDAY)) == f"audiences:{MEETING}"
    assert world.unready(cancelled()) == f"audiences:{MEETING}"
