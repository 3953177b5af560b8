"""`python -m notifications web | receive | relay | consume | deliver | timers | migrate`, and the operators' commands:
`dead-letters`, `rebuild`, `rewind`, `unused-indexes`."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

from chassis.runtime.command_line import CommandLine
from notifications.settings import Settings

SERVICE = "notifications"


def web(settings: Settings) -> None:
    from chassis.runtime.web_server import run_gunicorn
    from notifications.bootstrap import web_app

    run_gunicorn(SERVICE, lambda: web_app(settings), settings)


def receive(settings: Settings) -> None:
    """What the SMS gateway calls: receipts and replies."""
    from chassis.runtime.web_server import run_gunicorn
    from notifications.bootstrap import receiver_app

    run_gunicorn(SERVICE, lambda: receiver_app(settings), settings, process="receive", in_event_loop=True)


def relay(settings: Settings) -> None:
    from chassis.messaging.workers import run_relay

    run_relay(SERVICE, settings, state_topics=())


def consume(settings: Settings) -> None:
    from chassis.messaging.workers import run_consume
    from notifications.bootstrap import consuming_desk_of
    from notifications.workers.handlers import handlers

    run_consume(SERVICE, settings, handlers=handlers(consuming_desk_of(settings)))


def deliver(settings: Settings) -> None:
    from chassis.runtime.readiness import Readiness, mongo_answers
    from chassis.runtime.worker import worker_process
    from notifications.bootstrap import database_of, deliverers
    from notifications.workers.deliver import run_deliverers

    readiness = Readiness({"mongo": mongo_answers(database_of(settings))})
    with worker_process(SERVICE, "deliver", settings, readiness=readiness) as worker, deliverers(settings) as made:
        run_deliverers(made, worker)


def timers(settings: Settings) -> None:
    from chassis.messaging.workers import run_timers
    from notifications.workers.timers import TIMERS

    run_timers(SERVICE, settings, timers=TIMERS, by_databases_clock=True)


def migrate(settings: Settings) -> None:
    """Collections and indexes, and the topics that notifications owns (as a Kafka user who may create topics)."""
    from chassis.messaging.migrating import migrated
    from contracts.catalogue import topics_owned_by
    from notifications.bootstrap import KINDS

    print(f"{SERVICE}: {migrated(SERVICE, settings, kinds=KINDS, topics=topics_owned_by(SERVICE))}")


def dead_letters(settings: Settings, arguments: Sequence[str]) -> Iterable[str]:
    from chassis.messaging import operator_commands

    return operator_commands.dead_letters(SERVICE, settings, arguments)


def rebuild(settings: Settings, arguments: Sequence[str]) -> Iterable[str]:
    from chassis.messaging import operator_commands
    from notifications.workers.handlers import PROJECTIONS

    return operator_commands.rebuild(SERVICE, settings, arguments, projections=PROJECTIONS)


def rewind(settings: Settings, arguments: Sequence[str]) -> Iterable[str]:
    from chassis.messaging import operator_commands
    from contracts.catalogue import topics_read_by

    topics = [topic.name for topic in topics_read_by(SERVICE)]
    return operator_commands.rewind(SERVICE, settings, arguments, topics=topics)


def unused_indexes(settings: Settings, arguments: Sequence[str]) -> Iterable[str]:
    from chassis.messaging import operator_commands
    from notifications.bootstrap import KINDS

    return operator_commands.unused_indexes_left(SERVICE, settings, arguments, kinds=KINDS)


COMMAND_LINE = CommandLine(
    SERVICE,
    Settings,
    processes={
        "web": web,
        "receive": receive,
        "relay": relay,
        "consume": consume,
        "deliver": deliver,
        "timers": timers,
        "migrate": migrate,
    },
    commands={
        "dead-letters": dead_letters,
        "rebuild": rebuild,
        "rewind": rewind,
        "unused-indexes": unused_indexes,
    },
)
"""No `republish`: notifications tells nothing as state."""

if __name__ == "__main__":
    sys.exit(COMMAND_LINE.run(sys.argv[1:]))
