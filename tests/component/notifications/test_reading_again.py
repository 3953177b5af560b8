"""Topics read again from the beginning: by the consumer that read them, by a new one, into an empty database."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from contracts.notifications_events import MessagesFailed
from contracts.scheduling_events import TaskAssigned
from notifications.application.announce import Policy
from notifications.domain.delivery import Channel, State
from notifications.domain.reasons import in_vietnamese
from tests.component.notifications.world import (
    BRANCH,
    COMMUNE,
    MEETING,
    SATURDAY_EVENING,
    World,
    cancelled,
    moved,
    scheduled,
)

DAY = timedelta(hours=24)
SUNDAY = SATURDAY_EVENING + timedelta(days=1)


def world_with(*people: str, policy: Policy | None = None) -> World:
    world = World(policy=policy or Policy())
    world.units()
    for number, person in enumerate(people):
        world.person(person, phone=f"+8491234567{number}", mail=f"{person}@example.vn")
    return world


def test_a_new_consumer_on_the_same_database_tells_nobody_again() -> None:
    """Its inbox is empty, but the notices know their events."""
    world = world_with("p-0", "p-1")
    told = ((scheduled(["p-0", "p-1"]), "e-1", 1), (moved(SUNDAY), "e-2", 2), (cancelled(), "e-3", 3))
    for event, id, sequence in told:
        world.hear(event, id=id, sequence=sequence)
        world.deliver()
    before = {row.id: row for row in world.rows()}
    sent = len(world.sms.sent)
    for event, id, sequence in told:
        world.hear(event, id=id, sequence=sequence)
        world.deliver()
    assert {row.id: row for row in world.rows()} == before
    assert len(world.sms.sent) == sent == 6


def test_an_empty_database_sends_what_is_young_under_the_keys_that_the_gateway_knows() -> None:
    first, again = world_with("p-0", "p-1"), world_with("p-0", "p-1")
    for world in (first, again):
        world.hear(scheduled(["p-0", "p-1"]), id="e-1", ago=DAY - timedelta(hours=1))
        world.deliver()
    keys = [sorted(sent.delivery.id for sent in world.sms.sent) for world in (first, again)]
    assert keys[0] == keys[1]
    assert len(keys[0]) == 2


@pytest.mark.parametrize("channel", Channel)
def test_an_empty_database_records_what_is_old_and_sends_nothing(channel: Channel) -> None:
    world = world_with("p-0")
    world.hear(scheduled(["p-0"]), id="e-1", ago=DAY)
    task = TaskAssigned(
        task_id="t-1",
        unit_id=COMMUNE,
        branch_id=BRANCH,
        title="Rà soát đoàn viên",
        assignee_id="p-0",
        due_on=date(2026, 6, 30),
    )
    world.hear(task, id="e-2", ago=DAY)
    world.deliver(channel)
    assert world.sms.sent == world.mail.sent == []
    for about in (MEETING, "t-1"):
        assert world.states(about=about, channel=channel) == {"p-0": (State.SKIPPED, "too_old")}
    assert in_vietnamese("too_old") != "too_old"
    assert not world.told(MessagesFailed), "nobody knows whether it failed"


def test_who_may_have_been_told_long_ago_is_told_of_todays_cancellation() -> None:
    world = world_with("p-0")
    world.hear(scheduled(["p-0"]), id="e-1", ago=3 * DAY)
    world.hear(cancelled(), id="e-2", sequence=2)
    world.deliver()
    [text] = world.sms.texts()
    assert "HUY giao ban" in text


def test_who_may_have_been_told_long_ago_is_told_of_todays_move_as_a_move() -> None:
    world = world_with("p-0")
    world.hear(scheduled(["p-0"]), id="e-1", ago=3 * DAY)
    world.hear(moved(SUNDAY), id="e-2", sequence=2)
    world.deliver()
    [text] = world.sms.texts()
    assert "doi sang" in text


def test_an_obstacle_that_is_known_is_the_reason_whatever_the_age() -> None:
    world = world_with()
    world.person("p-9", phone=None)
    world.hear(scheduled(["p-9"]), id="e-1", ago=3 * DAY)
    assert world.states() == {"p-9": (State.SKIPPED, "no_mobile")}
    assert world.row("p-9").in_doubt is False


def test_after_a_longer_outage_an_operator_may_have_older_things_told() -> None:
    world = world_with("p-0", policy=Policy(tell_within=timedelta(hours=72)))
    world.hear(scheduled(["p-0"]), id="e-1", ago=2 * DAY)
    world.deliver()
    assert world.sms.people() == ["p-0"]
