"""What scheduling tells as state."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from contracts.model import Contract


class ConcernAnswerState(Contract):
    """The text of an answer to a concern. May name people: a state topic, so that it can be erased."""

    TYPE: ClassVar[str] = "vn.nhipdoan.scheduling.concern-answer.state.v1"
    TOPIC: ClassVar[str] = "scheduling.concern-answers.v1"
    AGGREGATE: ClassVar[str] = "concern"

    concern_id: str
    version: int
    subject: str = Field(max_length=120)
    answer: str = Field(max_length=2000)
