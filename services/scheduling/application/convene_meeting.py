"""Convene giao ban (briefing) or họp BTV giao nhiệm vụ (assignment meeting): invitees from the posts of that day."""

from __future__ import annotations

from chassis.context import Context, local_day
from chassis.outcome import Outcome
from chassis.storage.store import Store
from contracts.scheduling_events import MeetingKind
from scheduling.application.convening import Arranged, Gathering, MeetingPlan, arrange
from scheduling.application.organisation import (
    COMMITTEE_POSTS,
    STANDING_POSTS,
    commune_with_branches,
    posts_in,
    require_commune,
    unit,
)
from scheduling.application.permitted import require_on
from scheduling.application.read_models import UnitSeen
from scheduling.domain.invitees import assignment_roll, briefing_roll
from scheduling.domain.policy import Policy


def convene_briefing(
    store: Store, context: Context, policy: Policy, commune_id: str, plan: MeetingPlan
) -> Outcome[Arranged]:
    """Invite thường trực and each branch's secretary, or deputy where that post is vacant → MeetingScheduled."""
    day = local_day(plan.starts_at)
    known, branches = commune_with_branches(store, commune_id, day)
    commune = _checked(context, known, plan)
    held = posts_in(store, [commune_id, *(one.id for one in branches)], day)
    gathering = Gathering(
        kind=MeetingKind.BRIEFING,
        commune=commune,
        roll=briefing_roll(commune_id, [one.id for one in branches], held, STANDING_POSTS),
        branches=branches,
    )
    return Outcome(*arrange(store, context, policy, gathering, plan))


def convene_assignment_meeting(
    store: Store, context: Context, policy: Policy, commune_id: str, plan: MeetingPlan
) -> Outcome[Arranged]:
    """Invite thường trực and the other members of the standing committee → MeetingScheduled."""
    commune = _checked(context, unit(store, commune_id), plan)
    held = posts_in(store, [commune_id], local_day(plan.starts_at))
    gathering = Gathering(
        kind=MeetingKind.ASSIGNMENT_MEETING,
        commune=commune,
        roll=assignment_roll(commune_id, held, STANDING_POSTS, COMMITTEE_POSTS),
        seen_from_branches=False,
    )
    return Outcome(*arrange(store, context, policy, gathering, plan))


def _checked(context: Context, commune: UnitSeen, plan: MeetingPlan) -> UnitSeen:
    require_on(context, "meetings.convene", commune.path, seen_with="units.read", what=("đơn vị", "unit"))
    require_commune(commune, local_day(plan.starts_at))
    return commune
