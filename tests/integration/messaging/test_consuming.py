"""What is in the log is applied once, in order, whatever happens between the log and the database."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from chassis.failures import Unavailable, VersionConflict
from chassis.messaging.cloudevents import Partition, Record
from chassis.messaging.consumer import Consumer, Source
from chassis.messaging.envelope import Incoming
from chassis.messaging.inbox import INBOX
from chassis.messaging.progress import caught_up
from chassis.runtime.shutdown import Shutdown
from chassis.storage.changes import Changes
from chassis.storage.store import Store
from tests.integration.messaging.playthings import (
    EVENTS,
    TALLIES,
    TOLD,
    UNITS,
    UNITS_SEEN,
    MeetingMoved,
    SomethingNew,
    UnitSeen,
    cancel,
    handlers,
    message,
    move,
    schedule,
    tell_moved,
    told,
    unit,
    unit_erased,
)
from tests.integration.messaging.stage import Stage, altered


class Killed(BaseException):
    """As kill -9 does: nothing after it runs."""


def dying(source: Source) -> Source:
    """A member that is killed after it handled what it polled and before it commits."""

    def commit(positions: Mapping[Partition, int]) -> bool:
        raise Killed

    return altered(source, commit=commit)


class FaultyCommits:
    """Commits of a store that fail as told, before or after they took effect."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.before: list[Exception] = []
        self.after: list[Exception] = []

    def commit(self, changes: Changes) -> None:
        if any(change.kind is TALLIES for change in changes.changes):
            if self.before:
                raise self.before.pop()
            self._store.commit(changes)
            if self.after:
                raise self.after.pop()
        else:
            self._store.commit(changes)


def whole_life(stage: Stage, meetings: int) -> None:
    """Meetings that are scheduled, moved twice and cancelled, of a unit that is known."""
    for number in range(meetings):
        schedule(stage.publishing, f"m-{number}", "u-1")
        move(stage.publishing, f"m-{number}")
        move(stage.publishing, f"m-{number}")
        cancel(stage.publishing, f"m-{number}")


WHOLE_LIFE = ("scheduled", "moved 2", "moved 3", "cancelled")


def know_unit(stage: Stage) -> None:
    stage.reading.project(UNITS_SEEN, [UnitSeen(id="u-1", name="Chi đoàn thôn Trung Hạ")])


def test_each_event_is_applied_once_and_in_the_order_of_its_aggregate(stage: Stage) -> None:
    know_unit(stage)
    whole_life(stage, 12)
    stage.publish()
    stage.all_consumed(stage.consumer(handlers()))
    assert {number: told(stage.reading, f"m-{number}") for number in range(12)} == dict.fromkeys(range(12), WHOLE_LIFE)


def test_a_message_that_is_published_twice_is_applied_once(stage: Stage) -> None:
    once = message(MeetingMoved(meeting_id="m-1", number=1), "m-1", 1)
    stage.publish(once)
    stage.raw(EVENTS, b"m-1", once.payload, stage.like(once))
    consumer = stage.consumer(handlers())
    stage.all_consumed(consumer)
    stage.raw(EVENTS, b"m-1", once.payload, stage.like(once))
    stage.all_consumed(consumer)
    assert told(stage.reading, "m-1") == ("moved 1",)


def test_what_was_handled_and_not_committed_comes_again_and_changes_nothing(stage: Stage) -> None:
    know_unit(stage)
    whole_life(stage, 3)
    stage.publish()
    source = stage.backend.source()
    with pytest.raises(Killed):
        stage.consume(stage.consumer(handlers(), source=dying(source)), lambda: False)
    assert stage.reading.count(INBOX, {}) > 0, "something was handled"
    source.close()

    stage.all_consumed(stage.consumer(handlers()))
    assert {told(stage.reading, f"m-{number}") for number in range(3)} == {WHOLE_LIFE}


def test_nothing_is_committed_that_was_not_handled(stage: Stage) -> None:
    def dies(event: MeetingMoved, incoming: Incoming, store: Store) -> Changes:
        raise Killed

    stage.publish(message(MeetingMoved(meeting_id="m-1", number=1), "m-1", 1))
    with pytest.raises(Killed):
        stage.consume(stage.consumer(handlers(moved=dies)), lambda: False)
    stage.leave()
    stage.all_consumed(stage.consumer(handlers()))
    assert told(stage.reading, "m-1") == ("moved 1",)


def test_replaying_everything_changes_nothing(stage: Stage) -> None:
    know_unit(stage)
    whole_life(stage, 3)
    stage.publish(unit("u-1", 1, "Trung Hạ"), unit("u-1", 2, "Trung Hạ 2"))
    stage.all_consumed(stage.consumer(handlers()))
    stage.leave()
    before = stage.reading.find(TOLD, {}), stage.reading.find(UNITS_SEEN, {})

    stage.backend.rewind()
    stage.all_consumed(stage.consumer(handlers()))
    assert (stage.reading.find(TOLD, {}), stage.reading.find(UNITS_SEEN, {})) == before


def test_two_members_share_the_work_and_a_third_takes_over_when_one_leaves(stage: Stage) -> None:
    know_unit(stage)
    first, second = stage.consumer(handlers()), stage.consumer(handlers())
    whole_life(stage, 8)
    stage.publish()

    def all_told() -> bool:
        first.step()
        return all(told(stage.reading, f"m-{number}") == WHOLE_LIFE for number in range(8))

    stage.consume(second, all_told)
    stage.leave()
    move_of_a_cancelled = message(MeetingMoved(meeting_id="m-9", number=1), "m-9", 1)
    stage.publish(move_of_a_cancelled)
    stage.consume(stage.consumer(handlers()), lambda: told(stage.reading, "m-9") == ("moved 1",))


def test_a_member_that_lost_its_partitions_while_handling_does_no_harm(stage: Stage) -> None:
    """The zombie handles what it polled, is told at its commit that it came too late, and goes on."""
    know_unit(stage)
    whole_life(stage, 2)
    stage.publish()
    zombie = stage.backend.source()
    polled: list[Record] = []
    while not polled:
        polled = zombie.poll(0.2)
    zombie.close()

    stage.all_consumed(stage.consumer(handlers()))

    as_it_was = altered(zombie, poll=lambda _: polled, commit=lambda _: False, positions=dict, ends=lambda _: {})
    Consumer("notifications", handlers(), stage.reading, as_it_was, stage.stop).step()
    assert {told(stage.reading, f"m-{number}") for number in range(2)} == {WHOLE_LIFE}


@pytest.mark.parametrize("failure", [VersionConflict("told", "x"), Unavailable("for a test"), RuntimeError("bug")])
def test_a_commit_that_fails_is_tried_again(stage: Stage, failure: Exception) -> None:
    commits = FaultyCommits(stage.reading)
    commits.before = [failure, failure]
    stage.publish(*(message(MeetingMoved(meeting_id="m-1", number=n), "m-1", n) for n in (1, 2)))
    stage.all_consumed(stage.consumer(handlers(), store=altered(stage.reading, commit=commits.commit)))
    assert told(stage.reading, "m-1") == ("moved 1", "moved 2")


def test_a_commit_whose_outcome_is_unknown_is_found_out_by_the_inbox(stage: Stage) -> None:
    commits = FaultyCommits(stage.reading)
    commits.after = [Unavailable("the answer was lost on the way")]
    stage.publish(message(MeetingMoved(meeting_id="m-1", number=1), "m-1", 1))
    stage.all_consumed(stage.consumer(handlers(), store=altered(stage.reading, commit=commits.commit)))
    assert told(stage.reading, "m-1") == ("moved 1",)


def test_a_reaction_whose_document_another_writer_changed_decides_again(stage: Stage) -> None:
    interfered: list[str] = []

    def while_another_writes(event: MeetingMoved, incoming: Incoming, store: Store) -> Changes:
        changes = tell_moved(event, incoming, store)
        if not interfered:
            interfered.append(incoming.id)
            stage.reading.commit(tell_moved(MeetingMoved(meeting_id="m-1", number=99), incoming, stage.reading))
        return changes

    stage.publish(message(MeetingMoved(meeting_id="m-1", number=1), "m-1", 1))
    stage.all_consumed(stage.consumer(handlers(moved=while_another_writes)))
    assert told(stage.reading, "m-1") == ("moved 99", "moved 1")


def test_a_reaction_cannot_write_past_its_transaction(stage: Stage) -> None:
    def writes(event: MeetingMoved, incoming: Incoming, store: Store) -> Changes:
        for forbidden in (
            lambda: store.commit(Changes()),
            lambda: store.project(UNITS_SEEN, []),
            lambda: store.bury(UNITS_SEEN, "u-1", 1),
        ):
            with pytest.raises(TypeError):
                forbidden()
        return tell_moved(event, incoming, store)

    stage.publish(message(MeetingMoved(meeting_id="m-1", number=1), "m-1", 1))
    stage.all_consumed(stage.consumer(handlers(moved=writes)))
    assert told(stage.reading, "m-1") == ("moved 1",)


def test_types_nobody_was_written_for_are_passed_over(stage: Stage) -> None:
    stage.publish(
        message(SomethingNew(meeting_id="m-1"), "m-1", 1), message(MeetingMoved(meeting_id="m-1", number=2), "m-1", 2)
    )
    stage.all_consumed(stage.consumer(handlers()))
    assert told(stage.reading, "m-1") == ("moved 2",)


def test_a_read_model_keeps_the_newest_state_in_whatever_order_they_come(stage: Stage) -> None:
    consumer = stage.consumer(handlers())
    for version in (2, 5, 3, 1, 4):
        late = unit("u-1", version, f"name {version}")
        stage.raw(UNITS, b"u-1", late.payload, stage.like(late))
        if version in (5, 1):
            stage.all_consumed(consumer)
    stage.all_consumed(consumer)
    assert stage.reading.find(UNITS_SEEN, {}) == [UnitSeen(id="u-1", version=5, name="name 5")]


def test_an_erased_state_does_not_come_back_with_an_older_one(stage: Stage) -> None:
    stage.publish(unit("u-1", 1), unit("u-2", 1))
    stage.publish(unit_erased("u-1", 2))
    consumer = stage.consumer(handlers())
    stage.all_consumed(consumer)
    late = unit("u-1", 1)
    stage.raw(UNITS, b"u-1", late.payload, stage.like(late))
    stage.all_consumed(consumer)
    assert [seen.id for seen in stage.reading.find(UNITS_SEEN, {})] == ["u-2"]
    stage.publish(unit("u-1", 3, "founded anew"))
    stage.all_consumed(consumer)
    assert stage.reading.get(UNITS_SEEN, "u-1") == UnitSeen(id="u-1", version=3, name="founded anew")


def test_readiness_comes_with_the_first_catch_up_and_stays(stage: Stage) -> None:
    stage.publish(unit("u-1", 1), message(MeetingMoved(meeting_id="m-1", number=1), "m-1", 1))
    assert not caught_up(stage.reading, [EVENTS, UNITS])
    consumer = stage.consumer(handlers(), monotonic=iter(range(1_000_000)).__next__)
    stage.consume(consumer, lambda: caught_up(stage.reading, [EVENTS, UNITS]))
    assert stage.reading.get(UNITS_SEEN, "u-1") is not None
    assert told(stage.reading, "m-1") == ("moved 1",)
    assert not caught_up(stage.reading, [EVENTS, UNITS, "a topic of the next release"])


def test_asked_to_end_it_finishes_the_record_and_commits_it(stage: Stage) -> None:
    stop = Shutdown()

    def asked_meanwhile(event: MeetingMoved, incoming: Incoming, store: Store) -> Changes:
        stop.ask()
        return tell_moved(event, incoming, store)

    stage.publish(message(MeetingMoved(meeting_id="m-1", number=1), "m-1", 1))
    stage.consumer(handlers(moved=asked_meanwhile), stop=stop).run()
    stage.leave()
    handled = told(stage.reading, "m-1")
    assert handled == ("moved 1",)

    def never(event: MeetingMoved, incoming: Incoming, store: Store) -> Changes:
        raise AssertionError("its offset was not committed")

    stage.publish(message(MeetingMoved(meeting_id="m-2", number=1), "m-2", 1))
    stage.all_consumed(
        stage.consumer(handlers(moved=lambda e, i, s: tell_moved(e, i, s) if e.meeting_id == "m-2" else never(e, i, s)))
    )
    assert told(stage.reading, "m-2") == ("moved 1",)
