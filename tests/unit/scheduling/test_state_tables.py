"""Every state × every command of every machine: where it leads, and that everything else is refused in words."""

from __future__ import annotations

from typing import Any

import pytest

from chassis.failures import Refusal
from scheduling.domain.concern import CONCERN, ConcernCommand, ConcernState
from scheduling.domain.meeting import MEETING, MeetingCommand, MeetingState
from scheduling.domain.proposal import PROPOSAL, ProposalCommand, ProposalState
from scheduling.domain.state_table import StateTable
from scheduling.domain.task import TASK, TaskCommand, TaskState

Table = StateTable[Any, Any]

# One line per state: command→next state. What is not written is refused.
MEETINGS = """
scheduled: reschedule→scheduled cancel→cancelled answer→scheduled pass→awaiting_minutes
scheduled: record-attendance→awaiting_minutes
awaiting_minutes: record-attendance→awaiting_minutes write-minutes→awaiting_minutes close→held miss→missed
held:
cancelled:
missed:
"""
CONCERNS = """
recorded: classify→classified escalate→escalated answer→answered
classified: classify→classified start→in_progress escalate→escalated answer→answered
in_progress: escalate→escalated answer→answered
escalated: start→in_progress answer→answered
answered: confirm→confirmed dispute→unsatisfied close→closed
confirmed: close→closed
unsatisfied: start→in_progress escalate→escalated answer→answered close→closed
closed:
"""
TASKS = """
assigned: acknowledge→acknowledged report→acknowledged complete→completed fall-overdue→assigned
acknowledged: report→acknowledged complete→completed fall-overdue→acknowledged
completed: accept→accepted return→returned
returned: acknowledge→acknowledged report→acknowledged complete→completed fall-overdue→returned
accepted:
"""
PROPOSALS = """
submitted: commune-approve→commune_agreed commune-decline→declined party-consent→party_agreed
submitted: party-decline→declined withdraw→withdrawn
commune_agreed: party-consent→approved party-decline→declined withdraw→withdrawn
party_agreed: commune-approve→approved commune-decline→declined withdraw→withdrawn
approved:
declined:
withdrawn:
"""
MACHINES: list[tuple[Table, Any, Any, str]] = [
    (MEETING, MeetingState, MeetingCommand, MEETINGS),
    (CONCERN, ConcernState, ConcernCommand, CONCERNS),
    (TASK, TaskState, TaskCommand, TASKS),
    (PROPOSAL, ProposalState, ProposalCommand, PROPOSALS),
]


def written(text: str) -> dict[tuple[str, str], str]:
    steps = {}
    for line in text.strip().splitlines():
        state, _, listed = line.partition(":")
        for step in listed.split():
            command, _, to = step.partition("→")
            steps[state, command] = to
    return steps


CASES = [
    pytest.param(table, state, command, written(text).get((state.value, command.value)), id=f"{state}-{command}")
    for table, states, commands, text in MACHINES
    for state in states
    for command in commands
]


@pytest.mark.parametrize(("table", "state", "command", "leads_to"), CASES)
def test_each_command_leads_where_it_should_or_is_refused(
    table: Table, state: Any, command: Any, leads_to: str | None
) -> None:
    if leads_to is not None:
        assert table.after(state, command) == leads_to
        assert table.allows(state, command)
        return
    with pytest.raises(Refusal) as refused:
        table.after(state, command)
    assert refused.value.because == "conflict"
    assert table.states[state] in refused.value.vi
    assert table.commands[command] in refused.value.vi


@pytest.mark.parametrize(("table", "states", "commands", "text"), MACHINES, ids=lambda value: getattr(value, "en", ""))
def test_every_state_and_command_has_its_vietnamese_words(table: Table, states: Any, commands: Any, text: str) -> None:
    assert set(table.states) == set(states)
    assert set(table.commands) == set(commands)
    assert len(table.steps) == len(written(text))


def test_a_diagram_is_drawn_from_the_table_itself() -> None:
    drawn = "\n".join(PROPOSAL.mermaid())
    assert "commune_agreed --> approved: party-consent / LinkProposalApproved" in drawn
    assert drawn.count("-->") == len(PROPOSAL.steps)
