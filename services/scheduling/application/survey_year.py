"""Which communes keep the cycle: the model's year of one, or of many at once (stories 1 and 16)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from chassis.context import LOCAL_ZONE, Context
from chassis.failures import Refusal
from chassis.storage.store import Store
from scheduling.application.organisation import require_commune, unit
from scheduling.application.permitted import require_on
from scheduling.application.records import MEETINGS
from scheduling.domain.meeting import Meeting
from scheduling.domain.policy import Policy
from scheduling.domain.year_plan import Period, year_of


def survey_commune(store: Store, context: Context, policy: Policy, commune_id: str, year: int) -> list[Period]:
    """The year of one commune: 2 giao ban, 12 họp BTV, 12 liên chi đoàn, each done, planned or missing."""
    commune = unit(store, commune_id)
    require_on(context, "meetings.read", commune.path, seen_with="units.read", what=("đơn vị", "unit"))
    require_commune(commune, context.today)
    return survey_communes(store, context, policy, [commune_id], year)[commune_id]


def survey_communes(
    store: Store, context: Context, policy: Policy, commune_ids: Sequence[str], year: int
) -> dict[str, list[Period]]:
    """The same year of these communes, whom the caller has found within reach; one query for all."""
    if not 2000 <= year <= 2100:
        raise Refusal(
            "year-out-of-range", vi="Năm không hợp lệ.", en="The year is out of range.", pointer="/query/year"
        )
    begins, ends = (datetime(of_year, 1, 1, tzinfo=LOCAL_ZONE) for of_year in (year, year + 1))
    found: dict[str, list[Meeting]] = {commune_id: [] for commune_id in commune_ids}
    meetings = store.find(
        MEETINGS,
        {"unit_id": {"$in": sorted(commune_ids)}, "starts_at": {"$gte": begins, "$lt": ends}},
        sort=(("starts_at", 1), ("_id", 1)),
    )
    for meeting in meetings:
        found[meeting.unit_id].append(meeting)
    return {id: year_of(policy, year, of_one, context.today) for id, of_one in found.items()}
