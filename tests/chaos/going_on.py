"""Work goes on within ten seconds of each fault's end: seen by what the broken part, and only it, could have done.

Every fault is judged. Where the work does not go on in time and another fault that hinders it lasts, or has begun
meanwhile, it must go on within ten seconds of that one's end. What lives on the work of another process has them from
when that one works again, which has its own ten seconds. The table says how often it was so.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from tests.chaos.faults import PLATFORM, PROCESS_NAMES, Fault, Kind
from tests.chaos.findings import Finding

GOES_ON_WITHIN = timedelta(seconds=10)
PUBLISHED, APPLIED, LISTS = "published", "applied", "members lists"
SMS, MAIL = "SMS taken", "mail taken"


class Played(Protocol):
    """A fault as it happened."""

    @property
    def fault(self) -> Fault: ...

    @property
    def began(self) -> datetime: ...

    @property
    def ended(self) -> datetime | None: ...


Signs = Mapping[str, Sequence[datetime]]
"""When work of each kind was seen to be done, in order."""


def ready(process: str) -> str:
    """The sign that a process calls itself ready."""
    return f"{process} ready"


_DOWN_FROM_NOTIFICATIONS_CONSUME = (f"notifications {APPLIED}", SMS, MAIL, f"notifications {PUBLISHED}")
_REPLIES = f"scheduling {APPLIED}"

OWN: Mapping[str, frozenset[str]] = {
    "members-web": frozenset({"members answers"}),
    "members-relay": frozenset({f"members {PUBLISHED}"}),
    "members-timers": frozenset({LISTS}),
    "scheduling-web": frozenset({"scheduling answers"}),
    "scheduling-relay": frozenset({f"scheduling {PUBLISHED}"}),
    "scheduling-consume": frozenset({_REPLIES}),
    "notifications-receive": frozenset({f"notifications {PUBLISHED}"}),
    "notifications-relay": frozenset({f"notifications {PUBLISHED}"}),
    "notifications-timers": frozenset({f"notifications {PUBLISHED}"}),
    "notifications-consume": frozenset({f"notifications {APPLIED}"}),
    "notifications-deliver": frozenset({SMS, MAIL}),
}
"""The work that a process does all the time under the load. Of the others (members-consume, which hears of refusals,
scheduling-timers, which looks for what is overdue, and notifications-web) it is only seen that they call themselves
ready."""

_BELOW: Mapping[str, Collection[str]] = {
    "members-relay": (),
    "scheduling-relay": _DOWN_FROM_NOTIFICATIONS_CONSUME,
    "notifications-consume": _DOWN_FROM_NOTIFICATIONS_CONSUME,
    "notifications-deliver": (f"notifications {PUBLISHED}",),
    "notifications-receive": (_REPLIES,),
    "notifications-relay": (_REPLIES,),
}
"""What else must wait for a process: the work that lives on its own."""

FLOWS = frozenset().union(*OWN.values())
EVERYTHING = FLOWS | {ready(name) for name in PROCESS_NAMES}


def judged_by(fault: Fault) -> frozenset[str]:
    """The signs of which each must be seen after the fault."""
    if fault.kind in PLATFORM:
        return FLOWS
    if fault.kind is Kind.OUTSIDE:
        return frozenset({MAIL if "mail_hangup_rate" in fault.settings else SMS})
    own = [OWN.get(name, frozenset()) | {ready(name)} for name in fault.targets]
    return frozenset().union(*own)


def hindered_by(fault: Fault) -> frozenset[str]:
    """The signs that may be missing while the fault lasts. The load has few hands: where a web process does not answer,
    they all wait for it."""
    if fault.kind in PLATFORM:
        return EVERYTHING
    if fault.kind is Kind.OUTSIDE:
        return judged_by(fault) | {f"notifications {PUBLISHED}"}
    if any(name.endswith("-web") for name in fault.targets):
        return judged_by(fault) | FLOWS
    below = [frozenset(_BELOW.get(name, ())) for name in fault.targets]
    return judged_by(fault).union(*below)


@dataclass(frozen=True)
class Judged:
    """How long after the end of a fault, and of those that came over it, the work was seen to go on."""

    took: timedelta
    with_others: bool


def judge(
    one: Played, sign: str, signs: Signs, over: Mapping[Played, datetime], within: timedelta = GOES_ON_WITHIN
) -> Judged | None:
    """`over`: every fault, with the instant at which what it broke worked again. None: nothing was seen any more, and
    no other fault explains it."""
    others = {
        other: _end(other) if sign in judged_by(other.fault) else worked_again
        for other, worked_again in over.items()
        if other is not one and sign in hindered_by(other.fault)
    }
    end, with_others = _end(one) + _awaited(one, sign, signs, within), False
    while True:
        took = _first_after(end, signs.get(sign, ()))
        if took is not None and took <= within:
            return Judged(took, with_others)
        lasting = [until for other, until in others.items() if other.began <= end + within and until > end]
        if not lasting:
            return None if took is None else Judged(took, with_others)
        end, with_others = min(lasting), True


def _over(one: Played, signs: Signs, within: timedelta) -> datetime:
    """When all that it broke was seen to work again; at the latest when its time for that was over."""
    took = [_first_after(_end(one), signs.get(sign, ())) for sign in judged_by(one.fault)]
    return _end(one) + max(min(within if each is None else each, within) for each in took)


def _awaited(one: Played, sign: str, signs: Signs, within: timedelta) -> timedelta:
    """How long it had to wait for others that the same fault broke, and on whose work this one lives."""
    above = [OWN[name] for name in one.fault.targets if sign in _BELOW.get(name, ()) and sign not in OWN[name]]
    took = [_first_after(_end(one), signs.get(other, ())) for others in above for other in others]
    return max((within if each is None else min(each, within) for each in took), default=timedelta(0))


def _first_after(instant: datetime, instants: Sequence[datetime]) -> timedelta | None:
    at = bisect_right(instants, instant)
    return instants[at] - instant if at < len(instants) else None


def went_on(done: Sequence[Played], signs: Signs, within: timedelta = GOES_ON_WITHIN) -> Finding:
    """Every fault, by every sign of what it broke."""
    finding = Finding(f"work goes on within {within.total_seconds():.0f} s of each fault's end")
    slowest, with_others = timedelta(0), 0
    over = {one: _over(one, signs, within) for one in done}
    for one in done:
        for sign in sorted(judged_by(one.fault)):
            judged = judge(one, sign, signs, over, within)
            in_time = judged is not None and judged.took <= within
            finding.look(in_time, f"{one.fault}, ended {_end(one):%H:%M:%S}: {sign} {_told(judged)}")
            if judged is not None:
                slowest = max(slowest, judged.took)
                with_others += judged.with_others
    finding.note = f"slowest {slowest.total_seconds():.1f} s; {with_others} judged at the end of a fault over it"
    return finding


def _told(judged: Judged | None) -> str:
    return "never again" if judged is None else f"after {judged.took.total_seconds():.1f} s"


def _end(one: Played) -> datetime:
    return one.ended or one.began
