"""How a commune usually keeps the cycle: notice, hours, days to avoid. Configuration: policy.yaml, with sources."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from contracts.scheduling_events import MeetingKind


class Setting(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Window(Setting):
    """Hours on certain weekdays (0 Monday … 6 Sunday) in which meetings of a kind usually take place."""

    days: tuple[int, ...]
    opens: time
    closes: time

    def holds(self, starts: datetime, ends: datetime) -> bool:
        """Whether a meeting between these local times lies inside."""
        return (
            starts.weekday() in self.days
            and starts.date() == ends.date()
            and self.opens <= starts.time()
            and ends.time() <= self.closes
        )


class KindPolicy(Setting):
    """What is usual for one kind of meeting; one of them is wanted `per` half-year or month."""

    vi: str
    notice_hours: int = Field(ge=0)
    per: Literal["half_year", "month"]
    windows: tuple[Window, ...]

    @property
    def notice(self) -> timedelta:
        return timedelta(hours=self.notice_hours)

    def period_of(self, day: date) -> tuple[date, date]:
        """The half-year or month `[from, to)` in which a meeting on `day` counts."""
        if self.per == "month":
            starts = day.replace(day=1)
            return starts, (starts + timedelta(days=32)).replace(day=1)
        first_half = day.month <= 6
        return (
            date(day.year, 1 if first_half else 7, 1),
            date(day.year, 7, 1) if first_half else date(day.year + 1, 1, 1),
        )


class Avoid(Setting):
    """Days on which meetings of these kinds are better not held: by day of the month, or `MM-DD` to `MM-DD`."""

    kinds: tuple[MeetingKind, ...]
    days_of_month: tuple[int, ...] = ()
    starts: str | None = Field(default=None, alias="from", pattern=r"^\d\d-\d\d$")
    ends: str | None = Field(default=None, alias="to", pattern=r"^\d\d-\d\d$")
    vi: str
    en: str

    def covers(self, kind: MeetingKind, day: date) -> bool:
        if kind not in self.kinds:
            return False
        in_season = bool(self.starts and self.ends and self.starts <= f"{day:%m-%d}" <= self.ends)
        return day.day in self.days_of_month or in_season


class Policy(Setting):
    """All of policy.yaml."""

    meetings: dict[MeetingKind, KindPolicy]
    avoid: tuple[Avoid, ...] = ()
    roll_call_opens_minutes: int = 60
    concern_open_days: int = 30
    remote_branches_host: Literal["quarter_months", "every_month"] = "quarter_months"
    quarter_months: tuple[int, ...] = (3, 6, 9, 12)
    proposal_notice_days: int = 21
    absence_reasons: dict[str, str]

    @model_validator(mode="after")
    def _names_every_kind(self) -> Self:
        if missing := set(MeetingKind) - set(self.meetings):
            raise ValueError(f"policy says nothing of {sorted(missing)}")
        return self

    @property
    def roll_call_opens(self) -> timedelta:
        return timedelta(minutes=self.roll_call_opens_minutes)
