"""An officer sets a day otherwise than the calendar of holidays has it."""

from __future__ import annotations

from datetime import date

from chassis.context import Context
from chassis.outcome import Outcome
from chassis.storage.changes import Changes
from chassis.storage.store import Store
from scheduling.application.organisation import unit
from scheduling.application.permitted import require_on
from scheduling.application.records import DAY_OVERRIDES
from scheduling.domain.days_off import DayOverride
from scheduling.domain.told_texts import told_text


def set_day(store: Store, context: Context, unit_id: str, day: date, name: str | None) -> Outcome[DayOverride]:
    """Make `day` a holiday called `name`, or with None an ordinary day, for a unit and everything under it."""
    one = unit(store, unit_id)
    require_on(context, "meetings.manage", one.path, seen_with="units.read", what=("đơn vị", "unit"))
    clean = told_text(name, pointer="/name", called_vi="tên ngày nghỉ", called_en="name") if name else None
    id = f"{unit_id}:{day.isoformat()}"
    before = store.get(DAY_OVERRIDES, id)
    override = DayOverride(id=id, version=before.version + 1 if before else 1, unit_id=unit_id, day=day, name=clean)
    changes = Changes()
    changes = changes.replace(DAY_OVERRIDES, override) if before else changes.insert(DAY_OVERRIDES, override)
    return Outcome(override, changes)
