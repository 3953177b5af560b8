"""Nothing lost, nothing done twice, nothing out of order: a machine that writes, relays, crashes, duplicates, lets the
group change, replays and wakes zombies in any order it likes, on the twins in memory."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from chassis.messaging.cloudevents import Partition
from chassis.messaging.consumer import Consumer
from chassis.messaging.dead_letters import DEAD_LETTERS
from chassis.messaging.envelope import Message
from chassis.messaging.lease import Lease, LeaseLost
from chassis.messaging.memory.broker import MemoryBroker, MemoryPublisher, MemorySource
from chassis.messaging.memory.lease import MemoryLeaseTable
from chassis.messaging.memory.outbox_rows import StoredOutboxRows
from chassis.messaging.outbox import OUTBOX, STATES_ARRIVE_WITHIN
from chassis.messaging.parked import PARKED
from chassis.messaging.relay import MADE_GOOD_AFTER_SECONDS, PublishingFailed, Relay
from chassis.runtime.shutdown import Shutdown
from chassis.storage.changes import Changes
from chassis.storage.memory import MemoryStore
from tests.integration.messaging.playthings import (
    EVENTS,
    PUBLISHER,
    READER,
    TOPICS,
    UNITS,
    UNITS_SEEN,
    cancel,
    handlers,
    move,
    schedule,
    tell_of,
    told,
    unit,
    unit_erased,
)
from tests.integration.messaging.stage import AtOnce, altered

MEETINGS = ("m-1", "m-2", "m-3")
UNIT_IDS = ("u-1", "u-2")


class Killed(BaseException):
    """As kill -9 does: nothing after it runs."""


class Clock:
    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


class Messaging(RuleBasedStateMachine):
    @initialize()
    def begin(self) -> None:
        self.clock = Clock()
        partitions = {topic.name: topic.partitions for topic in TOPICS}
        self.broker = MemoryBroker(partitions, states=[UNITS], clock=self.clock)
        self.publishing, self.reading = MemoryStore(), MemoryStore()
        self.leases = MemoryLeaseTable(self.clock)
        self.holders = 0
        self.relay: tuple[Relay, Lease, MemoryPublisher] | None = None
        self.asleep: list[tuple[list[Message], datetime]] = []
        self.members: list[tuple[Consumer, MemorySource]] = []
        self.said: dict[str, list[str]] = defaultdict(list)
        self.newest_seen: dict[str, int] = defaultdict(int)
        self.truth: dict[str, tuple[int, str | None]] = {}
        self.a_relay_starts()
        self.a_member_joins()

    # What officers do.

    @rule(meeting=st.sampled_from(MEETINGS), unit_id=st.sampled_from(UNIT_IDS))
    def say_something_of_a_meeting(self, meeting: str, unit_id: str) -> None:
        number = len(self.said[meeting]) + 1
        if number == 1:
            schedule(self.publishing, meeting, unit_id)
            self.said[meeting].append("scheduled")
        elif self.said[meeting][-1] != "cancelled" and number < 5:
            move(self.publishing, meeting)
            self.said[meeting].append(f"moved {number}")
        elif number == 5:
            cancel(self.publishing, meeting)
            self.said[meeting].append("cancelled")

    @rule(unit_id=st.sampled_from(UNIT_IDS), erased=st.booleans(), times=st.integers(1, 3))
    def change_a_unit(self, unit_id: str, erased: bool, times: int) -> None:
        for _ in range(times):
            self._change_a_unit(unit_id, erased)

    def _change_a_unit(self, unit_id: str, erased: bool) -> None:
        version = self.truth.get(unit_id, (0, None))[0] + 1
        name = None if erased and version > 1 else f"{unit_id} as of {version}"
        tell_of(self.publishing, unit_erased(unit_id, version) if name is None else unit(unit_id, version, name))
        self.truth[unit_id] = version, name

    # What the relay does, and what happens to it.

    @precondition(lambda self: self.relay is None)
    @rule(reads_ahead=st.booleans())
    def a_relay_starts(self, reads_ahead: bool = True) -> None:
        self.clock.seconds += 10  # it waits for the lease of the last one
        self.holders += 1
        lease = Lease(self.leases, "relay", f"relay {self.holders}", monotonic=self.clock)
        assert lease.acquire()
        publisher = MemoryPublisher(self.broker, PUBLISHER)
        rows = StoredOutboxRows(self.publishing)
        beside = AtOnce() if reads_ahead else None
        relay = Relay(rows, publisher, lease, state_topics=[UNITS], beside=beside, limit=2, monotonic=self.clock)
        relay.take_over()
        self.relay = relay, lease, publisher

    @precondition(lambda self: self.relay is not None)
    @rule(rounds=st.integers(1, 4))
    def it_relays(self, rounds: int) -> None:
        relay, _, _ = self._relay()
        try:
            for _ in range(rounds):
                relay.round()
        except LeaseLost:
            self.relay = None

    @precondition(lambda self: self.relay is not None)
    @rule(after=st.integers(0, 3))
    def it_is_killed_while_it_sends_or_before_it_marks(self, after: int) -> None:
        relay, _, publisher = self._relay()
        sent: list[Message] = []

        def accident(message: Message) -> None:
            if len(sent) == after:
                raise Killed
            sent.append(message)

        publisher.accident = accident
        relay._rows = altered(relay._rows, mark_published=_killed)
        try:
            relay.round()
        except (Killed, LeaseLost):
            pass
        self.relay = None

    @precondition(lambda self: self.relay is not None)
    @rule()
    def it_falls_asleep_in_the_middle_of_a_round(self) -> None:
        """Its round is with the client library, and goes out when it wakes, whoever holds the lease by then."""
        relay, _, _ = self._relay()

        def asleep(messages: Sequence[Message], began: datetime) -> Any:
            self.asleep.append((list(messages), began))
            raise Killed

        relay._publisher = altered(relay._publisher, send=asleep)
        try:
            relay.round()
        except (Killed, LeaseLost):
            pass
        self.relay = None

    @precondition(lambda self: self.asleep)
    @rule(killed=st.booleans())
    def a_zombie_wakes(self, killed: bool) -> None:
        """Killed: after its late send, and before it can announce itself."""
        late, began = self.asleep.pop()
        try:
            MemoryPublisher(self.broker, PUBLISHER).send(late, began)
        except PublishingFailed:
            pass  # the broker refused what came too late
        if not killed:
            self.leases.announce_late("relay")

    @rule(seconds=st.sampled_from([1.0, 60.0, STATES_ARRIVE_WITHIN - 60.0]))
    def time_goes_by(self, seconds: float) -> None:
        self.clock.seconds += seconds

    # What happens on the broker and to the readers.

    @rule(data=st.data())
    def a_record_is_there_twice(self, data: st.DataObject) -> None:
        log = self.broker.records(EVENTS)
        if log:
            twice = data.draw(st.sampled_from(log))
            self.broker.append(twice.topic, twice.key, twice.value, twice.headers)

    @precondition(lambda self: len(self.members) < 3)
    @rule()
    def a_member_joins(self) -> None:
        source = self.broker.join(READER, [topic.name for topic in TOPICS], max_records=3)
        consumer = Consumer(READER, handlers(), self.reading, source, Shutdown(), monotonic=self.clock)
        self.members.append((consumer, source))

    @precondition(lambda self: self.members)
    @rule(data=st.data(), after=st.sampled_from(["poll", "one transaction", "all transactions"]))
    def a_member_is_killed(self, data: st.DataObject, after: str) -> None:
        member = data.draw(st.sampled_from(range(len(self.members))))
        consumer, source = self.members.pop(member)
        if after == "all transactions":
            consumer._source = altered(consumer._source, commit=_killed)
        else:
            consumer._reactor._store = altered(self.reading, commit=self._dies(after == "one transaction"))
        try:
            consumer.step()
        except Killed:
            pass
        self.broker.leave(source)

    def _dies(self, late: bool) -> Callable[[Changes], None]:
        def commit(changes: Changes) -> None:
            if late:
                self.reading.commit(changes)
            raise Killed

        return commit

    @precondition(lambda self: self.members)
    @rule(data=st.data(), joins=st.booleans(), steps=st.integers(1, 4))
    def a_member_works(self, data: st.DataObject, joins: bool, steps: int) -> None:
        consumer, source = self.members[data.draw(st.sampled_from(range(len(self.members))))]
        self.clock.seconds += 1
        for _ in range(steps):
            consumer.step()
            self.a_read_model_never_goes_back()

        if joins:  # the group changes between the poll and the commit

            def too_late(positions: Mapping[Partition, int]) -> bool:
                self.broker.leave(self.broker.join(READER, [topic.name for topic in TOPICS]))
                return source.commit(positions)

            consumer._source = altered(source, commit=too_late)
            consumer.step()
            consumer._source = source

    @rule()
    def all_is_read_again(self) -> None:
        while self.members:
            self.members.pop()[1].close()
        self.broker.rewind(READER)
        self.a_member_joins()

    # What must hold.

    @invariant()
    def nothing_is_done_twice_or_out_of_order(self) -> None:
        for meeting, said in getattr(self, "said", {}).items():
            done = list(told(self.reading, meeting))
            assert done == said[: len(done)]

    @invariant()
    def a_read_model_never_goes_back(self) -> None:
        for seen in self.reading.find(UNITS_SEEN, {}) if hasattr(self, "clock") else []:
            assert seen.version >= self.newest_seen[seen.id]
            self.newest_seen[seen.id] = seen.version

    def teardown(self) -> None:
        if not hasattr(self, "clock"):
            return
        for unit_id in UNIT_IDS:
            if self.truth.get(unit_id, (0, None))[1] is None:  # what is parked gets what it waits for
                self._change_a_unit(unit_id, erased=False)
        self._relay_all()
        while self.asleep:
            self.a_zombie_wakes(killed=True)
        self.clock.seconds += MADE_GOOD_AFTER_SECONDS
        self._relay_all()
        self._read_all()

        assert {meeting: list(told(self.reading, meeting)) for meeting in MEETINGS} == {
            meeting: self.said[meeting] for meeting in MEETINGS
        }, "something was lost"
        assert self._units(self.reading) == self._true_units()
        assert self.publishing.find(OUTBOX, {"state": "pending"}) == []
        assert self.reading.find(PARKED, {}) == []
        assert self.reading.find(DEAD_LETTERS, {}) == []
        self._rebuilt_from_what_compaction_leaves()

    def _relay(self) -> tuple[Relay, Lease, MemoryPublisher]:
        assert self.relay is not None
        return self.relay

    def _relay_all(self) -> None:
        if self.relay is None:
            self.a_relay_starts()
        relay, _, _ = self._relay()
        self.clock.seconds += 3  # time to look after the lease
        while relay.round():
            pass

    def _read_all(self) -> None:
        for _, source in self.members:
            source.close()
        source = self.broker.join(READER, [topic.name for topic in TOPICS])
        consumer = Consumer(READER, handlers(), self.reading, source, Shutdown(), monotonic=self.clock)
        while consumer.step() or self.reading.find(PARKED, {}):
            self.clock.seconds += 60
            consumer.chores()
            if not self._resume_by_hand(consumer):
                break

    def _resume_by_hand(self, consumer: Consumer) -> bool:
        consumer._resumer.resume_waiting_for({f"units_seen:{unit_id}" for unit_id in UNIT_IDS})
        return bool(self.reading.find(PARKED, {})) or consumer.step() > 0

    def _rebuilt_from_what_compaction_leaves(self) -> None:
        self.broker.compact(UNITS)
        fresh = MemoryStore()
        source = self.broker.join("a new reader", [UNITS])
        consumer = Consumer("a new reader", handlers(), fresh, source, Shutdown(), monotonic=self.clock)
        while consumer.step():
            pass
        assert self._units(fresh) == self._true_units(), "the compacted topic tells something old"

    def _true_units(self) -> dict[str, str]:
        return {unit_id: name for unit_id, (_, name) in self.truth.items() if name is not None}

    @staticmethod
    def _units(store: MemoryStore) -> dict[str, str]:
        return {seen.id: seen.name for seen in store.find(UNITS_SEEN, {})}


def _killed(*_: object) -> Any:
    raise Killed


TestMessaging = pytest.mark.timeout(120)(Messaging.TestCase)
TestMessaging.settings = settings(
    max_examples=300,
    stateful_step_count=40,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
