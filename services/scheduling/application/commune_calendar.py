"""What a commune's calendar already holds: meetings at the same time, meetings of the same period, days off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time

from chassis.context import LOCAL_ZONE, Context, local_day
from chassis.storage.documents import Filter
from chassis.storage.store import Store
from contracts.scheduling_events import MeetingKind
from scheduling.application.records import DAY_OVERRIDES, MEETINGS
from scheduling.domain.days_off import DaysOff
from scheduling.domain.meeting import Meeting, MeetingState
from scheduling.domain.notice import Notice
from scheduling.domain.policy import Policy
from scheduling.domain.timing import LONGEST, Slot, free_slots

_STILL_TO_BE_HELD = (MeetingState.SCHEDULED, MeetingState.AWAITING_MINUTES)


@dataclass(frozen=True, slots=True)
class Around:
    """Of a commune's meetings those that matter for one more of a kind at a time.

    busy          they still stand and overlap with its slot
    same_period   of its kind and its half-year or month, without those that were cancelled or missed
    """

    busy: Sequence[Meeting]
    same_period: Sequence[Meeting]


def meetings_around(store: Store, policy: Policy, kind: MeetingKind, commune_id: str, slot: Slot) -> Around:
    """Both in one question."""
    begins, ends = _period(policy, kind, slot.starts_at)
    of_the_kind = {"unit_id": commune_id, "kind": kind.value, "starts_at": {"$gte": begins, "$lt": ends}}
    found = store.find(MEETINGS, {"$or": [of_the_kind, _at_the_time(commune_id, slot)]}, sort=(("starts_at", 1),))
    same_period = [
        one
        for one in found
        if one.kind is kind
        and begins <= one.starts_at < ends
        and one.state not in (MeetingState.CANCELLED, MeetingState.MISSED)
    ]
    return Around(_standing_in(slot, found), same_period)


def busy_meetings(store: Store, commune_id: str, slot: Slot) -> list[Meeting]:
    """The commune's meetings that still stand and overlap with `slot`, by their start."""
    return _standing_in(slot, store.find(MEETINGS, _at_the_time(commune_id, slot), sort=(("starts_at", 1),)))


def already_this_period(policy: Policy, kind: MeetingKind, same_period: Sequence[Meeting]) -> Sequence[Notice]:
    """A notice where the half-year or month has its meeting of this kind already (2 giao ban, 12 BTV, 12 liên kết)."""
    if not same_period:
        return ()
    usual = policy.meetings[kind]
    period = "Nửa năm" if usual.per == "half_year" else "Tháng"
    return (
        Notice(
            "already-this-period",
            f"{period} này đã có {len(same_period)} buổi {usual.vi}.",
            f"There are {len(same_period)} meetings of this kind already in this {usual.per.replace('_', '-')}.",
        ),
    )


def better_slots(
    store: Store, context: Context, policy: Policy, *, kind: MeetingKind, path: Sequence[str], slot: Slot
) -> list[Slot]:
    """The next three slots with which nothing is unusual and that are free in the commune at the end of `path`."""
    begins = max(slot.starts_at, context.now)
    planned = store.find(
        MEETINGS,
        {"unit_id": path[-1], "starts_at": {"$gt": begins - LONGEST}},
        sort=(("starts_at", 1),),
        limit=500,
    )
    taken = [Slot(one.starts_at, one.ends_at) for one in planned if one.state is MeetingState.SCHEDULED]
    return free_slots(kind, slot, context.now, policy, days_off=days_off(store, path, slot), busy=taken)


def days_off(store: Store, path: Sequence[str], slot: Slot) -> DaysOff:
    """The official holidays with what was set for any unit on the path from the root down; the nearest wins."""
    since = local_day(slot.starts_at).isoformat()
    rows = store.find(
        DAY_OVERRIDES, {"unit_id": {"$in": list(path)}, "day": {"$gte": since}}, sort=(("day", 1),), limit=1000
    )
    rows.sort(key=lambda row: path.index(row.unit_id))
    return DaysOff({row.day: row.name for row in rows})


def _period(policy: Policy, kind: MeetingKind, starts_at: datetime) -> tuple[datetime, datetime]:
    begins, ends = policy.meetings[kind].period_of(local_day(starts_at))
    return datetime.combine(begins, time(), LOCAL_ZONE), datetime.combine(ends, time(), LOCAL_ZONE)


def _at_the_time(commune_id: str, slot: Slot) -> Filter:
    return {
        "unit_id": commune_id,
        "starts_at": {"$gt": slot.starts_at - LONGEST, "$lt": max(slot.ends_at, slot.starts_at)},
    }


def _standing_in(slot: Slot, found: Sequence[Meeting]) -> list[Meeting]:
    return [one for one in found if one.state in _STILL_TO_BE_HELD and slot.overlaps(Slot(one.starts_at, one.ends_at))]
