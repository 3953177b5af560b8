"""The operators' commands of every service, on its real database and broker: what `__main__` offers.

Each yields the lines to print and closes what it opened.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from pymongo.database import Database

from chassis.context import Context, new_uuid7
from chassis.failures import Refusal
from chassis.messaging.dead_letter_commands import dead_letter_commands
from chassis.messaging.dead_letters import DEAD_LETTERS
from chassis.messaging.envelope import Cause
from chassis.messaging.handlers import Projection
from chassis.messaging.kafka.connection import KafkaConnection
from chassis.messaging.kafka.group_beginning import set_to_beginning
from chassis.messaging.kafka.whole_topic import KafkaWholeTopic
from chassis.messaging.mongo.read_model_rows import MongoReadModelRows
from chassis.messaging.mongo.told_documents import MongoToldDocuments
from chassis.messaging.mongo.unused_indexes import drop_index, ever_declared, missing_indexes, unused_indexes
from chassis.messaging.rebuilding import Rebuilding, Rebuilt
from chassis.messaging.republishing import Republishing, StateTold
from chassis.runtime.command_line import WrongCall
from chassis.runtime.settings import ServiceSettings
from chassis.storage.documents import Kind
from chassis.storage.mongo import MongoStore, open_database

REMOVE_UNKNOWN = "--remove-unknown"


def dead_letters(service: str, settings: ServiceSettings, arguments: Sequence[str]) -> Iterator[str]:
    """`dead-letters list | show | release | drop`. Raises WrongCall, Refusal, Unavailable."""
    with _opened(service, settings) as database:
        yield from dead_letter_commands(MongoStore(database), arguments, now=_now)


def rebuild(
    service: str, settings: ServiceSettings, arguments: Sequence[str], *, projections: Sequence[Projection[Any, Any]]
) -> Iterator[str]:
    """`rebuild <read model>… | all [--remove-unknown]`: have read models say again what their topics say.

    May run beside the consume processes. Raises WrongCall, Unavailable, and Refusal when a record could not be applied.
    """
    by_name = {projection.kind.name: projection for projection in projections}
    wanted = _named(arguments, by_name, "rebuild", f" [{REMOVE_UNKNOWN}]", flags=(REMOVE_UNKNOWN,))
    remove = REMOVE_UNKNOWN in arguments
    kept, failed = 0, 0
    with _opened(service, settings) as database:
        for name in wanted:
            projection = by_name[name]
            with KafkaWholeTopic(KafkaConnection.of(settings), service, projection.state.TOPIC) as topic:
                done = Rebuilding(projection, topic, MongoReadModelRows(database, projection.kind)).run(
                    remove_unknown=remove
                )
            given_up = _given_up(database, done.unreadable)
            yield from _told_of(name, projection.state.TOPIC, done, given_up)
            kept += done.unknown - done.removed
            failed += len(done.unreadable.keys() - given_up)
    if kept:
        yield f"rows without a record stay as they are; once the topic is known to be whole: {REMOVE_UNKNOWN}"
    if failed:
        raise Refusal("not-applied", vi="Có bản ghi không đọc được.", en=f"{failed} records could not be applied.")


def republish(
    service: str, settings: ServiceSettings, arguments: Sequence[str], *, states: Sequence[StateTold[Any]]
) -> Iterator[str]:
    """`republish <state topic>… | all`: put the present state of everything through the outbox once more.

    May run beside everything else; the relay must run. Raises WrongCall, Unavailable.
    """
    wanted = _named(arguments, {told.topic for told in states}, "republish")
    with _opened(service, settings) as database:
        documents = MongoToldDocuments(database)
        publishing = Republishing(MongoStore(database), documents, _context, pause=time.sleep)
        for topic in wanted:
            number = sum(publishing.run(told) for told in states if told.topic == topic)
            yield f"{topic}: {number} states told again"
        publishing.wait_until_sent(wanted)
        yield "all of them are published"


def rewind(
    service: str, settings: ServiceSettings, arguments: Sequence[str], *, topics: Iterable[str]
) -> Iterator[str]:
    """`rewind <topic>… | all`: have the consumer read topics once more, from their beginning; it must be stopped.

    For events after a restore. Effects stay single by the inbox (45 days), read models keep what is newer; a read
    model is mended by `rebuild`. Raises WrongCall, Unavailable, and Refusal while a consume process runs.
    """
    wanted = _named(arguments, set(topics), "rewind")
    number = set_to_beginning(KafkaConnection.of(settings), service, wanted)
    yield f"{number} partitions of {', '.join(wanted)} are read from their beginning when consume starts"


def unused_indexes_left(
    service: str, settings: ServiceSettings, arguments: Sequence[str], *, kinds: Collection[Kind[Any]]
) -> Iterator[str]:
    """`unused-indexes list | drop`: those that an earlier release made and this one does not use; never another's.

    To be dropped once no process of an earlier release runs and nobody means to go back to it. Raises WrongCall,
    Unavailable, and Refusal while this release's own indexes are not there.
    """
    if list(arguments) not in (["list"], ["drop"]):
        raise WrongCall("unused-indexes list | drop")
    with _opened(service, settings) as database:
        unused = unused_indexes(database, kinds, ever_declared(service))
        if arguments[0] == "list":
            yield from map(str, unused)
            yield f"indexes that only earlier releases use: {len(unused)}"
            return
        if missing := missing_indexes(database, kinds):
            raise Refusal(
                "not-migrated",
                vi="Phải chạy `migrate` của bản này trước đã.",
                en=f"Indexes of this release that are not there: {len(missing)}. Run its `migrate` first.",
            )
        for index in unused:
            drop_index(database, index)
            yield f"dropped: {index}"
        yield f"indexes dropped: {len(unused)}"


def _given_up(database: Database[dict[str, Any]], origins: Iterable[str]) -> set[str]:
    """Those that a person has dropped as dead letters: nothing is left to be done about them."""
    letters = MongoStore(database).get_many(DEAD_LETTERS, origins)
    return {id for id, letter in letters.items() if letter.state == "dropped"}


def _told_of(name: str, topic: str, done: Rebuilt, given_up: set[str]) -> Iterator[str]:
    yield (
        f"{name}: {done.living} states and {done.tombstones} tombstones on {topic}; "
        f"{done.written} rows written, {done.erased} erased, {done.set_back} set back, "
        f"{done.unknown} without a record, {done.removed} of them removed"
    )
    for origin, why in done.unreadable.items():
        yield f"  {'given up' if origin in given_up else 'not applied'}: {origin}  {why}"


def _named(
    arguments: Sequence[str],
    known: dict[str, Any] | set[str],
    command: str,
    options: str = "",
    *,
    flags: Sequence[str] = (),
) -> list[str]:
    names = [one for one in arguments if one not in flags]
    if names == ["all"]:
        return sorted(known)
    if not names or not set(names) <= set(known):
        raise WrongCall(f"{command} all | {' | '.join(sorted(known))} …{options}")
    return list(dict.fromkeys(names))


@contextmanager
def _opened(service: str, settings: ServiceSettings) -> Iterator[Database[dict[str, Any]]]:
    database = open_database(settings.mongodb_uri.get_secret_value(), settings.mongodb_database, app=service)
    try:
        yield database
    finally:
        database.client.close()


def _now() -> datetime:
    return datetime.now(UTC)


def _context() -> Context:
    return Context(now=_now(), cause=Cause(correlation_id=new_uuid7()))
