"""Public holidays of Vietnam, with the days that an officer has set otherwise.

Source: the `holidays` package (Labour Code art. 112, and the yearly swap days); overrides win over it, because the
yearly plan is often decided late (domain §7).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache

import holidays

from chassis.storage.documents import Document


class DayOverride(Document):
    """What an officer set for a day in a unit. `id` is `unit:day`; `name` None makes it an ordinary day."""

    unit_id: str
    day: date
    name: str | None = None


@dataclass(frozen=True)
class DaysOff:
    """`overrides`: day → name of the holiday, or None for an ordinary day."""

    overrides: Mapping[date, str | None] = field(default_factory=dict)

    def name_of(self, day: date) -> str | None:
        """The name in Vietnamese of the holiday on `day`, or None."""
        return self.overrides[day] if day in self.overrides else _official(day.year).get(day)


@cache
def _official(year: int) -> dict[date, str]:
    return {day: str(name) for day, name in holidays.country_holidays("VN", years=year, language="vi").items()}
