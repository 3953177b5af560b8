"""`python -m members web | relay | consume | timers | migrate`, and the operators' commands: `dead-letters`,
`republish`, `rewind`, `signing-keys`, `unused-indexes`."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from chassis.runtime.command_line import CommandLine
from members.settings import Settings

SERVICE = "members"


def web(settings: Settings) -> None:
    from chassis.runtime.web_server import run_gunicorn
    from members.bootstrap import web_app

    run_gunicorn(SERVICE, lambda: web_app(settings), settings)


def relay(settings: Settings) -> None:
    from chassis.messaging.republishing import topics_of
    from chassis.messaging.workers import run_relay
    from members.workers.states_told import STATES

    run_relay(SERVICE, settings, state_topics=topics_of(STATES))


def consume(settings: Settings) -> None:
    from chassis.messaging.workers import run_consume
    from members.workers.handlers import HANDLERS

    run_consume(SERVICE, settings, handlers=HANDLERS)


def timers(settings: Settings) -> None:
    from chassis.messaging.workers import run_timers
    from members.bootstrap import key_safe
    from members.workers.timers import timers as of_members

    run_timers(SERVICE, settings, timers=of_members(key_safe(settings)))


def migrate(settings: Settings) -> None:
    """Collections, indexes, the topics members owns (as a Kafka user who may create them), and what is founded."""
    from chassis.context import Context, new_uuid7
    from chassis.messaging.envelope import Cause
    from chassis.messaging.migrating import migrated
    from chassis.storage.mongo import MongoStore
    from contracts.catalogue import topics_owned_by
    from members.bootstrap import KINDS, database_of, found

    made = migrated(SERVICE, settings, kinds=KINDS, topics=topics_owned_by(SERVICE))
    context = Context(now=datetime.now(UTC), cause=Cause(correlation_id=new_uuid7()))
    founded = found(settings, MongoStore(database_of(settings)), context)
    print(f"{SERVICE}: {', '.join([made, *founded])}")


def dead_letters(settings: Settings, arguments: Sequence[str]) -> Iterable[str]:
    from chassis.messaging import operator_commands

    return operator_commands.dead_letters(SERVICE, settings, arguments)


def republish(settings: Settings, arguments: Sequence[str]) -> Iterable[str]:
    from chassis.messaging import operator_commands
    from members.workers.states_told import STATES

    return operator_commands.republish(SERVICE, settings, arguments, states=STATES)


def rewind(settings: Settings, arguments: Sequence[str]) -> Iterable[str]:
    from chassis.messaging import operator_commands
    from contracts.catalogue import topics_read_by

    topics = [topic.name for topic in topics_read_by(SERVICE)]
    return operator_commands.rewind(SERVICE, settings, arguments, topics=topics)


def unused_indexes(settings: Settings, arguments: Sequence[str]) -> Iterable[str]:
    from chassis.messaging import operator_commands
    from members.bootstrap import KINDS

    return operator_commands.unused_indexes_left(SERVICE, settings, arguments, kinds=KINDS)


def signing_keys(settings: Settings, arguments: Sequence[str]) -> Iterable[str]:
    from chassis.context import Context, new_uuid7
    from chassis.messaging.envelope import Cause
    from chassis.storage.mongo import MongoStore
    from members.bootstrap import database_of, key_safe
    from members.workers.signing_key_commands import signing_key_commands

    context = Context(now=datetime.now(UTC), cause=Cause(correlation_id=new_uuid7()))
    return signing_key_commands(context, MongoStore(database_of(settings)), key_safe(settings), arguments)


COMMAND_LINE = CommandLine(
    SERVICE,
    Settings,
    processes={"web": web, "relay": relay, "consume": consume, "timers": timers, "migrate": migrate},
    commands={
        "dead-letters": dead_letters,
        "republish": republish,
        "rewind": rewind,
        "unused-indexes": unused_indexes,
        "signing-keys": signing_keys,
    },
)
"""No `rebuild`: members keeps no read model of what others own."""

if __name__ == "__main__":
    sys.exit(COMMAND_LINE.run(sys.argv[1:]))
