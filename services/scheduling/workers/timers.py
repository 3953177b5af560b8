"""What scheduling does because time passes."""

from __future__ import annotations

from chassis.messaging.timers import Timer
from scheduling.workers.what_time_does import pass_meetings, tell_overdue_tasks

TIMERS: tuple[Timer, ...] = (
    Timer("tasks fall overdue", 20.0, tell_overdue_tasks),
    Timer("meetings await their minutes", 20.0, pass_meetings),
)
