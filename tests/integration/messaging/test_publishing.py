"""What the outbox holds reaches the log: all of it, each aggregate in its order, whatever happens to the relay."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest

from chassis.failures import Unavailable
from chassis.messaging.cloudevents import read
from chassis.messaging.envelope import Message
from chassis.messaging.lease import LeaseLost
from chassis.messaging.outbox import OUTBOX, STATES_ARRIVE_WITHIN
from chassis.messaging.relay import MADE_GOOD_AFTER_SECONDS, PublishingFailed, Sending
from tests.integration.messaging.playthings import (
    EVENTS,
    PUBLISHER,
    UNITS,
    MeetingMoved,
    cancel,
    message,
    move,
    schedule,
    tell_of,
    unit,
)
from tests.integration.messaging.stage import AtOnce, Stage, altered
from tests.support.eventually import eventually


class Killed(BaseException):
    """As kill -9 does: nothing after it runs."""


def killed(ids: Sequence[str]) -> None:
    """Instead of marking: the process is killed between the send and the mark."""
    raise Killed


def sequences(stage: Stage, topic: str, key: str) -> list[int]:
    records = [read(record) for record in stage.backend.log(topic)]
    return [record.sequence for record in records if record.key == key]


def test_an_event_carries_its_whole_envelope(stage: Stage) -> None:
    said = message(MeetingMoved(meeting_id="m-1", number=3), "m-1", 3)
    stage.publish(said)

    (record,) = stage.backend.log(EVENTS)
    came = read(record)
    assert (came.id, came.type, came.key, came.sequence) == (said.id, said.type, "m-1", 3)
    assert (came.source, came.cause, came.payload) == (PUBLISHER, said.cause, said.payload)
    assert abs((came.time - said.time).total_seconds()) < 0.001
    assert dict(record.headers)["content-type"] == b"application/json"
    assert dict(record.headers)["ce_specversion"] == b"1.0"


def test_versions_of_one_aggregate_are_published_in_their_order_whatever_order_they_were_stored_in(
    stage: Stage,
) -> None:
    versions = [message(MeetingMoved(meeting_id="m-1", number=n), "m-1", n) for n in range(1, 8)]
    for said in reversed(versions):
        tell_of(stage.publishing, said)
    stage.publish()
    assert sequences(stage, EVENTS, "m-1") == list(range(1, 8))


def test_a_cancellation_never_comes_before_its_meeting(stage: Stage) -> None:
    for number in range(20):
        schedule(stage.publishing, f"m-{number}", "u-1")
        move(stage.publishing, f"m-{number}")
        cancel(stage.publishing, f"m-{number}")
    stage.publish()
    for number in range(20):
        assert sequences(stage, EVENTS, f"m-{number}") == [1, 2, 3]


def test_one_busy_aggregate_does_not_hold_up_the_others(stage: Stage) -> None:
    relay = stage.relay(limit=5)
    tell_of(stage.publishing, *(message(MeetingMoved(meeting_id="a", number=n), "a", n) for n in range(1, 21)))
    tell_of(stage.publishing, message(MeetingMoved(meeting_id="b", number=1), "b", 1))
    relay.round()
    relay.round()
    assert sequences(stage, EVENTS, "b") == [1]


def test_a_round_sends_one_version_of_each_aggregate_and_marks_it(stage: Stage) -> None:
    relay = stage.relay()
    tell_of(stage.publishing, *(message(MeetingMoved(meeting_id="a", number=n), "a", n) for n in (1, 2)), unit("a", 1))
    assert relay.round() == 2, "the same key on two topics is two orders"
    rows = stage.publishing.find(OUTBOX, {"state": "pending"})
    assert [row.sequence for row in rows] == [2]
    assert relay.round() == 1
    assert relay.round() == 0


def test_nothing_is_lost_when_the_relay_is_killed_between_send_and_mark(stage: Stage) -> None:
    schedule(stage.publishing, "m-1", "u-1")
    cancel(stage.publishing, "m-1")
    lease = stage.lease()
    dying = stage.relay(lease=lease, rows=altered(stage.backend.outbox(), mark_published=killed))
    with pytest.raises(Killed):
        dying.round()
    lease.release()

    stage.publish()
    assert sequences(stage, EVENTS, "m-1") == [1, 1, 2], "again, and before what follows it"
    assert stage.publishing.find(OUTBOX, {"state": "pending"}) == []


def test_what_could_not_be_marked_is_marked_later_and_not_sent_again(stage: Stage) -> None:
    rows = stage.backend.outbox()
    away = [True]

    def away_once(ids: Sequence[str]) -> None:
        if away:
            away.clear()
            raise Unavailable("for a test")
        rows.mark_published(ids)

    relay = stage.relay(rows=altered(rows, mark_published=away_once))
    schedule(stage.publishing, "m-1", "u-1")
    with pytest.raises(Unavailable):
        relay.round()
    while relay.round():
        pass
    assert sequences(stage, EVENTS, "m-1") == [1]
    assert stage.publishing.find(OUTBOX, {"state": "pending"}) == []


def test_a_relay_that_reads_ahead_sends_each_message_once_and_in_its_order(stage: Stage) -> None:
    """Seven aggregates in rounds of three: every round is read while the one before is on its way or being marked."""
    keys = [f"m-{number}" for number in range(7)]
    for version in range(1, 5):
        told = [message(MeetingMoved(meeting_id=key, number=version), key, version) for key in keys]
        tell_of(stage.publishing, *told)
    with ThreadPoolExecutor(2) as beside:
        relay = stage.relay(beside=beside, limit=3)
        sent = 0
        while (number := relay.round()) > 0:
            sent += number
    assert sent == 28
    for key in keys:
        assert sequences(stage, EVENTS, key) == [1, 2, 3, 4]


def test_what_is_on_its_way_is_not_taken_from_what_was_read_meanwhile(stage: Stage) -> None:
    """The third round goes round the outbox: g and then the second versions of a and b; behind b only g is left, which
    is on its way while the fourth round is read."""
    for key in "abcdefg":
        tell_of(stage.publishing, message(MeetingMoved(meeting_id=key, number=1), key, 1))
    for key in "ab":
        tell_of(stage.publishing, message(MeetingMoved(meeting_id=key, number=2), key, 2))
    relay = stage.relay(beside=AtOnce(), limit=3)
    assert [relay.round() for _ in range(4)] == [3, 3, 3, 0]
    assert sequences(stage, EVENTS, "g") == [1]


def test_what_could_not_be_read_ahead_is_read_later(stage: Stage) -> None:
    rows = stage.backend.outbox()
    asked = count(1)

    def away_the_second_time(*of_what: Any) -> list[Message]:
        if next(asked) == 2:
            raise Unavailable("for a test")
        return rows.pending(*of_what)

    for number in range(4):
        schedule(stage.publishing, f"m-{number}", "u-1")
    with ThreadPoolExecutor(2) as beside:
        relay = stage.relay(rows=altered(rows, pending=away_the_second_time), beside=beside, limit=2)
        assert relay.round() == 2
        with pytest.raises(Unavailable):
            relay.round()
        assert relay.round() == 2
        assert relay.round() == 0
    assert [sequences(stage, EVENTS, f"m-{number}") for number in range(4)] == [[1]] * 4


class Unresolved:
    """A publisher whose first round is broken off before its acknowledgements come."""

    def __init__(self) -> None:
        self.sent: list[Message] = []
        self.refused: Sequence[Message] = ()
        self._broken_off = False

    def send(self, messages: Sequence[Message], began: datetime) -> Sending:
        self.sent += messages
        return self

    def wait(self, seconds: float) -> bool:
        if not self._broken_off:
            self._broken_off = True
            raise Unavailable("for a test")
        return True


def test_nothing_is_sent_again_while_a_send_is_unresolved(stage: Stage) -> None:
    publisher = Unresolved()
    relay = stage.relay(publisher=publisher)
    schedule(stage.publishing, "m-1", "u-1")
    move(stage.publishing, "m-1")
    with pytest.raises(Unavailable):
        relay.round()
    assert relay.round() == 1
    assert [said.sequence for said in publisher.sent] == [1]
    assert relay.round() == 1
    assert [said.sequence for said in publisher.sent] == [1, 2]


def test_a_message_that_is_too_large_holds_up_its_own_aggregate_alone(stage: Stage) -> None:
    huge = message(MeetingMoved(meeting_id="m-1", number=1), "m-1", 1)
    giant = b'{"meeting_id": "' + b"x" * 7 * 1024 * 1024 + b'"}'
    tell_of(stage.publishing, replace(huge, payload=giant))
    schedule(stage.publishing, "m-2", "u-1")
    tell_of(stage.publishing, message(MeetingMoved(meeting_id="m-1", number=2), "m-1", 2))
    stage.publish()
    assert sequences(stage, EVENTS, "m-2") == [1]
    assert sequences(stage, EVENTS, "m-1") == []
    assert len(stage.publishing.find(OUTBOX, {"state": "pending"})) == 2


def test_a_relay_without_the_lease_sends_nothing(stage: Stage) -> None:
    now = [100.0]
    sleeper = stage.relay(lease=stage.lease(seconds=0.3, monotonic=lambda: now[0]))
    schedule(stage.publishing, "m-1", "u-1")

    successor = stage.lease()
    eventually(successor.acquire, within=5)
    now[0] += 3600
    with pytest.raises(LeaseLost):
        sleeper.round()
    assert stage.backend.log(EVENTS) == []


def test_only_one_holds_the_lease_and_its_end_frees_it_at_once(stage: Stage) -> None:
    first, second = stage.lease(), stage.lease()
    assert first.acquire()
    assert not second.acquire()
    first.keep()
    first.release()
    assert second.acquire()
    with pytest.raises(LeaseLost):
        first.keep()


def test_a_lease_that_another_had_in_between_is_lost_even_when_it_is_free_again(stage: Stage) -> None:
    now = [0.0]
    sleeper = stage.lease(seconds=0.2, monotonic=lambda: now[0])
    assert sleeper.acquire()
    other = stage.lease()
    eventually(other.acquire, within=5)
    other.release()
    now[0] += 10
    with pytest.raises(LeaseLost):
        sleeper.keep()


def test_whoever_takes_over_publishes_the_recent_states_again_each_in_its_last_version(stage: Stage) -> None:
    lease = stage.lease()
    before = stage.relay(lease=lease)
    tell_of(stage.publishing, unit("u-1", 1), unit("u-2", 1))
    before.round()
    tell_of(stage.publishing, unit("u-1", 2))
    before.round()
    schedule(stage.publishing, "m-1", "u-1")
    before.round()
    lease.release()

    assert stage.relay().take_over() == 2
    assert sequences(stage, UNITS, "u-1") == [1, 2, 2]
    assert sequences(stage, UNITS, "u-2") == [1, 1]
    assert sequences(stage, EVENTS, "m-1") == [1], "events are for their inbox to guard"


def test_a_zombie_that_announces_itself_makes_its_successor_publish_the_recent_states_once_more(stage: Stage) -> None:
    lease = stage.lease()
    successor = stage.relay(lease=lease)
    successor.take_over()
    tell_of(stage.publishing, unit("u-1", 1))
    assert successor.round() == 1

    late = unit("u-1", 0)
    stage.raw(UNITS, b"u-1", late.payload, stage.like(late))
    stage.lease().announce_late()
    lease.acquire()
    successor.round()
    assert sequences(stage, UNITS, "u-1") == [1, 0, 1], "the last one on the compacted topic is right again"
    successor.round()
    assert sequences(stage, UNITS, "u-1") == [1, 0, 1]


def test_a_zombie_that_is_killed_before_it_can_announce_itself_is_made_good_when_nothing_late_can_arrive(
    stage: Stage,
) -> None:
    now = [0.0]
    successor = stage.relay(monotonic=lambda: now[0])
    successor.take_over()
    tell_of(stage.publishing, unit("u-1", 1))
    tell_of(stage.publishing, unit("u-1", 2))
    assert (successor.round(), successor.round()) == (1, 1)

    late = unit("u-1", 1)
    stage.raw(UNITS, b"u-1", late.payload, stage.like(late))
    now[0] += MADE_GOOD_AFTER_SECONDS - 1
    successor.round()
    assert sequences(stage, UNITS, "u-1") == [1, 2, 1], "the topic would be compacted to what is old"
    now[0] += 2
    successor.round()
    assert sequences(stage, UNITS, "u-1") == [1, 2, 1, 2]
    now[0] += MADE_GOOD_AFTER_SECONDS
    successor.round()
    assert sequences(stage, UNITS, "u-1") == [1, 2, 1, 2], "once is enough"


def test_what_a_zombie_sends_after_that_is_refused_by_the_broker(stage: Stage) -> None:
    publisher = stage.backend.publisher()
    asleep = stage.now() - timedelta(seconds=STATES_ARRIVE_WITHIN)
    awake = asleep + timedelta(seconds=30)
    assert publisher.send([unit("u-1", 1)], awake).wait(10)
    with pytest.raises(PublishingFailed):
        publisher.send([unit("u-1", 2)], asleep).wait(10)
    assert sequences(stage, UNITS, "u-1") == [1]


def test_making_good_that_is_interrupted_is_begun_again(stage: Stage) -> None:
    now = [0.0]
    rows = stage.backend.outbox()
    away: list[bool] = []

    def sometimes_away(*of_what: Any) -> Iterable[Message]:
        if away:
            away.clear()
            raise Unavailable("for a test")
        return rows.latest_published(*of_what)

    relay = stage.relay(rows=altered(rows, latest_published=sometimes_away), monotonic=lambda: now[0])
    relay.take_over()
    tell_of(stage.publishing, unit("u-1", 1))
    relay.round()
    now[0] += MADE_GOOD_AFTER_SECONDS
    away.append(True)
    with pytest.raises(Unavailable):
        relay.round()
    relay.round()
    assert sequences(stage, UNITS, "u-1") == [1, 1]


def test_the_backlog_is_told(stage: Stage) -> None:
    rows = stage.backend.outbox()
    assert rows.backlog().pending == 0
    tell_of(stage.publishing, unit("u-1", 1), unit("u-2", 1))
    assert rows.backlog().pending == 2
    assert 0 <= rows.backlog().oldest_seconds < 60
