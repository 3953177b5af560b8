"""`python -m scheduling web | relay | consume | timers | migrate | dead-letters …`"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from pydantic import ValidationError

from chassis.failures import Refusal, Unavailable
from scheduling.settings import Settings, from_environment

SERVICE = "scheduling"


def web(settings: Settings, _: Sequence[str]) -> None:
    from chassis.runtime.web_server import run_gunicorn
    from scheduling.bootstrap import web_app

    run_gunicorn(SERVICE, lambda: web_app(settings), settings)


def relay(settings: Settings, _: Sequence[str]) -> None:
    from chassis.messaging.workers import run_relay
    from scheduling.bootstrap import STATE_TOPICS

    run_relay(SERVICE, settings, state_topics=STATE_TOPICS)


def consume(settings: Settings, _: Sequence[str]) -> None:
    from chassis.messaging.workers import run_consume
    from scheduling.workers.handlers import HANDLERS

    run_consume(SERVICE, settings, handlers=HANDLERS)


def timers(settings: Settings, _: Sequence[str]) -> None:
    from chassis.messaging.workers import run_timers
    from scheduling.workers.timers import TIMERS

    run_timers(SERVICE, settings, timers=TIMERS)


def migrate(settings: Settings, _: Sequence[str]) -> None:
    """Collections and indexes, and the topics that scheduling owns (as a Kafka user who may create topics)."""
    from chassis.messaging.kafka.connection import KafkaConnection
    from chassis.messaging.kafka.topics import ensure_topics
    from chassis.messaging.mongo.collections import ensure_collections
    from chassis.storage.mongo import open_database
    from contracts.catalogue import topics
    from scheduling.bootstrap import KINDS

    database = open_database(settings.mongodb_uri.get_secret_value(), settings.mongodb_database, app=SERVICE)
    made = ensure_collections(database, KINDS)
    owned = [topic for topic in topics().values() if topic.owner == SERVICE]
    new = ensure_topics(KafkaConnection.of(settings), owned)
    print(f"{SERVICE}: {len(made)} collections and {len(new)} topics made")


def dead_letters(settings: Settings, arguments: Sequence[str]) -> None:
    from chassis.storage.mongo import MongoStore, open_database
    from scheduling.workers.dead_letters import dead_letters as run

    database = open_database(settings.mongodb_uri.get_secret_value(), settings.mongodb_database, app=SERVICE)
    for line in run(MongoStore(database), arguments, now=lambda: datetime.now(UTC)):
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
    """Run one process to its end; 2 for a wrong call."""
    process = PROCESSES.get(arguments[0]) if arguments else None
    if process is None:
        print(f"usage: python -m {SERVICE} {' | '.join(PROCESSES)}", file=sys.stderr)
        return 2
    try:
        settings = from_environment()
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
