"""Hours in which nobody's phone should ring, in the local zone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from notifications.domain.message_class import RULES, MessageClass

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
_WRITTEN = re.compile(r"^([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)$")


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From `starts` up to and without `ends`, local time; may run over midnight. Equal times: never quiet."""

    starts: time
    ends: time

    @classmethod
    def parse(cls, written: str) -> QuietHours:
        """Read `22:00-07:00`; the empty string is “no quiet hours”. Raises ValueError on anything else."""
        if not written.strip():
            return cls(time(0), time(0))
        found = _WRITTEN.match(written.strip())
        if found is None:
            raise ValueError(f"QUIET_HOURS must look like 22:00-07:00, not {written!r}")
        from_hour, from_minute, to_hour, to_minute = (int(part) for part in found.groups())
        return cls(time(from_hour, from_minute), time(to_hour, to_minute))

    def next_allowed(self, instant: datetime, message_class: MessageClass) -> datetime:
        """`instant` itself, or the end of the quiet hours it falls into, for a class that keeps them."""
        if not RULES[message_class].keeps_quiet or self.starts == self.ends:
            return instant
        local = instant.astimezone(ZONE)
        now = local.time()
        over_midnight = self.starts > self.ends
        quiet = (now >= self.starts or now < self.ends) if over_midnight else self.starts <= now < self.ends
        if not quiet:
            return instant
        day = local.date() + timedelta(days=1 if over_midnight and now >= self.starts else 0)
        return datetime.combine(day, self.ends, ZONE).astimezone(instant.tzinfo)
