"""What cannot be applied is accounted for exactly, and what comes behind it goes on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from chassis.failures import Refusal, Unready
from chassis.messaging.consumer import Brake, TooManyDeadLetters
from chassis.messaging.dead_letters import (
    DEAD_LETTERS,
    drop_dead_letter,
    list_dead_letters,
    release_dead_letter,
    show_dead_letter,
)
from chassis.messaging.envelope import Incoming
from chassis.messaging.parked import PARKED
from chassis.storage.changes import Changes
from chassis.storage.store import Store
from tests.integration.messaging.playthings import (
    EVENTS,
    UNITS,
    UNITS_SEEN,
    MeetingMoved,
    MeetingScheduled,
    SomethingNew,
    UnitState,
    cancel,
    handlers,
    message,
    schedule,
    tell_moved,
    tell_scheduled,
    told,
    unit,
    unit_erased,
)
from tests.integration.messaging.stage import Stage


def moved(meeting_id: str, number: int = 1, **options: str) -> MeetingMoved:
    return MeetingMoved(meeting_id=meeting_id, number=number, **options)


def throws_for(*meetings: str, times: int = 1_000_000) -> Callable[[MeetingMoved, Incoming, Store], Changes]:
    left = dict.fromkeys(meetings, times)

    def handle(event: MeetingMoved, incoming: Incoming, store: Store) -> Changes:
        if left.get(event.meeting_id, 0):
            left[event.meeting_id] -= 1
            raise RuntimeError("a bug of this handler")
        return tell_moved(event, incoming, store)

    return handle


def put_poison(stage: Stage) -> int:
    """One record of every kind that cannot be understood; how many."""
    fine = message(moved("m-1"), "m-1", 1)
    headers: dict[str, bytes | None] = dict(stage.like(fine))
    poison: dict[str, tuple[bytes | None, bytes | None, dict[str, bytes | None]]] = {
        "no JSON": (b"m-1", b"\xff\x00{", headers),
        "another schema": (b"m-1", b'{"meeting_id": 7}', headers),
        "no type": (b"m-1", fine.payload, {**headers, "ce_type": None}),
        "an empty id": (b"m-1", fine.payload, {**headers, "ce_id": b""}),
        "a sequence that is none": (b"m-1", fine.payload, {**headers, "ce_sequence": b"first"}),
        "a time that is none": (b"m-1", fine.payload, {**headers, "ce_time": b"yesterday"}),
        "no key": (None, fine.payload, headers),
        "a key that is no text": (b"\xff\xfe", fine.payload, headers),
    }
    for key, value, told_of in poison.values():
        stage.raw(EVENTS, key, value, tuple((name, text) for name, text in told_of.items() if text is not None))
    return len(poison)


def test_malformed_records_become_dead_letters_at_once_and_those_behind_them_go_on(stage: Stage) -> None:
    poison = put_poison(stage)
    stage.publish(message(moved("m-1"), "m-1", 1))
    stage.all_consumed(stage.consumer(handlers()))

    letters = list_dead_letters(stage.reading)
    assert len(letters) == poison
    assert {letter.error_class for letter in letters} == {"Malformed"}
    assert told(stage.reading, "m-1") == ("moved 1",)
    originals = {record.origin: record for record in stage.backend.log(EVENTS)}
    assert all(letter.record == originals[letter.id] for letter in letters), "key, headers and bytes are kept"


def test_a_dead_letter_tells_which_field_was_wrong_but_not_what_stood_in_it(stage: Stage) -> None:
    bad = message(moved("m-1"), "m-1", 1)
    stage.raw(EVENTS, b"m-1", b'{"meeting_id": "m-1", "number": "0905123456"}'.replace(b"0905", b"x"), stage.like(bad))
    stage.all_consumed(stage.consumer(handlers()))
    (letter,) = list_dead_letters(stage.reading)
    assert "number: int_parsing" in letter.error
    assert "x123456" not in letter.error
    assert letter.type == MeetingMoved.TYPE


def test_a_handler_that_throws_once_is_tried_again_in_place(stage: Stage) -> None:
    stage.publish(message(moved("m-1", 1), "m-1", 1), message(moved("m-1", 2), "m-1", 2))
    stage.all_consumed(stage.consumer(handlers(moved=throws_for("m-1", times=3))))
    assert told(stage.reading, "m-1") == ("moved 1", "moved 2")
    assert list_dead_letters(stage.reading) == []


def test_a_handler_that_always_throws_costs_its_own_record_alone(stage: Stage) -> None:
    stage.publish(*(message(moved(f"m-{number}"), f"m-{number}", 1) for number in range(6)))
    stage.all_consumed(stage.consumer(handlers(moved=throws_for("m-3"))))
    (letter,) = list_dead_letters(stage.reading)
    assert letter.key == b"m-3"
    assert "RuntimeError: a bug of this handler" in letter.error
    assert [told(stage.reading, f"m-{number}") for number in range(6)] == [
        () if number == 3 else ("moved 1",) for number in range(6)
    ]


def test_a_state_that_cannot_be_projected_costs_itself_alone(stage: Stage) -> None:
    foreign = message(UnitState(unit_id="u-9", version=1, name="of another key"), "u-2", 1)
    stage.publish(unit("u-1", 1), foreign, unit("u-3", 1))
    stage.all_consumed(stage.consumer(handlers()))
    assert sorted(seen.id for seen in stage.reading.find(UNITS_SEEN, {})) == ["u-1", "u-3"]
    assert [letter.key for letter in list_dead_letters(stage.reading)] == [b"u-2"]


def test_every_record_has_exactly_one_fate(stage: Stage) -> None:
    poison = put_poison(stage)
    stage.publish(
        message(moved("applied"), "applied", 1),
        message(SomethingNew(meeting_id="ignored"), "ignored", 1),
        message(MeetingScheduled(meeting_id="parked", unit_id="u-none"), "parked", 1),
        message(moved("dead"), "dead", 1),
    )
    stage.all_consumed(stage.consumer(handlers(moved=throws_for("dead"))))
    assert told(stage.reading, "applied") == ("moved 1",)
    assert [row.key for row in stage.reading.find(PARKED, {})] == [b"parked"]
    assert len(list_dead_letters(stage.reading)) == poison + 1
    assert len(stage.backend.log(EVENTS)) == poison + 4


def test_a_record_whose_data_has_not_come_waits_and_later_ones_of_its_key_wait_behind_it(stage: Stage) -> None:
    schedule(stage.publishing, "m-1", "u-1")
    cancel(stage.publishing, "m-1")
    stage.publish(message(moved("m-2"), "m-2", 1))
    consumer = stage.consumer(handlers())
    stage.all_consumed(consumer)
    assert told(stage.reading, "m-1") == (), "its cancellation must not come first"
    assert told(stage.reading, "m-2") == ("moved 1",), "others go on"
    assert [row.waits_for for row in stage.reading.find(PARKED, {"waits_for": "units_seen:u-1"})] == ["units_seen:u-1"]
    stage.publish(unit("u-1", 1))
    stage.consume(consumer, lambda: told(stage.reading, "m-1"))
    assert told(stage.reading, "m-1") == ("scheduled", "cancelled")
    assert stage.reading.find(PARKED, {}) == []


def test_what_is_parked_outlives_the_process_and_a_change_of_members(stage: Stage) -> None:
    schedule(stage.publishing, "m-1", "u-1")
    stage.publish()
    stage.all_consumed(stage.consumer(handlers()))
    stage.leave()

    cancel(stage.publishing, "m-1")
    stage.publish()
    other = stage.consumer(handlers())
    stage.all_consumed(other)
    assert told(stage.reading, "m-1") == ()
    assert len(stage.reading.find(PARKED, {})) == 2
    stage.publish(unit("u-1", 1))
    stage.consume(other, lambda: told(stage.reading, "m-1") == ("scheduled", "cancelled"))


def test_what_is_parked_is_found_again_by_the_clock_too(stage: Stage) -> None:
    """The data may come by a way that this process does not see."""
    schedule(stage.publishing, "m-1", "u-1")
    stage.publish()
    later = [datetime.now(UTC)]
    consumer = stage.consumer(handlers(), clock=lambda: later[0])
    stage.all_consumed(consumer)
    stage.reading.project(UNITS_SEEN, [UNITS_SEEN.model(id="u-1", name="from elsewhere")])
    later[0] += timedelta(minutes=1)
    consumer.chores()
    assert told(stage.reading, "m-1") == ("scheduled",)


def test_what_waits_for_more_than_a_week_becomes_a_dead_letter_and_its_lane_goes_on(stage: Stage) -> None:
    schedule(stage.publishing, "m-1", "u-never")
    cancel(stage.publishing, "m-1")
    stage.publish()
    later = [datetime.now(UTC)]
    consumer = stage.consumer(handlers(), clock=lambda: later[0])
    stage.all_consumed(consumer)
    later[0] += timedelta(days=8)
    consumer.chores()
    (letter,) = list_dead_letters(stage.reading)
    assert (letter.type, letter.error_class) == (MeetingScheduled.TYPE, "Unready")
    assert told(stage.reading, "m-1") == ("cancelled",)


def test_a_released_dead_letter_is_applied_once_by_this_consumer_alone(stage: Stage) -> None:
    stage.publish(message(moved("m-1"), "m-1", 1))
    stage.all_consumed(stage.consumer(handlers(moved=throws_for("m-1"))))
    stage.leave()
    (letter,) = list_dead_letters(stage.reading)

    mended = stage.consumer(handlers())
    mended.chores()
    assert told(stage.reading, "m-1") == (), "nobody released it yet"
    stage.reading.commit(release_dead_letter(stage.reading, letter.id, now=stage.now()).changes)
    mended.chores()
    stage.consumer(handlers()).chores()
    assert told(stage.reading, "m-1") == ("moved 1",)
    assert show_dead_letter(stage.reading, letter.id).state == "settled"
    assert len(stage.backend.log(EVENTS)) == 1, "nothing was written to the topic"
    with pytest.raises(Refusal, match="not open any more"):
        release_dead_letter(stage.reading, letter.id, now=stage.now())


def test_a_released_dead_letter_that_fails_again_is_open_again(stage: Stage) -> None:
    stage.publish(message(moved("m-1"), "m-1", 1))
    consumer = stage.consumer(handlers(moved=throws_for("m-1")))
    stage.all_consumed(consumer)
    (letter,) = list_dead_letters(stage.reading)
    stage.reading.commit(release_dead_letter(stage.reading, letter.id, now=stage.now()).changes)
    consumer.chores()
    again = show_dead_letter(stage.reading, letter.id)
    assert (again.state, again.attempts) == ("open", 2)


def test_a_released_dead_letter_whose_data_is_missing_is_parked(stage: Stage) -> None:
    def throws(event: MeetingScheduled, incoming: Incoming, store: Store) -> Changes:
        raise RuntimeError("a bug of this handler")

    schedule(stage.publishing, "m-1", "u-1")
    stage.publish()
    stage.all_consumed(stage.consumer(handlers(scheduled=throws)))
    stage.leave()
    (letter,) = list_dead_letters(stage.reading)
    stage.reading.commit(release_dead_letter(stage.reading, letter.id, now=stage.now()).changes)
    mended = stage.consumer(handlers(scheduled=tell_scheduled))
    mended.chores()
    assert show_dead_letter(stage.reading, letter.id).state == "settled"
    stage.publish(unit("u-1", 1))
    stage.consume(mended, lambda: told(stage.reading, "m-1") == ("scheduled",))


def test_a_dropped_dead_letter_keeps_its_origin_and_loses_its_bytes(stage: Stage) -> None:
    put_poison(stage)
    stage.all_consumed(stage.consumer(handlers()))
    first, *others = list_dead_letters(stage.reading)
    stage.reading.commit(drop_dead_letter(stage.reading, first.id, now=stage.now()).changes)
    dropped = show_dead_letter(stage.reading, first.id)
    assert (dropped.state, dropped.value, dropped.id) == ("dropped", None, first.id)
    assert list_dead_letters(stage.reading) == others


def test_erasing_a_state_erases_its_dead_letters(stage: Stage) -> None:
    bad = unit("u-1", 1)
    stage.raw(UNITS, b"u-1", b'{"unit_id": "u-1", "phone": "0905123456"}', stage.like(bad))
    consumer = stage.consumer(handlers())
    stage.all_consumed(consumer)
    assert b"0905123456" in (list_dead_letters(stage.reading)[0].value or b"")
    stage.publish(unit_erased("u-1", 2))
    stage.all_consumed(consumer)
    (letter,) = stage.reading.find(DEAD_LETTERS, {})
    assert (letter.state, letter.value) == ("dropped", None)


def test_a_consumer_that_only_fills_the_dead_letters_stops(stage: Stage) -> None:
    stage.publish(*(message(moved(f"m-{number}"), f"m-{number}", 1) for number in range(40)))
    for number in range(30):
        stage.raw(EVENTS, b"m-%d" % number, b"no JSON", stage.like(message(moved("m"), "m", 1)))
    consumer = stage.consumer(handlers(), brake=Brake(number=4, share=0.05))
    with pytest.raises(TooManyDeadLetters):
        stage.consume(consumer, lambda: False)
    stopped_at = len(list_dead_letters(stage.reading))
    assert stopped_at == 5
    stage.leave()

    stage.all_consumed(stage.consumer(handlers(), brake=Brake(number=1000)))
    assert len(list_dead_letters(stage.reading)) == 30, "nothing was passed over, nothing was taken twice"
    assert [told(stage.reading, f"m-{number}") for number in range(40)] == [("moved 1",)] * 40


def test_a_lane_that_fails_for_another_reason_gives_way_in_the_end(stage: Stage) -> None:
    waits = [True]

    def first_unready_then_broken(event: MeetingScheduled, incoming: Incoming, store: Store) -> Changes:
        if waits:
            raise Unready("units_seen:u-1")
        raise RuntimeError("a bug of this handler")

    schedule(stage.publishing, "m-1", "u-1")
    cancel(stage.publishing, "m-1")
    stage.publish()
    later = [datetime.now(UTC)]
    consumer = stage.consumer(handlers(scheduled=first_unready_then_broken), clock=lambda: later[0])
    stage.all_consumed(consumer)
    waits.clear()
    for _ in range(6):
        later[0] += timedelta(minutes=1)
        consumer.chores()
    assert [letter.type for letter in list_dead_letters(stage.reading)] == [MeetingScheduled.TYPE]
    assert told(stage.reading, "m-1") == ("cancelled",)
