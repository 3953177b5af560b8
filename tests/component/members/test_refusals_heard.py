"""Who opts out of a channel elsewhere has refused it here, and everybody who sends learns it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from chassis.messaging.envelope import Cause, Incoming
from chassis.messaging.handlers import Reaction
from contracts.members_states import ContactChannel, ContactState
from contracts.notifications_events import OptedOut
from members.workers.handlers import HANDLERS
from tests.component.members.world import World

AT = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)


def hear(world: World, event: OptedOut) -> None:
    incoming = Incoming(
        topic=OptedOut.TOPIC,
        partition=0,
        offset=1,
        id="e-1",
        type=OptedOut.TYPE,
        source="notifications",
        key=event.person_id,
        sequence=1,
        time=AT,
        cause=Cause("chain"),
        payload=event.to_bytes(),
    )
    (reaction,) = [one for one in HANDLERS if isinstance(one, Reaction) and one.event is OptedOut]
    world.store.commit(reaction.handle(event, incoming, world.store))


@pytest.fixture
def person(world: World) -> str:
    commune = world.unit("commune", "Đoàn xã Nông Sơn")
    return world.person("Nguyễn Thị Hòa", world.unit("branch", "Chi đoàn thôn Trung Hạ", commune))


def test_the_refusal_is_kept_and_told_on(world: World, person: str) -> None:
    hear(world, OptedOut(person_id=person, channel="sms", at=AT))
    assert world.admin.get(f"/v1/people/{person}").json["contacts"]["refused"] == ["sms"]
    assert world.told(ContactState)[-1].refused == (ContactChannel.SMS,)


def test_hearing_it_again_changes_nothing(world: World, person: str) -> None:
    for _ in range(2):
        hear(world, OptedOut(person_id=person, channel="sms", at=AT))
    assert [state.version for state in world.told(ContactState)] == [1, 2]


@pytest.mark.parametrize(("whom", "channel"), [("somebody erased", "sms"), (None, "pigeon")])
def test_nobody_and_nothing_known_is_passed_over(world: World, person: str, whom: str | None, channel: str) -> None:
    hear(world, OptedOut(person_id=whom or person, channel=channel, at=AT))
    assert len(world.told(ContactState)) == 1
