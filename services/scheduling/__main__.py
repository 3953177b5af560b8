"""`python -m scheduling web | relay | consume | timers | migrate`, and the operators' commands: `dead-letters`,
`rebuild`, `republish`, `rewind`, `unused-indexes`."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

from chassis.runtime.command_line import CommandLine
from scheduling.settings import Settings, from_environment

SERVICE = "scheduling"


def web(settings: Settings) -> None:
    from chassis.runtime.web_server import run_gunicorn
    from scheduling.bootstrap import web_app

    run_gunicorn(SERVICE, lambda: web_app(settings), settings)


def relay(settings: Settings) -> None:
    from chassis.messaging.republishing import topics_of
    from chassis.messaging.workers import run_relay
    from scheduling.workers.states_told import STATES

    run_relay(SERVICE, settings, state_topics=topics_of(STATES))


def consume(settings: Settings) -> None:
    from chassis.messaging.workers import run_consume
    from scheduling.workers.handlers import HANDLERS

    run_consume(SERVICE, settings, handlers=HANDLERS)


def timers(settings: Settings) -> None:
    from chassis.messaging.workers import run_timers
    from scheduling.workers.timers import TIMERS

    run_timers(SERVICE, settings, timers=TIMERS)


def migrate(settings: Settings) -> None:
    """Collections and indexes, and the topics that scheduling owns (as a Kafka user who may create topics)."""
    from chassis.messaging.migrating import migrated
    from contracts.catalogue import topics_owned_by
    from scheduling.bootstrap import KINDS

    print(f"{SERVICE}: {migrated(SERVICE, settings, kinds=KINDS, topics=topics_owned_by(SERVICE))}")


def dead_letters(settings: Settings, arguments: Sequence[str]) -> Iterable[str]:
    from chassis.messaging import operator_commands

    return operator_commands.dead_letters(SERVICE, settings, arguments)


def rebuild(settings: Settings, arguments: Sequence[str]) -> Iterable[str]:
    from chassis.messaging import operator_commands
    from scheduling.workers.handlers import PROJECTIONS

    return operator_commands.rebuild(SERVICE, settings, arguments, projections=PROJECTIONS)


def republish(settings: Settings, arguments: Sequence[str]) -> Iterable[str]:
    from chassis.messaging import operator_commands
    from scheduling.workers.states_told import STATES

    return operator_commands.republish(SERVICE, settings, arguments, states=STATES)


def rewind(settings: Settings, arguments: Sequence[str]) -> Iterable[str]:
    from chassis.messaging import operator_commands
    from contracts.catalogue import topics_read_by

    topics = [topic.name for topic in topics_read_by(SERVICE)]
    return operator_commands.rewind(SERVICE, settings, arguments, topics=topics)


def unused_indexes(settings: Settings, arguments: Sequence[str]) -> Iterable[str]:
    from chassis.messaging import operator_commands
    from scheduling.bootstrap import KINDS

    return operator_commands.unused_indexes_left(SERVICE, settings, arguments, kinds=KINDS)


COMMAND_LINE = CommandLine(
    SERVICE,
    from_environment,
    processes={"web": web, "relay": relay, "consume": consume, "timers": timers, "migrate": migrate},
    commands={
        "dead-letters": dead_letters,
        "rebuild": rebuild,
        "republish": republish,
        "rewind": rewind,
        "unused-indexes": unused_indexes,
    },
)

if __name__ == "__main__":
    sys.exit(COMMAND_LINE.run(sys.argv[1:]))
