"""A read model says again what its topic says, on real servers, also while a consumer writes beside it."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from pymongo.database import Database

from chassis.failures import Refusal
from chassis.messaging.cloudevents import Partition, Record
from chassis.messaging.handlers import Projection
from chassis.messaging.kafka.whole_topic import KafkaWholeTopic
from chassis.messaging.mongo.read_model_rows import MongoReadModelRows
from chassis.messaging.rebuilding import Rebuilding, Rebuilt
from chassis.storage.mongo import MongoStore
from tests.integration.messaging.playthings import (
    READER,
    UNITS,
    UNITS_SEEN,
    UnitState,
    as_unit,
    handlers,
    unit,
    unit_erased,
)
from tests.integration.messaging.stage import RealBackend, Stage

pytestmark = pytest.mark.embedded

SEEN = Projection(UnitState, UNITS_SEEN, as_unit)
ERASED = "a stub"


@pytest.fixture
def stage(real_backend: RealBackend) -> Iterator[Stage]:
    yield Stage(real_backend)
    real_backend.clear()


@pytest.fixture
def database(real_backend: RealBackend) -> Database[dict[str, Any]]:
    return real_backend.store(READER).database


@pytest.fixture
def rebuilt(real_backend: RealBackend, database: Database[dict[str, Any]]) -> Any:
    def rebuild(**options: Any) -> Rebuilt:
        with KafkaWholeTopic(real_backend.connection(READER), READER, UNITS) as topic:
            return Rebuilding(SEEN, topic, MongoReadModelRows(database, UNITS_SEEN)).run(**options)

    return rebuild


def rows(database: Database[dict[str, Any]]) -> dict[str, tuple[int, str]]:
    found = database[UNITS_SEEN.name].find({}, sort=[("_id", 1)])
    return {row["_id"]: (row["version"], ERASED if row.get("erased") else row["name"]) for row in found}


def test_every_kind_of_damage_is_mended_and_the_rest_left_alone(
    stage: Stage, database: Database[dict[str, Any]], rebuilt: Any
) -> None:
    stage.publish(*(unit(id, 1, "first") for id in ("older", "lost", "same", "spoilt", "ahead", "erased", "ghost")))
    stage.publish(*(unit(id, 2, "second") for id in ("older", "lost", "same", "spoilt", "ahead")))
    stage.publish(unit_erased("erased", 2), unit_erased("ghost", 2))
    seen = database[UNITS_SEEN.name]
    seen.insert_many(
        [
            {"_id": "older", "version": 1, "name": "first"},
            {"_id": "same", "version": 2, "name": "second"},
            {"_id": "spoilt", "version": 2, "name": "what nobody said"},
            {"_id": "ahead", "version": 9, "name": "of a time that was undone"},
            {"_id": "erased", "version": 1, "name": "first"},
            {"_id": "ghost", "version": 5, "name": "changed after it was erased"},
            {"_id": "unknown", "version": 3, "name": "no record tells of it"},
            {"_id": "long erased", "version": 3, "erased": True},
        ]
    )
    done = rebuilt()
    assert rows(database) == {
        **dict.fromkeys(("older", "lost", "same", "spoilt", "ahead"), (2, "second")),
        **dict.fromkeys(("erased", "ghost"), (2, ERASED)),
        "unknown": (3, "no record tells of it"),
        "long erased": (3, ERASED),
    }
    assert (done.living, done.tombstones, done.set_back, done.unknown, done.removed) == (5, 2, 2, 1, 0)
    again = rebuilt()
    assert (again.written, again.erased, again.set_back, again.unknown) == (0, 0, 0, 1), "there was nothing left to do"


def test_rows_without_a_record_are_removed_when_that_is_wanted_and_can_come_back(
    stage: Stage, database: Database[dict[str, Any]], rebuilt: Any
) -> None:
    stage.publish(unit("told", 1))
    database[UNITS_SEEN.name].insert_one({"_id": "unknown", "version": 3, "name": "?"})
    assert rebuilt(remove_unknown=True).removed == 1
    assert list(rows(database)) == ["told"]
    stage.publish(unit("unknown", 2, "told after all"))
    rebuilt()
    assert rows(database)["unknown"] == (2, "told after all")


def test_an_empty_topic_takes_nothing_away(stage: Stage, database: Database[dict[str, Any]], rebuilt: Any) -> None:
    database[UNITS_SEEN.name].insert_one({"_id": "kept", "version": 3, "name": "?"})
    assert rebuilt().unknown == 1
    with pytest.raises(Refusal, match="is empty"):
        rebuilt(remove_unknown=True)
    assert list(rows(database)) == ["kept"]


def test_what_was_erased_is_not_revived_by_an_old_record(
    stage: Stage, database: Database[dict[str, Any]], rebuilt: Any
) -> None:
    stage.publish(unit("a", 1))
    stubs = [{"_id": "a", "version": version, "erased": True} for version in (2, 1)]
    for stub in stubs:
        database[UNITS_SEEN.name].replace_one({"_id": "a"}, stub, upsert=True)
        rebuilt()
        assert rows(database)["a"] == (stub["version"], ERASED)


def test_a_record_that_cannot_be_read_is_named_and_its_row_left_as_it_is(
    stage: Stage, database: Database[dict[str, Any]], rebuilt: Any
) -> None:
    stage.publish(unit("good", 1), unit("bad", 1, "readable"))
    database[UNITS_SEEN.name].insert_one({"_id": "bad", "version": 2, "name": "read by an earlier release"})
    stage.raw(UNITS, b"bad", b"{", stage.like(unit("bad", 2)))
    done = rebuilt(remove_unknown=True)
    (why,) = done.unreadable.values()
    assert "UnitState" in why
    assert rows(database) == {"good": (1, unit_name()), "bad": (2, "read by an earlier release")}


def unit_name() -> str:
    return "Chi đoàn thôn Trung Hạ"


class Interrupted:
    """The topic, with something happening after its ends were asked for and before it is read."""

    def __init__(self, topic: KafkaWholeTopic, meanwhile: Any) -> None:
        self._topic, self._meanwhile = topic, meanwhile

    def ends(self) -> Mapping[Partition, int]:
        ends = self._topic.ends()
        self._meanwhile()
        return ends

    def batches(self, until: Mapping[Partition, int]) -> Iterator[list[Record]]:
        return self._topic.batches(until)


def test_what_a_consumer_writes_meanwhile_is_neither_set_back_nor_unknown(
    stage: Stage, real_backend: RealBackend, database: Database[dict[str, Any]]
) -> None:
    stage.publish(unit("changed", 1, "old"))
    consumer = stage.consumer(handlers())
    stage.all_consumed(consumer)

    def meanwhile() -> None:
        stage.publish(unit("changed", 2, "new"), unit("made", 1, "new"))
        stage.all_consumed(consumer)

    with KafkaWholeTopic(real_backend.connection(READER), READER, UNITS) as topic:
        model = MongoReadModelRows(database, UNITS_SEEN)
        done = Rebuilding(SEEN, Interrupted(topic, meanwhile), model).run(remove_unknown=True)
    assert rows(database) == {"changed": (2, "new"), "made": (1, "new")}
    assert (done.set_back, done.removed) == (0, 0)


def test_beside_a_consumer_at_work_it_ends_equal_to_the_topic(stage: Stage, rebuilt: Any, database: Any) -> None:
    """Rows are lost and spoilt, the topic grows, a consumer reads, and rebuilding runs again and again."""
    stage.publish(*(unit(f"u{number}", 1) for number in range(300)))
    consumer = stage.consumer(handlers())
    stage.all_consumed(consumer)
    seen = database[UNITS_SEEN.name]
    grown = threading.Event()

    def grow() -> None:
        for version in range(2, 8):
            stage.publish(*(unit(f"u{number}", version, f"name {version}") for number in range(300)))
        grown.set()

    growing = threading.Thread(target=grow)
    growing.start()
    try:
        rounds = 0
        while not grown.is_set() or rounds < 3:
            rounds += 1
            seen.delete_many({"_id": {"$in": [f"u{number}" for number in range(rounds, 300, 7)]}})
            seen.update_many({"_id": {"$in": [f"u{rounds}", f"u{rounds + 1}"]}}, {"$set": {"name": "spoilt"}})
            consumer.step()
            rebuilt(remove_unknown=True)
    finally:
        growing.join(30)
    stage.all_consumed(consumer)
    rebuilt()
    assert rows(database) == {f"u{number}": (7, "name 7") for number in range(300)}


def test_a_large_topic_is_read_to_its_end(stage: Stage, real_backend: RealBackend, rebuilt: Any) -> None:
    stage.publish(*(unit(f"u{number}", 1) for number in range(5_000)))
    done = rebuilt()
    assert (done.living, done.written) == (5_000, 5_000)
    assert MongoStore(real_backend.store(READER).database).count(UNITS_SEEN, {}) == 5_000


def test_the_group_is_not_touched(stage: Stage, rebuilt: Any, database: Any) -> None:
    """Rebuilding is in no group: a consumer that has read nothing yet still begins at the beginning."""
    stage.publish(unit("a", 1))
    rebuilt()
    database[UNITS_SEEN.name].delete_many({})
    stage.all_consumed(stage.consumer(handlers()))
    assert rows(database) == {"a": (1, unit_name())}
