"""Operators find the same commands everywhere, and each covers all that the contracts say."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from typing import Any

import pytest

from chassis.messaging.handlers import Projection
from chassis.messaging.republishing import topics_of
from chassis.runtime.command_line import CommandLine
from contracts.catalogue import topics
from deploy.local.processes import MIGRATE, PROCESSES_OF
from members.workers.states_told import STATES as TOLD_BY_MEMBERS
from notifications.workers.handlers import PROJECTIONS as SEEN_BY_NOTIFICATIONS
from scheduling.workers.handlers import PROJECTIONS as SEEN_BY_SCHEDULING
from scheduling.workers.states_told import STATES as TOLD_BY_SCHEDULING

TOLD = {"members": TOLD_BY_MEMBERS, "scheduling": TOLD_BY_SCHEDULING, "notifications": ()}
SEEN: dict[str, Iterable[Projection[Any, Any]]] = {
    "members": (),
    "scheduling": SEEN_BY_SCHEDULING,
    "notifications": SEEN_BY_NOTIFICATIONS,
}


def line_of(service: str) -> CommandLine[Any]:
    line = import_module(f"{service}.__main__").COMMAND_LINE
    assert isinstance(line, CommandLine)
    return line


@pytest.mark.parametrize("service", PROCESSES_OF)
def test_a_service_offers_its_processes_and_the_commands_it_has_a_use_for(service: str) -> None:
    line = line_of(service)
    assert line.service == service
    assert set(line.processes) == {*PROCESSES_OF[service], MIGRATE}
    wanted = (
        {"dead-letters", "rewind", "unused-indexes"}
        | ({"rebuild"} if SEEN[service] else set())
        | ({"republish"} if TOLD[service] else set())
        | ({"signing-keys"} if service == "members" else set())
    )
    assert set(line.commands) == wanted


@pytest.mark.parametrize("service", PROCESSES_OF)
def test_every_state_topic_can_be_told_again_by_its_owner_and_no_other(service: str) -> None:
    owned = {topic.name for topic in topics().values() if topic.owner == service and topic.kind == "state"}
    assert topics_of(TOLD[service]) == owned


@pytest.mark.parametrize("service", PROCESSES_OF)
def test_every_state_topic_that_a_service_reads_has_a_read_model_that_can_be_rebuilt(service: str) -> None:
    read = {topic.name for topic in topics().values() if service in topic.readers and topic.kind == "state"}
    assert {str(projection.state.TOPIC) for projection in SEEN[service]} == read
