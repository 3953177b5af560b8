"""Who may see a meeting: who reads meetings of a unit it is seen from, and who is invited to it."""

from __future__ import annotations

from collections.abc import Sequence

from chassis.context import Context
from chassis.failures import missing
from chassis.permissions import reach
from chassis.storage.documents import Filter
from chassis.storage.store import Store
from scheduling.application.permitted import actor_of, may_see, seen_ways
from scheduling.application.records import INVITATIONS, MEETINGS
from scheduling.domain.invitation import invitation_id
from scheduling.domain.meeting import Meeting

MEETING_WHAT = ("cuộc họp", "meeting")


def meeting_in_reach(store: Store, context: Context, meeting_id: str) -> Meeting:
    """The meeting. Raises Refusal `missing` where there is none, and the same where the actor may not see it."""
    meeting = store.get(MEETINGS, meeting_id)
    if meeting is None or not (
        may_see(context, "meetings.read", meeting.seen_from) or _is_invited(store, context, meeting_id)
    ):
        raise missing(*MEETING_WHAT)
    return meeting


def meetings_in_reach(context: Context) -> Sequence[Filter]:
    """The meetings that lists show, as alternatives."""
    return seen_ways(reach(actor_of(context), "meetings.read", context.today))


def _is_invited(store: Store, context: Context, meeting_id: str) -> bool:
    oneself = reach(actor_of(context), "invitations.read", context.today).person_id
    return oneself is not None and store.get(INVITATIONS, invitation_id(meeting_id, oneself)) is not None
