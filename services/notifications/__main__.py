"""`python -m notifications web | relay | consume | deliver | timers | migrate | dead-letters …`"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from pydantic import ValidationError

from chassis.failures import Refusal, Unavailable
from notifications.settings import Settings

SERVICE = "notifications"


def web(settings: Settings, _: Sequence[str]) -> None:
    from chassis.runtime.web_server import run_gunicorn
    from notifications.bootstrap import web_app

    run_gunicorn(SERVICE, lambda: web_app(settings), settings)


def relay(settings: Settings, _: Sequence[str]) -> None:
    from chassis.messaging.workers import run_relay

    run_relay(SERVICE, settings, state_topics=())


def consume(settings: Settings, _: Sequence[str]) -> None:
    from chassis.messaging.workers import run_consume
    from notifications.bootstrap import consuming_desk_of
    from notifications.workers.handlers import handlers

    run_consume(SERVICE, settings, handlers=handlers(consuming_desk_of(settings)))


def deliver(settings: Settings, _: Sequence[str]) -> None:
    from chassis.runtime.readiness import Readiness, mongo_answers
    from chassis.runtime.worker import worker_process
    from notifications.bootstrap import database_of, deliverers
    from notifications.workers.deliver import run_deliverers

    readiness = Readiness({"mongo": mongo_answers(database_of(settings))})
    with worker_process(SERVICE, "deliver", settings, readiness=readiness) as worker, deliverers(settings) as made:
        run_deliverers(made, worker)


def timers(settings: Settings, _: Sequence[str]) -> None:
    from chassis.messaging.workers import run_timers
    from notifications.workers.timers import TIMERS

    run_timers(SERVICE, settings, timers=TIMERS)


def migrate(settings: Settings, _: Sequence[str]) -> None:
    """Collections and indexes, and the topics that notifications owns (as a Kafka user who may create topics)."""
    from chassis.messaging.kafka.connection import KafkaConnection
    from chassis.messaging.kafka.topics import ensure_topics
    from chassis.messaging.mongo.collections import ensure_collections
    from contracts.catalogue import topics
    from notifications.bootstrap import KINDS, database_of

    made = ensure_collections(database_of(settings), KINDS)
    new = ensure_topics(KafkaConnection.of(settings), [one for one in topics().values() if one.owner == SERVICE])
    print(f"{SERVICE}: {len(made)} collections and {len(new)} topics made")


def dead_letters(settings: Settings, arguments: Sequence[str]) -> None:
    from chassis.storage.mongo import MongoStore
    from notifications.bootstrap import database_of
    from notifications.workers.dead_letters import dead_letters as run

    for line in run(MongoStore(database_of(settings)), arguments, now=lambda: datetime.now(UTC)):
        print(line)


PROCESSES: dict[str, Callable[[Settings, Sequence[str]], None]] = {
    "web": web,
    "relay": relay,
    "consume": consume,
    "deliver": deliver,
    "timers": timers,
    "migrate": migrate,
    "dead-letters": dead_letters,
}


def main(arguments: Sequence[str]) -> int:
    """Run one process to its end; 2 for a wrong call."""
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
