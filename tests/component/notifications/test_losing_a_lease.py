"""What waited longer than its lease is not sent: another deliverer may have it by then."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from unittest.mock import patch

from notifications.application.ports import Outgoing
from notifications.domain.delivery import Channel, Delivery, State
from notifications.domain.sending import Accepted, Answer, NeverSeen, Standing
from notifications.workers.deliverer import Deliverer, Pace
from tests.component.notifications.world import World, scheduled


class Sleeping:
    """A gateway during whose first call this machine sleeps for longer than the lease."""

    def __init__(self) -> None:
        self.seconds = 1000.0
        self.sent: list[str] = []
        self.while_asleep: Callable[[], None] = lambda: None

    def monotonic(self) -> float:
        return self.seconds

    def send(self, outgoing: Outgoing) -> Answer:
        self.sent.append(outgoing.delivery.id)
        if len(self.sent) == 1:
            self.seconds += 20.0
            self.while_asleep()
        return Accepted("g-1")

    def ask(self, delivery: Delivery) -> Standing:
        return NeverSeen()


def test_of_a_batch_whose_lease_ran_out_during_a_call_nothing_more_leaves() -> None:
    world, gateway = World(), Sleeping()
    world.units()
    world.hear(scheduled(world.people(5)))
    pace = Pace(batch=50, threads=1, lease=9.0)
    Deliverer(
        Channel.SMS, gateway, world.queue, world.store, world.policy, pace=pace, monotonic=gateway.monotonic
    ).run_until_empty()
    assert len(gateway.sent) == 1
    states = [row.state for row in world.rows()]
    assert states.count(State.SENDING) == 4, "they are due again when their lease has run out in the queue"
    world.clock.move(seconds=10)
    world.deliver()
    assert len(world.sms.asked) == 4, "nobody knows whether they left"
    world.clock.move(seconds=1)
    world.deliver()
    assert len(world.sms.sent) == 4


def test_what_one_claims_anew_oneself_is_not_sent_for_the_old_claim_as_well() -> None:
    """As after a freeze: the rows are due again, and their former tasks still lie with the senders."""
    world, gateway, claimed_anew = World(), Sleeping(), threading.Event()
    world.units()
    world.hear(scheduled(world.people(5)))
    claim = world.queue.claim

    def claims(channel: Channel, *, limit: int, lease_seconds: float) -> list[Delivery]:
        rows = claim(channel, limit=limit, lease_seconds=lease_seconds)
        if rows and rows[0].state is State.ASKING:
            world.clock.move(seconds=0.2)  # what was asked about is due
            claimed_anew.set()
        return rows

    def sleeps() -> None:
        world.clock.move(seconds=20)
        assert claimed_anew.wait(5)

    gateway.while_asleep = sleeps
    deliverer = Deliverer(
        Channel.SMS,
        gateway,
        world.queue,
        world.store,
        world.policy,
        pace=Pace(batch=50, threads=1, lease=9.0),
        monotonic=gateway.monotonic,
    )
    with patch.object(world.queue, "claim", claims):
        deliverer.run_until_empty()
    world.deliver()
    sent = Counter([*gateway.sent, *(outgoing.delivery.id for outgoing in world.sms.sent)])
    assert sorted(sent.values()) == [1, 1, 1, 1, 2], "only of what was on its way nobody knew"
    assert {row.state for row in world.rows()} == {State.ACCEPTED}
