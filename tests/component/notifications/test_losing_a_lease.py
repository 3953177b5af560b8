"""What waited longer than its lease is not sent: another deliverer may have it by then."""

from __future__ import annotations

from notifications.domain.delivery import Channel, State
from notifications.domain.sending import Accepted, Answer, NeverSeen, Standing
from notifications.workers.deliverer import Deliverer, Pace
from tests.component.notifications.world import World, scheduled


class Sleeping:
    """A gateway during whose first call this machine sleeps for longer than the lease."""

    def __init__(self) -> None:
        self.seconds = 1000.0
        self.sent: list[str] = []

    def monotonic(self) -> float:
        return self.seconds

    def send(self, outgoing: object) -> Answer:
        self.sent.append("sms")
        self.seconds += 20.0
        return Accepted("g-1")

    def ask(self, delivery: object) -> Standing:
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
