"""Which faults were really played, and how often; a long run that left one out proves less than it says."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

from tests.chaos.director import Done
from tests.chaos.faults import LONG_AWAY, LONGER_THAN_EVERY_LEASE, PROCESS_NAMES, Kind
from tests.chaos.findings import Finding

PROCESS_KINDS = tuple(dict.fromkeys(name.partition("-")[2] for name in PROCESS_NAMES))

OUTSIDE: Mapping[str, str] = {
    "late": "gateway answers late",
    "double_answer": "gateway answers twice",
    "strange_answer": "gateway answers nonsense",
    "error": "gateway answers 500",
    "too_many": "gateway answers 429 with Retry-After",
    "lost_answer": "gateway accepts and hangs up",
    "late_lost_answer": "gateway accepts and times out",
    "receipt_out_of_order": "receipt before an earlier one's",
    "double_receipt": "receipt comes twice",
    "no_receipt": "receipt never comes",
    "undelivered": "receipt says that it did not arrive",
    "mail_hangup": "mail server hangs up after DATA",
}
"""The sinks count themselves how often chance had each of these happen."""


def played(done: Sequence[Done], disturbed: Mapping[str, int], *, with_disk: bool) -> dict[str, int]:
    """Every fault that a long run must contain, in words, and how often it was played. A process that was not running
    when it should have been broken does not count, nor does a freeze or an absence that was too short."""
    counts: dict[str, int] = {}
    for kind in PROCESS_KINDS:
        counts[f"kill -9 of {kind}"] = sum(_hits(one, Kind.KILL, kind) for one in done)
        counts[f"SIGSTOP of {kind}, ≥ {LONGER_THAN_EVERY_LEASE:.0f} s"] = sum(
            _hits(one, Kind.FREEZE, kind) for one in done if _lasted(one, LONGER_THAN_EVERY_LEASE)
        )
    counts["kill -9 of two at once"] = _times(done, lambda one: one.fault.kind is Kind.KILL and len(one.hit) == 2)
    counts["SIGSTOP of two at once"] = _times(done, lambda one: one.fault.kind is Kind.FREEZE and len(one.hit) == 2)
    counts["wall clock of one process stepped"] = _times(done, lambda one: one.fault.kind is Kind.CLOCK)
    for away in (Kind.BROKER_STOP, Kind.BROKER_FREEZE):
        counts[f"{away} for {LONG_AWAY:.0f} s"] = _long_away(done, away)
    for platform in (Kind.BROKER_KILL, Kind.MONGO_KILL, Kind.MONGO_FREEZE):
        counts[str(platform)] = _of_kind(done, platform)
    if with_disk:
        counts[str(Kind.DISK_FULL)] = _of_kind(done, Kind.DISK_FULL)
    return counts | {told: disturbed.get(name, 0) for name, told in OUTSIDE.items()}


def everything_played(counts: Mapping[str, int]) -> Finding:
    finding = Finding("every kind of fault was played")
    for name, times in counts.items():
        finding.look(times > 0, name)
    return finding


def _hits(one: Done, how: Kind, kind: str) -> int:
    return sum(name.partition("-")[2] == kind for name in one.hit) if one.fault.kind is how else 0


def _times(done: Sequence[Done], wanted: Callable[[Done], bool]) -> int:
    return sum(wanted(one) for one in done)


def _of_kind(done: Sequence[Done], kind: Kind) -> int:
    return _times(done, lambda one: one.fault.kind is kind)


def _long_away(done: Sequence[Done], kind: Kind) -> int:
    return _times(done, lambda one: one.fault.kind is kind and _lasted(one, LONG_AWAY))


def _lasted(one: Done, seconds: float) -> bool:
    return one.ended is not None and one.ended - one.began >= timedelta(seconds=seconds) * 0.99
