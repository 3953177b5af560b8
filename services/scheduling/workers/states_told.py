"""All that scheduling tells as state: the documents behind its state topic, and how each is told."""

from __future__ import annotations

from typing import Any

from chassis.messaging.republishing import StateTold
from contracts.scheduling_states import ConcernAnswerState
from scheduling.application.handle_concern import tell_answer
from scheduling.application.records import CONCERNS

STATES: tuple[StateTold[Any], ...] = (
    StateTold(ConcernAnswerState.TOPIC, CONCERNS, tell_answer, where={"answer": {"$gt": ""}}),
)
