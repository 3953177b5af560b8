"""Move a meeting or cancel it; those who were told are told again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from chassis.context import Context
from chassis.messaging.outbox import publish
from chassis.outcome import Outcome
from chassis.storage.changes import Changes
from chassis.storage.store import Store
from contracts.scheduling_events import MeetingCancelled, MeetingRescheduled
from scheduling.application.commune_calendar import better_slots, busy_meetings
from scheduling.application.convening import Arranged, meeting_notices
from scheduling.application.meeting_sight import meeting_in_reach
from scheduling.application.permitted import as_expected, require_may
from scheduling.application.read_models import UNITS
from scheduling.application.records import INVITATIONS, MEETINGS
from scheduling.domain.meeting import MEETING, Meeting, MeetingCommand
from scheduling.domain.policy import Policy
from scheduling.domain.timing import Slot, require_possible
from scheduling.domain.told_texts import told_text


@dataclass(frozen=True, slots=True)
class NewTime:
    """Where to and when a meeting is moved; None keeps what it was. `answer_by` is set anew: None is no deadline."""

    reason: str
    starts_at: datetime
    ends_at: datetime
    place: str | None = None
    online_url: str | None = None
    answer_by: datetime | None = None


def reschedule_meeting(
    store: Store, context: Context, policy: Policy, meeting_id: str, new: NewTime, *, expected: int | None = None
) -> Outcome[Arranged]:
    """Move a meeting → MeetingRescheduled. Who is invited stays frozen; answers given stay, and may be changed."""
    meeting = _managed(store, context, meeting_id, expected)
    MEETING.after(meeting.state, MeetingCommand.RESCHEDULE)
    slot = Slot(new.starts_at, new.ends_at)
    commune = store.get(UNITS, meeting.unit_id)
    path = commune.path if commune else meeting.unit_path  # as it stands now; it may have moved since

    def better() -> list[Slot]:
        return better_slots(store, context, policy, kind=meeting.kind, path=path, slot=slot)

    require_possible(slot, context.now, better=better, answer_by=new.answer_by)
    place = meeting.place
    if new.place is not None:
        place = told_text(new.place, pointer="/place", called_vi="địa điểm", called_en="place")
    moved = meeting.rescheduled(
        starts_at=new.starts_at,
        ends_at=new.ends_at,
        place=place,
        online_url=new.online_url if new.online_url is not None else meeting.online_url,
        answer_by=new.answer_by,
        reason=_reason(new.reason),
        now=context.now,
    )
    invited = [one.person_id for one in store.find(INVITATIONS, {"meeting_id": meeting.id})]
    busy = busy_meetings(store, meeting.unit_id, slot)
    notices = meeting_notices(store, context, policy, moved, path=path, person_ids=invited, busy=busy)
    event = MeetingRescheduled(
        meeting_id=moved.id,
        meeting=moved.facts,
        was_at=meeting.starts_at,
        was_place=meeting.place,
        reason=moved.moves[-1].reason,
    )
    changes = Changes().replace(MEETINGS, moved)
    publish(changes, context.message(event, key=moved.id, sequence=moved.version))
    return Outcome(Arranged(moved, tuple(notices), tuple(better()) if notices else ()), changes)


def cancel_meeting(
    store: Store, context: Context, meeting_id: str, reason: str, *, expected: int | None = None
) -> Outcome[Meeting]:
    """Call a meeting off → MeetingCancelled."""
    meeting = _managed(store, context, meeting_id, expected)
    cancelled = meeting.cancelled(_reason(reason))
    event = MeetingCancelled(meeting_id=cancelled.id, meeting=cancelled.facts, reason=cancelled.ended_because or "")
    changes = Changes().replace(MEETINGS, cancelled)
    publish(changes, context.message(event, key=cancelled.id, sequence=cancelled.version))
    return Outcome(cancelled, changes)


def _managed(store: Store, context: Context, meeting_id: str, expected: int | None) -> Meeting:
    meeting = meeting_in_reach(store, context, meeting_id)
    require_may(context, "meetings.manage", meeting.unit_path)
    as_expected(MEETINGS, meeting, expected)
    return meeting


def _reason(reason: str) -> str:
    return told_text(reason, pointer="/reason", called_vi="lý do", called_en="reason")
