"""What every route here uses: the store, the policy, kinds of fields, and how notices are told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated, Self, cast

from flask import current_app
from pydantic import BaseModel, ConfigDict, Field

from chassis.storage.store import Store
from chassis.web.languages import chosen_language
from chassis.web.surroundings import surroundings
from scheduling.domain.notice import Notice
from scheduling.domain.policy import Policy
from scheduling.domain.timing import Slot

POLICY = "scheduling.policy"
"""Where the app keeps its policy among its extensions."""

COMMUNE = "0190a1b2-0000-7000-8000-000000000010"
BRANCH = "0190a1b2-0000-7000-8000-000000000021"
OTHER_BRANCH = "0190a1b2-0000-7000-8000-000000000022"
PERSON = "0190a1b2-0000-7000-8000-000000000101"
MEETING = "0190a1b2-0000-7000-8000-000000000301"
"""Ids in the examples of the API's page."""

Line = Annotated[str, Field(min_length=1, max_length=120)]
"""A short text on one line that may be told to everyone invited."""
Text = Annotated[str, Field(max_length=4000)]
Reason = Annotated[str, Field(min_length=1, max_length=120, description="Why, in a sentence that people are told")]
Url = Annotated[str, Field(max_length=300, pattern=r"^https://[^\s]+$", examples=["https://meet.example.vn/giao-ban"])]
Year = Annotated[int, Field(ge=2000, le=2100)]
Month = Annotated[int, Field(ge=1, le=12)]


class Body(BaseModel):
    """What a request says; a field that is not known is a slip and refused."""

    model_config = ConfigDict(extra="forbid")


class WarningView(BaseModel):
    """Something unusual that nothing forbids."""

    code: str = Field(description="Stable", examples=["short-notice"])
    text: str = Field(description="For the officer, in the language asked for (Vietnamese by default)")

    @classmethod
    def of(cls, notice: Notice) -> Self:
        return cls(code=notice.code, text=notice.vi if chosen_language() == "vi" else notice.en)


class SlotView(BaseModel):
    """A slot that is free in the commune and that nothing would be said against."""

    starts_at: datetime
    ends_at: datetime

    @classmethod
    def of(cls, slot: Slot) -> Self:
        return cls(starts_at=slot.starts_at, ends_at=slot.ends_at)


class Advised(BaseModel):
    """An answer with what its officer should know."""

    warnings: list[WarningView] = Field(default_factory=list)
    better_slots: list[SlotView] = Field(
        default_factory=list, description="The next three slots that are free and usual; only where there are warnings"
    )


def warnings_of(notices: Iterable[Notice]) -> list[WarningView]:
    return [WarningView.of(notice) for notice in notices]


def slots_of(slots: Sequence[Slot]) -> list[SlotView]:
    return [SlotView.of(slot) for slot in slots]


def store() -> Store:
    return surroundings().store


def policy() -> Policy:
    return cast(Policy, current_app.extensions[POLICY])
