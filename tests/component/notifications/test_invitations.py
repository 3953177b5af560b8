"""Every invitee of a meeting has one SMS or a recorded reason why not."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from unittest.mock import patch

import pytest

from chassis.storage.memory import MemoryStore
from contracts.members_states import ContactChannel
from contracts.notifications_events import MessagesFailed
from notifications.application.announce import Policy
from notifications.domain.delivery import Channel, State
from notifications.domain.notice import NOTICES
from notifications.domain.quiet_hours import QuietHours
from notifications.domain.reply import invitation_code
from tests.component.notifications.world import (
    BRANCH,
    COMMUNE,
    MEETING,
    PROVINCE,
    SATURDAY_EVENING,
    Clock,
    World,
    facts,
    scheduled,
)


@pytest.fixture
def world() -> World:
    world = World()
    world.units()
    return world


def test_an_invitation_says_what_when_where_and_how_to_answer(world: World) -> None:
    world.person("p-1", "Lê Thị Hoa")
    world.hear(scheduled(["p-1"]))
    world.deliver()
    assert world.sms.texts() == [
        "Doan xa Nong Son moi dong chi Le Thi Hoa du giao ban: Giao ban 6 thang dau nam. 19h30 T7 13/6, "
        "Hoi truong UBND xa. Tra loi 1: du, 2: vang"
    ]
    row = world.row("p-1")
    assert (row.state, row.parts, row.price_vnd, row.attempts) == (State.ACCEPTED, 1, 850, 1)


def test_each_invitee_has_one_sms_or_a_reason(world: World) -> None:
    world.person("p-well")
    world.person("p-no-phone", phone=None, mail="khong@example.vn")
    world.person("p-refused", phone="+84912345671", refused=[ContactChannel.SMS])
    world.hear(scheduled(["p-well", "p-no-phone", "p-refused", "p-unknown", "p-well"]))
    world.deliver()
    assert world.states() == {
        "p-well": (State.ACCEPTED, None),
        "p-no-phone": (State.SKIPPED, "no_mobile"),
        "p-refused": (State.SKIPPED, "refused"),
        "p-unknown": (State.QUEUED, "contact_awaited"),
    }
    assert world.sms.people() == ["p-well"]
    world.clock.move(minutes=11)
    world.deliver()
    assert world.row("p-unknown").reason == "unknown_person"
    told = {(event.person_id, event.reason) for event in world.told(MessagesFailed)}
    assert told == {("p-no-phone", "no_mobile"), ("p-refused", "refused"), ("p-unknown", "unknown_person")}


def test_an_unknown_person_is_told_once_his_contact_comes(world: World) -> None:
    world.hear(scheduled(["p-late"]))
    world.deliver()
    world.deliver(Channel.EMAIL)
    world.person("p-late", mail="muon@example.vn")
    world.clock.move(seconds=6)
    world.deliver()
    world.deliver(Channel.EMAIL)
    assert (world.sms.people(), world.mail.people()) == (["p-late"], ["p-late"])


def test_who_has_an_address_gets_an_email_beside(world: World) -> None:
    world.person("p-1", mail="hoa@example.vn")
    world.person("p-2", phone="+84912345671")
    world.hear(scheduled(["p-1", "p-2"]))
    world.deliver(Channel.EMAIL)
    assert world.mail.people() == ["p-1"]
    assert world.row("p-1", channel=Channel.EMAIL).state is State.ACCEPTED


def test_nothing_is_made_before_the_unit_is_known() -> None:
    world = World()
    assert world.unready(scheduled(["p-1"])) == f"units:{COMMUNE}"
    assert world.store.find(NOTICES, {}) == []


def test_those_on_one_phone_get_codes_to_answer_with(world: World) -> None:
    world.person("p-1", "Lê Thị Hoa")
    world.person("p-2", "Lê Văn Nam")
    world.person("p-3", "Trần An", phone="+84912345671")
    world.hear(scheduled(["p-1", "p-2", "p-3"]))
    world.deliver()
    by_person = dict(zip([sent.delivery.person_id for sent in world.sms.sent], world.sms.texts(), strict=True))
    code, another = (invitation_code(MEETING, person)[:2] for person in ("p-1", "p-2"))
    assert f"Tra loi 1 {code}: du, 2 {code}: vang" in by_person["p-1"]
    assert f"Tra loi 1 {another}: du" in by_person["p-2"]
    assert "Tra loi 1: du, 2: vang" in by_person["p-3"]


def test_a_second_open_invitation_carries_a_code(world: World) -> None:
    world.person("p-1")
    world.hear(scheduled(["p-1"]))
    world.hear(scheduled(["p-1"], meeting_id="m-second", meeting=facts(title="Giao ban bổ sung")))
    world.deliver()
    assert not world.row("p-1").code
    assert world.row("p-1", about="m-second").code == invitation_code("m-second", "p-1")[:2]


def test_whoever_has_piled_up_invitations_costs_the_next_one_no_more_than_others(world: World) -> None:
    """Only so many rows are read; whom they do not reach gets a code, which is never wrong."""
    people = world.people(40)
    for number in range(8):
        world.hear(scheduled(people[:-1], meeting_id=f"m-{number}"))
    read: list[int] = []
    find = world.store.find

    def counted(kind: Any, *arguments: Any, **named: Any) -> Any:
        found = find(kind, *arguments, **named)
        read.append(len(found))
        return found

    with patch.object(world.store, "find", counted):
        world.hear(scheduled(people))
    assert max(read) <= 100 + 3 * len(people)
    assert all(row.code for row in world.rows() if row.person_id != people[-1])


def test_rows_say_who_may_read_them(world: World) -> None:
    world.person("p-1")
    world.hear(scheduled(["p-1"]))
    row = world.row("p-1")
    assert row.unit_path == (PROVINCE, COMMUNE, BRANCH)
    assert row.unit_ids == (COMMUNE, BRANCH)


def test_a_refusal_that_comes_between_is_honoured(world: World) -> None:
    world.person("p-1")
    world.hear(scheduled(["p-1"]))
    world.person("p-1", refused=[ContactChannel.SMS], version=2)
    world.deliver()
    assert (world.sms.sent, world.row("p-1").reason) == ([], "refused")


def test_no_invitation_leaves_after_the_meeting_began(world: World) -> None:
    world.person("p-1")
    world.hear(scheduled(["p-1"]))
    world.clock.now = SATURDAY_EVENING + timedelta(seconds=1)
    world.deliver()
    assert (world.sms.sent, world.states()) == ([], {"p-1": (State.EXPIRED, "expired")})
    assert [event.reason for event in world.told(MessagesFailed)] == ["expired"]


def test_at_night_messages_wait_for_the_morning() -> None:
    night = Clock(datetime.fromisoformat("2026-06-08T23:00:00+07:00"))
    world = World(MemoryStore(), night, Policy(quiet=QuietHours.parse("22:00-07:00")))
    world.units()
    world.person("p-1")
    world.hear(scheduled(["p-1"]))
    world.deliver()
    assert world.sms.sent == []
    assert world.row("p-1").due == datetime.fromisoformat("2026-06-09T07:00:00+07:00")
    night.move(hours=8)
    world.deliver()
    assert world.sms.people() == ["p-1"]
