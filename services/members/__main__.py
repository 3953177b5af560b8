"""`python -m members web | relay | consume | timers | migrate | dead-letters …`"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from pydantic import ValidationError

from chassis.failures import Refusal, Unavailable
from members.settings import Settings

SERVICE = "members"


def web(settings: Settings, _: Sequence[str]) -> None:
    from chassis.runtime.web_server import run_gunicorn
    from members.bootstrap import web_app

    run_gunicorn(SERVICE, lambda: web_app(settings), settings)


def relay(settings: Settings, _: Sequence[str]) -> None:
    from chassis.messaging.workers import run_relay
    from contracts.catalogue import topics

    states = [topic.name for topic in topics().values() if topic.owner == SERVICE and topic.kind == "state"]
    run_relay(SERVICE, settings, state_topics=states)


def consume(settings: Settings, _: Sequence[str]) -> None:
    from chassis.messaging.workers import run_consume
    from members.workers.handlers import HANDLERS

    run_consume(SERVICE, settings, handlers=HANDLERS)


def timers(settings: Settings, _: Sequence[str]) -> None:
    from chassis.messaging.workers import run_timers
    from members.bootstrap import key_safe
    from members.workers.timers import timers as of_members

    run_timers(SERVICE, settings, timers=of_members(key_safe(settings)))


def migrate(settings: Settings, _: Sequence[str]) -> None:
    """Collections, indexes, the topics members owns (as a Kafka user who may create them), and what is founded."""
    from chassis.context import Context, new_uuid7
    from chassis.messaging.envelope import Cause
    from chassis.messaging.kafka.connection import KafkaConnection
    from chassis.messaging.kafka.topics import ensure_topics
    from chassis.messaging.mongo.collections import ensure_collections
    from chassis.storage.mongo import MongoStore
    from contracts.catalogue import topics
    from members.bootstrap import KINDS, database_of, found

    database = database_of(settings)
    made = ensure_collections(database, KINDS)
    new = ensure_topics(KafkaConnection.of(settings), [one for one in topics().values() if one.owner == SERVICE])
    context = Context(now=datetime.now(UTC), cause=Cause(correlation_id=new_uuid7()))
    founded = found(settings, MongoStore(database), context)
    print(", ".join([f"{SERVICE}: {len(made)} collections and {len(new)} topics made", *founded]))


def dead_letters(settings: Settings, arguments: Sequence[str]) -> None:
    from chassis.storage.mongo import MongoStore
    from members.bootstrap import database_of
    from members.workers.dead_letters import dead_letters as run

    for line in run(MongoStore(database_of(settings)), arguments, now=lambda: datetime.now(UTC)):
        print(line)


PROCESSES: dict[str, Callable[[Settings, Sequence[str]], None]] = {
    "web": web,
    "relay": relay,
    "consume": consume,
    "timers": timers,
    "migrate": migrate,
    "dead-letters": dead_letters,
}


def main(arguments: Sequence[str]) -> int:
    """Run one process to its end; 2 for a wrong call or environment, 1 when it could not do its work."""
    process = PROCESSES.get(arguments[0]) if arguments else None
    if process is None:
        print(f"usage: python -m {SERVICE} {' | '.join(PROCESSES)}", file=sys.stderr)
        return 2
    try:
        settings = Settings()
    except ValidationError as error:
        for wrong in error.errors(include_input=False):
            name = ".".join(map(str, wrong["loc"])).upper()
            print(f"{SERVICE}: environment variable {name}: {wrong['msg']}", file=sys.stderr)
        return 2
    try:
        process(settings, arguments[1:])
    except (Refusal, Unavailable) as refused:
        print(refused, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
