"""Convene giao ban (briefing) or họp BTV giao nhiệm vụ (assignment meeting): invitees from the posts of that day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time

from chassis.context import LOCAL_ZONE, Context, local_day
from chassis.outcome import Outcome
from chassis.storage.store import Store
from contracts.scheduling_events import MeetingKind
from scheduling.application.convening import Arranged, Gathering, MeetingPlan, arrange
from scheduling.application.organisation import (
    COMMITTEE_POSTS,
    STANDING_POSTS,
    branches_of,
    posts_in,
    require_commune,
    unit,
)
from scheduling.application.permitted import require_on
from scheduling.application.read_models import UnitSeen
from scheduling.application.records import MEETINGS
from scheduling.domain.invitees import assignment_roll, briefing_roll
from scheduling.domain.meeting import MeetingState
from scheduling.domain.notice import Notice
from scheduling.domain.policy import Policy


def convene_briefing(
    store: Store, context: Context, policy: Policy, commune_id: str, plan: MeetingPlan
) -> Outcome[Arranged]:
    """Invite thường trực and each branch's secretary, or deputy where that post is vacant → MeetingScheduled."""
    commune = _commune(store, context, commune_id, plan)
    day = local_day(plan.starts_at)
    branches = branches_of(store, commune_id, day)
    held = posts_in(store, [commune_id, *(one.id for one in branches)], day)
    gathering = Gathering(
        kind=MeetingKind.BRIEFING,
        commune=commune,
        roll=briefing_roll(commune_id, [one.id for one in branches], held, STANDING_POSTS),
        branches=branches,
        extra_notices=already_this_period(store, policy, MeetingKind.BRIEFING, commune_id, plan.starts_at),
    )
    return Outcome(*arrange(store, context, policy, gathering, plan))


def convene_assignment_meeting(
    store: Store, context: Context, policy: Policy, commune_id: str, plan: MeetingPlan
) -> Outcome[Arranged]:
    """Invite thường trực and the other members of the standing committee → MeetingScheduled."""
    commune = _commune(store, context, commune_id, plan)
    held = posts_in(store, [commune_id], local_day(plan.starts_at))
    gathering = Gathering(
        kind=MeetingKind.ASSIGNMENT_MEETING,
        commune=commune,
        roll=assignment_roll(commune_id, held, STANDING_POSTS, COMMITTEE_POSTS),
        seen_from_branches=False,
        extra_notices=already_this_period(store, policy, MeetingKind.ASSIGNMENT_MEETING, commune_id, plan.starts_at),
    )
    return Outcome(*arrange(store, context, policy, gathering, plan))


def already_this_period(
    store: Store, policy: Policy, kind: MeetingKind, commune_id: str, starts_at: datetime
) -> Sequence[Notice]:
    """A notice where the half-year or month has its meeting of this kind already (2 giao ban, 12 BTV, 12 liên kết)."""
    usual = policy.meetings[kind]
    begins, ends = (datetime.combine(day, time(), LOCAL_ZONE) for day in usual.period_of(local_day(starts_at)))
    counted = store.find(
        MEETINGS,
        {"unit_id": commune_id, "kind": kind.value, "starts_at": {"$gte": begins, "$lt": ends}},
        sort=(("starts_at", 1),),
    )
    standing = [one for one in counted if one.state not in (MeetingState.CANCELLED, MeetingState.MISSED)]
    if not standing:
        return ()
    period = "Nửa năm" if usual.per == "half_year" else "Tháng"
    return (
        Notice(
            "already-this-period",
            f"{period} này đã có {len(standing)} buổi {usual.vi}.",
            f"There are {len(standing)} meetings of this kind already in this {usual.per.replace('_', '-')}.",
        ),
    )


def _commune(store: Store, context: Context, commune_id: str, plan: MeetingPlan) -> UnitSeen:
    commune = unit(store, commune_id)
    require_on(context, "meetings.convene", commune.path, seen_with="units.read", what=("đơn vị", "unit"))
    require_commune(commune, local_day(plan.starts_at))
    return commune
