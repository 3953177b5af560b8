"""Scheduling's own collections, with an index for every query that is made of them."""

from __future__ import annotations

from datetime import datetime

from chassis.storage.documents import Document, Index, Kind
from scheduling.domain.concern import Concern
from scheduling.domain.days_off import DayOverride
from scheduling.domain.invitation import Invitation
from scheduling.domain.meeting import Meeting, MeetingState
from scheduling.domain.proposal import Proposal
from scheduling.domain.rotation import Rotation
from scheduling.domain.task import Task

_REPLIES_ARE_KEPT_FOR = 400 * 24 * 3600


class Sequence(Document):
    """The last number given in a series; `id` names the series, e.g. `concern:<commune>:2026`."""

    last: int = 0


class IgnoredReply(Document):
    """A reply that counted for nothing, and why: `meeting_over`, `not_invited`, `older`. `id` is the reply's."""

    meeting_id: str
    reason: str
    received_at: datetime


MEETINGS: Kind[Meeting] = Kind(
    "meetings",
    Meeting,
    (
        Index((("seen_from", 1), ("starts_at", -1), ("_id", -1))),  # lists, by reach
        Index((("seen_from", 1), ("state", 1), ("starts_at", -1), ("_id", -1))),  # the few missed of a country
        Index((("unit_id", 1), ("starts_at", -1), ("_id", -1))),  # one commune's list, clashes, the year's figures
        Index((("ends_at", 1),), only={"state": MeetingState.SCHEDULED.value}),  # the timer alone, and no list
    ),
)
INVITATIONS: Kind[Invitation] = Kind(
    "invitations",
    Invitation,
    (
        Index((("meeting_id", 1), ("unit_id", 1), ("answer", 1), ("_id", 1))),  # lists and counts by branch
        Index((("meeting_id", 1), ("answer", 1), ("_id", 1))),
        Index((("meeting_id", 1), ("presence", 1))),
        Index((("meeting_id", 1), ("_id", 1))),
        Index((("person_id", 1), ("_id", -1))),  # one's own
    ),
)
TASKS: Kind[Task] = Kind(
    "tasks",
    Task,
    (
        Index((("unit_path", 1), ("due_on", 1), ("_id", 1))),  # lists, by reach
        Index((("unit_path", 1), ("state", 1), ("due_on", 1), ("_id", 1))),  # what is overdue, without what is done
        Index((("branch_id", 1), ("due_on", 1), ("_id", 1))),
        Index((("assignee_id", 1), ("due_on", 1), ("_id", 1))),
        Index((("meeting_id", 1), ("due_on", 1), ("_id", 1))),
        Index((("alarm_on", 1),)),  # the timer
    ),
)
CONCERNS: Kind[Concern] = Kind(
    "concerns",
    Concern,
    (
        Index((("unit_path", 1), ("_id", -1))),
        Index((("unit_path", 1), ("state", 1), ("_id", -1))),
        Index((("unit_path", 1), ("open_since", 1), ("_id", 1))),  # open too long
        Index((("branch_id", 1), ("_id", -1))),  # few enough to sort those open too long
        Index((("meeting_id", 1), ("_id", -1))),
        Index((("unit_id", 1), ("year", 1), ("sequence", 1)), unique=True),
    ),
)
ROTATIONS: Kind[Rotation] = Kind(
    "rotations",
    Rotation,
    (
        Index((("unit_id", 1), ("year", 1)), unique=True),
        Index((("unit_id", 1), ("year", -1), ("_id", -1))),  # one commune's list, which the other would leave to sort
        Index((("unit_path", 1), ("year", -1), ("_id", -1))),  # lists, by reach
    ),
)
PROPOSALS: Kind[Proposal] = Kind(
    "proposals",
    Proposal,
    (
        Index((("seen_from", 1), ("_id", -1))),
        Index((("seen_from", 1), ("state", 1), ("_id", -1))),
        Index((("unit_id", 1), ("_id", -1))),
    ),
)
SEQUENCES: Kind[Sequence] = Kind("sequences", Sequence)
DAY_OVERRIDES: Kind[DayOverride] = Kind("day_overrides", DayOverride, (Index((("unit_id", 1), ("day", 1))),))
IGNORED_REPLIES: Kind[IgnoredReply] = Kind(
    "ignored_replies",
    IgnoredReply,
    (Index((("meeting_id", 1),)), Index((("received_at", 1),), expires_after=_REPLIES_ARE_KEPT_FOR)),
)
