"""An invitation: one person to one meeting, frozen with the reason; the person's answer and attendance."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Self

from chassis.storage.documents import Document
from contracts.scheduling_events import InvitationReason


class AnswerState(StrEnum):
    SILENT = "silent"
    COMING = "coming"
    NOT_COMING = "not_coming"


class AnsweredBy(StrEnum):
    SMS = "sms"
    WEB = "web"
    OFFICER = "officer"  # who was told by phone


class Presence(StrEnum):
    UNKNOWN = "unknown"
    PRESENT = "present"
    ABSENT = "absent"


def invitation_id(meeting_id: str, person_id: str) -> str:
    """One person is invited to one meeting once: the id says so."""
    return f"{meeting_id}:{person_id}"


class Invitation(Document):
    """`unit_id` and `unit_path`: the branch or commune for which the person is invited; they decide who may see it."""

    meeting_id: str
    person_id: str
    reason: InvitationReason
    unit_id: str
    unit_path: tuple[str, ...]
    answer: AnswerState = AnswerState.SILENT
    answered_by: AnsweredBy | None = None
    answered_at: datetime | None = None
    answer_note: str | None = None
    presence: Presence = Presence.UNKNOWN
    absent_because: str | None = None

    def answered(self, *, coming: bool, by: AnsweredBy, at: datetime, note: str | None = None) -> Self | None:
        """With this answer, or None when a later one (by the time it was received) is there already."""
        if self.answered_at is not None and at < self.answered_at:
            return None
        return self.model_copy(
            update={
                "answer": AnswerState.COMING if coming else AnswerState.NOT_COMING,
                "answered_by": by,
                "answered_at": at,
                "answer_note": note,
                "version": self.version + 1,
            }
        )

    def was_present(self) -> Self:
        return self.model_copy(
            update={"presence": Presence.PRESENT, "absent_because": None, "version": self.version + 1}
        )

    def was_absent(self, because: str) -> Self:
        """`because` is a key of policy.yaml's absence reasons, e.g. `works_away`."""
        return self.model_copy(
            update={"presence": Presence.ABSENT, "absent_because": because, "version": self.version + 1}
        )
