"""Concerns as the API shows and takes them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Self

from pydantic import BaseModel, Field

from chassis.web.fields import Day
from chassis.web.identifiers import Id
from scheduling.application.raise_concern import ConcernSaid
from scheduling.domain.concern import Concern, ConcernCategory, ConcernState
from scheduling.web.parts import BRANCH, COMMUNE, MEETING, PERSON, Body, Line, Text

Note = Annotated[str, Field(max_length=1000)]


class RaiseBody(Body):
    """What a branch says."""

    branch_id: Id
    category: ConcernCategory
    title: Line
    text: Annotated[str, Field(min_length=1, max_length=4000)]
    anonymous: bool = Field(default=False, description="Who raised it is not shown to the meeting")
    meeting_id: Id | None = Field(default=None, description="The meeting at which it was raised")
    raised_by: Id | None = Field(default=None, description="Whose concern an officer writes down; absent: one's own")

    def said(self) -> ConcernSaid:
        return ConcernSaid(**self.model_dump())


class ClassifyBody(Body):
    category: ConcernCategory


class StartBody(Body):
    note: Note | None = None
    expected_by: Day | None = None


class EscalateBody(Body):
    to: Annotated[str, Field(min_length=1, max_length=120)] = Field(examples=["UBND xã"])
    expected_by: Day


class AnswerBody(Body):
    answer: Annotated[str, Field(min_length=1, max_length=2000)]


class ConfirmBody(Body):
    satisfied: bool
    note: Note | None = Field(default=None, description="Needed where not satisfied")


class CloseBody(Body):
    note: Note | None = None


class EntryView(BaseModel):
    """One line of the history."""

    command: str
    at: datetime
    text: str | None


class ConcernView(BaseModel):
    """A concern. `raised_by` is null where it is anonymous to the reader."""

    id: str
    version: int
    number: str = Field(examples=["KN-07"])
    year: int
    unit_id: str
    branch_id: str | None = Field(description="Null where the concern is anonymous to the reader")
    state: ConcernState
    category: ConcernCategory
    title: str
    text: Text
    anonymous: bool
    raised_by: str | None
    raised_on: date
    meeting_id: str | None
    escalated_to: str | None
    expected_by: date | None
    answer: str | None
    answered_at: datetime | None
    history: list[EntryView]

    @classmethod
    def of(cls, concern: Concern) -> Self:
        return cls.model_validate(concern.model_dump())

    @classmethod
    def without_raiser(cls, concern: Concern) -> Self:
        """As the meeting sees an anonymous concern."""
        return cls.model_validate(concern.model_dump() | {"raised_by": None, "branch_id": None})


RAISE_EXAMPLE = {
    "branch_id": BRANCH,
    "category": "rights",
    "title": "Phụ cấp bí thư chi đoàn quý III chưa được chi trả",
    "text": "Ba tháng nay chưa nhận được phụ cấp, đề nghị Đoàn xã kiến nghị UBND xã.",
    "anonymous": False,
    "meeting_id": MEETING,
}
CONCERN_EXAMPLE = ConcernView.model_validate(
    {
        "id": "0190a1b2-0000-7000-8000-000000000501",
        "version": 2,
        "number": "KN-07",
        "year": 2026,
        "unit_id": COMMUNE,
        "branch_id": BRANCH,
        "state": "answered",
        "category": "rights",
        "title": RAISE_EXAMPLE["title"],
        "text": RAISE_EXAMPLE["text"],
        "anonymous": False,
        "raised_by": PERSON,
        "raised_on": "2026-12-02",
        "meeting_id": None,
        "escalated_to": None,
        "expected_by": None,
        "answer": "Phụ cấp quý III đã được chi trả ngày 5/12.",
        "answered_at": "2026-12-06T02:00:00Z",
        "history": [{"command": "raise", "at": "2026-12-02T01:00:00Z", "text": None}],
    }
)
