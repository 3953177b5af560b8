"""What a service tells as state is told again, on real servers, and nothing older ever comes after something newer."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from chassis.context import Context, new_uuid7
from chassis.failures import Unavailable, VersionConflict
from chassis.messaging.envelope import Cause
from chassis.messaging.mongo.told_documents import MongoToldDocuments
from chassis.messaging.outbox import OUTBOX, publish
from chassis.messaging.republishing import Republishing, StateTold
from chassis.storage.changes import Changes
from chassis.storage.mongo import MongoStore
from tests.integration.messaging.playthings import (
    MEETINGS,
    PUBLISHER,
    READER,
    UNITS,
    UNITS_SEEN,
    Meeting,
    UnitState,
    handlers,
)
from tests.integration.messaging.stage import RealBackend, Stage
from tests.support.eventually import eventually, never

pytestmark = pytest.mark.embedded


@pytest.fixture
def stage(real_backend: RealBackend) -> Iterator[Stage]:
    yield Stage(real_backend)
    real_backend.clear()


@pytest.fixture
def store(real_backend: RealBackend) -> MongoStore:
    return real_backend.store(PUBLISHER)


def context() -> Context:
    return Context(now=datetime.now(UTC), cause=Cause(new_uuid7()))


def tell(changes: Changes, context: Context, meeting: Meeting) -> Changes:
    """The play's publisher tells of its meetings as if they were units."""
    state = UnitState(unit_id=meeting.id, version=meeting.version, name=meeting.unit_id)
    return publish(changes, context.message(state, key=meeting.id, sequence=meeting.version))


def forget(changes: Changes, context: Context, meeting: Meeting) -> Changes:
    return publish(changes, context.erasure(UnitState, key=meeting.id, sequence=meeting.version))


TOLD = StateTold(UNITS, MEETINGS, tell, where={"state": "scheduled"})
FORGOTTEN = StateTold(UNITS, MEETINGS, forget, where={"state": "erased"})


def hold(store: MongoStore, number: int, *, version: int = 1, state: str = "scheduled") -> list[Meeting]:
    made = [Meeting(id=f"m{n:04}", version=version, unit_id=f"name {version}", state=state) for n in range(number)]
    store.commit(Changes().insert(MEETINGS, *made))
    return made


def change(store: MongoStore, id: str) -> None:
    """As a use case does: the document and its message in one transaction."""
    meeting = store.get(MEETINGS, id)
    assert meeting is not None
    version = meeting.version + 1
    changed = meeting.model_copy(update={"version": version, "unit_id": f"name {version}"})
    store.commit(tell(Changes().replace(MEETINGS, changed), context(), changed))


def republishing(store: MongoStore, **options: Any) -> Republishing:
    options.setdefault("pause", time.sleep)
    return Republishing(store, MongoToldDocuments(store.database), context, **options)


def test_a_topic_that_was_lost_holds_every_state_again(stage: Stage, store: MongoStore) -> None:
    hold(store, 30, version=4)
    store.commit(Changes().insert(MEETINGS, Meeting(id="gone", version=9, unit_id="", state="erased")))
    assert republishing(store, limit=7).run(TOLD) == 30
    assert republishing(store).run(FORGOTTEN) == 1
    stage.publish()
    told = {(record.key or b"").decode(): record.value for record in stage.backend.log(UNITS)}
    assert len(told) == 31
    assert told["gone"] is None
    reader = stage.consumer(handlers())
    stage.all_consumed(reader)
    assert {unit.version for unit in stage.reading.find(UNITS_SEEN, {})} == {4}
    assert stage.reading.count(UNITS_SEEN, {}) == 30


def test_documents_are_as_they_were_and_can_be_changed_afterwards(stage: Stage, store: MongoStore) -> None:
    before = hold(store, 3)
    republishing(store).run(TOLD)
    assert store.find(MEETINGS, {}) == before
    change(store, "m0001")
    stored = store.database[MEETINGS.name].find_one({"_id": "m0001"})
    assert stored is not None
    assert set(stored) == {"_id", "version", "unit_id", "state"}, "the change took the seal away"


def test_a_document_that_changed_since_it_was_read_is_not_told_as_it_was(stage: Stage, store: MongoStore) -> None:
    (read,) = hold(store, 1)
    change(store, "m0000")
    rows = [one.document for one in tell(Changes(), context(), read).changes]
    with pytest.raises(VersionConflict):
        MongoToldDocuments(store.database).tell(MEETINGS, [read], rows)  # type: ignore[arg-type]  # outbox rows
    assert [row.sequence for row in store.find(OUTBOX, {})] == [2]


def test_beside_changes_the_last_record_of_each_is_its_present_state(stage: Stage, store: MongoStore) -> None:
    hold(store, 40)
    ended = threading.Event()
    failed: list[BaseException] = []

    def work() -> None:
        try:
            number = 0
            while not ended.is_set():
                number += 1
                change(store, f"m{number * 7 % 40:04}")
        except BaseException as error:
            failed.append(error)

    relay = stage.relay()

    def publishing() -> None:
        try:
            while not ended.is_set():
                relay.round()
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work), threading.Thread(target=publishing)]
    for thread in threads:
        thread.start()
    try:
        told = [republishing(store, limit=5).run(TOLD) for _ in range(10)]
    finally:
        ended.set()
        for thread in threads:
            thread.join(30)
    assert failed == []
    assert told == [40] * 10
    while relay.round():
        pass
    last: dict[str, int] = {}
    for record in stage.backend.log(UNITS):
        assert record.value is not None
        last[(record.key or b"").decode()] = UnitState.from_bytes(record.value).version
    assert last == {meeting.id: meeting.version for meeting in store.find(MEETINGS, {})}
    assert max(last.values()) > 1, "something was changed meanwhile"


def test_it_waits_for_the_relay_instead_of_filling_the_outbox(stage: Stage, store: MongoStore) -> None:
    hold(store, 60)
    done: list[int] = []
    running = threading.Thread(target=lambda: done.append(republishing(store, limit=10, ahead=20).run(TOLD)))
    running.start()

    def waits() -> bool:
        return store.count(OUTBOX, {"state": "pending"}) > 20

    eventually(waits)
    never(lambda: store.count(OUTBOX, {}) > 30, during=0.3)
    relay = stage.relay()
    eventually(lambda: relay.round() >= 0 and done, within=20)
    running.join(5)
    assert done == [60]
    assert store.count(OUTBOX, {}) == 60


def test_without_a_relay_it_gives_up_with_a_sentence_and_keeps_what_it_stored(stage: Stage, store: MongoStore) -> None:
    hold(store, 3)
    clock = [0.0]

    def pause(seconds: float) -> None:
        clock[0] += 10

    publishing = republishing(store, pause=pause, monotonic=lambda: clock[0])
    publishing.run(TOLD)
    with pytest.raises(Unavailable, match=r"the relay publishes nothing of play\.units\.v1: 3 messages wait"):
        publishing.wait_until_sent([UNITS])
    assert store.count(OUTBOX, {"state": "pending"}) == 3


def test_what_is_told_twice_changes_no_reader(stage: Stage, store: MongoStore, real_backend: RealBackend) -> None:
    hold(store, 5)
    reader = stage.consumer(handlers())
    for _ in range(2):
        republishing(store).run(TOLD)
        stage.publish()
        stage.all_consumed(reader)
    assert len(stage.backend.log(UNITS)) == 10
    assert {unit.version for unit in real_backend.store(READER).find(UNITS_SEEN, {})} == {1}
