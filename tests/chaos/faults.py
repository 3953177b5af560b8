"""What will be broken, when and for how long: drawn from a seed, so that a run can be had again.

Three tracks run beside each other: the platform (broker, database, disk), the processes (killed, frozen, their clocks
stepped; singly and two at once), and the world outside (gateway and mail server).
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from deploy.local.processes import PROCESSES

PROCESS_NAMES = tuple(process.name for process in PROCESSES)

LONGER_THAN_EVERY_LEASE = 12.0
"""Seconds; leases run 6 s and 9 s, a consumer's session less than 10 s."""

LONG_AWAY = 150.0
"""Seconds that the broker is away in a long run: beyond the producer's usual 120 s, after which it would never send
again."""

FAR_STEPS = (-5400.0, -3600.0, 1800.0, 3600.0)
"""Seconds, for clocks whose time ends up in stores: by its stamps nobody takes such an hour for one of the run."""
NEAR_STEPS = (-90.0, 45.0)


class Kind(StrEnum):
    KILL = "kill -9"
    FREEZE = "SIGSTOP"
    CLOCK = "clock stepped"
    BROKER_STOP = "broker stopped"
    BROKER_FREEZE = "broker frozen"
    BROKER_KILL = "broker killed"
    MONGO_KILL = "mongod killed"
    MONGO_FREEZE = "mongod frozen"
    DISK_FULL = "broker's disk full"
    OUTSIDE = "gateway and mail"


PLATFORM = frozenset(
    {
        Kind.BROKER_STOP,
        Kind.BROKER_FREEZE,
        Kind.BROKER_KILL,
        Kind.MONGO_KILL,
        Kind.MONGO_FREEZE,
        Kind.DISK_FULL,
    }
)


@dataclass(frozen=True)
class Fault:
    """`at` and `seconds` count from the start of the load; `targets` are process names; `settings` are what the sinks
    are told, or the clock's step."""

    kind: Kind
    at: float
    seconds: float
    targets: tuple[str, ...] = ()
    settings: Mapping[str, float] = field(default_factory=dict)

    @property
    def ends_at(self) -> float:
        return self.at + self.seconds

    def __str__(self) -> str:
        what = ", ".join(self.targets) or ", ".join(f"{name}={value:g}" for name, value in self.settings.items())
        return f"{self.kind}{f' ({what})' if what else ''} for {self.seconds:.0f} s"


OUTSIDE_SETTINGS: tuple[Mapping[str, float], ...] = (
    {"latency_ms": 1500},
    {"lost_answer_rate": 0.4},
    {"lost_answer_rate": 0.5, "lost_answer_seconds": 11},
    {"too_many_rate": 0.5, "retry_after_seconds": 2},
    {"error_rate": 0.5},
    {"double_receipt_rate": 0.7, "delivery_ms": 0, "delivery_spread_ms": 4000},
    {"no_receipt_rate": 0.6},
    {"undelivered_rate": 0.3, "double_receipt_rate": 0.5},
    {"strange_answer_rate": 0.4},
    {"double_answer_rate": 0.6},
    {"mail_hangup_rate": 0.4},
)
"""Late, lost, timed out after accepting, twice, wrongly, with 429, out of order, never, and a mail server that hangs up
after DATA."""


def short_plan(seed: int, seconds: float, *, with_disk: bool) -> list[Fault]:
    """For every test run: each kind of process killed and each leased one frozen, the platform shaken briefly."""
    chance = random.Random(seed)
    platform = [(Kind.BROKER_KILL, 1.0), (Kind.MONGO_KILL, 1.0), (Kind.BROKER_FREEZE, 10.0), (Kind.MONGO_FREEZE, 4.0)]
    platform += [(Kind.DISK_FULL, 4.0)] if with_disk else []
    return _woven(
        chance,
        seconds,
        _platform_track(chance, platform, gap=5.0),
        _process_track(chance, freezes=("relay", "consume", "deliver"), pairs=0.9, gap=1.5),
        _outside_track(chance, every=seconds / len(OUTSIDE_SETTINGS)),
    )


def long_plan(seed: int, seconds: float, *, with_disk: bool) -> list[Fault]:
    """`make chaos`: also a broker away for 150 s, once stopped and once frozen."""
    chance = random.Random(seed)
    platform = [(Kind.BROKER_STOP, LONG_AWAY), (Kind.BROKER_FREEZE, LONG_AWAY), (Kind.BROKER_KILL, 1.0)]
    platform += [(Kind.MONGO_KILL, 1.0), (Kind.MONGO_FREEZE, 15.0), (Kind.BROKER_KILL, 3.0), (Kind.MONGO_KILL, 5.0)]
    platform += [(Kind.DISK_FULL, 10.0)] if with_disk else []
    shaken = list(_platform_track(chance, platform, gap=14.0))
    return _woven(
        chance,
        seconds,
        iter(shaken),
        _process_track(chance, freezes=("web", "receive", "relay", "consume", "deliver", "timers"), pairs=0.4, gap=8.0),
        _outside_track(chance, every=12.0, idle=[fault for fault in shaken if fault.seconds == LONG_AWAY]),
    )


def _woven(chance: random.Random, seconds: float, *tracks: Iterator[Fault]) -> list[Fault]:
    """What of the tracks ends within the time, by their beginning."""
    woven = [fault for track in tracks for fault in _until(track, seconds)]
    return sorted(woven, key=lambda fault: fault.at)


def _until(track: Iterator[Fault], seconds: float) -> Iterator[Fault]:
    for fault in track:
        if fault.at > seconds:
            return
        if fault.ends_at <= seconds:
            yield fault


def _platform_track(chance: random.Random, faults: Sequence[tuple[Kind, float]], *, gap: float) -> Iterator[Fault]:
    at = gap
    for kind, lasts in chance.sample(list(faults), len(faults)):
        yield Fault(kind, at, lasts)
        at += lasts + gap * chance.uniform(1.0, 1.3)


def _process_track(chance: random.Random, *, freezes: Sequence[str], pairs: float, gap: float) -> Iterator[Fault]:
    """Every process killed once, those of `freezes` frozen once, two clocks stepped; then anew while there is time."""
    at = 2.0
    while True:
        kills = _grouped(chance, PROCESS_NAMES, pairs)
        frozen = [name for name in PROCESS_NAMES if name.partition("-")[2] in freezes]
        others = [Fault(Kind.FREEZE, 0, LONGER_THAN_EVERY_LEASE, group) for group in _grouped(chance, frozen, pairs)]
        others += [
            Fault(Kind.CLOCK, 0, 8.0, (name,), {"seconds": chance.choice(_steps(name))})
            for name in chance.sample(PROCESS_NAMES, 2)
        ]
        for fault in _two_to_one(
            [Fault(Kind.KILL, 0, 0, group) for group in kills], chance.sample(others, len(others))
        ):
            yield Fault(fault.kind, at, fault.seconds, fault.targets, fault.settings)
            at += fault.seconds + gap * chance.uniform(0.8, 1.2)


def _steps(process: str) -> tuple[float, ...]:
    return FAR_STEPS + NEAR_STEPS if process.endswith(("-deliver", "-timers")) else FAR_STEPS


def _two_to_one(often: Sequence[Fault], rarely: Sequence[Fault]) -> Iterator[Fault]:
    """Two of the first, one of the second, and so on until both are used up: a short run gets some of each."""
    first, second = list(often), list(rarely)
    while first or second:
        yield from first[:2]
        yield from second[:1]
        del first[:2], second[:1]


def _outside_track(chance: random.Random, *, every: float, idle: Sequence[Fault] = ()) -> Iterator[Fault]:
    """Every setting in turn; in a turn of their own while `idle` faults last: what nobody sends nobody can disturb."""
    at, busy, idling = 1.0, _shuffled_for_ever(chance), _shuffled_for_ever(chance)
    while True:
        is_idle = any(fault.at - every < at < fault.ends_at for fault in idle)
        yield Fault(Kind.OUTSIDE, at, every * 0.7, (), next(idling if is_idle else busy))
        at += every


def _shuffled_for_ever(chance: random.Random) -> Iterator[Mapping[str, float]]:
    while True:
        yield from chance.sample(OUTSIDE_SETTINGS, len(OUTSIDE_SETTINGS))


def _grouped(chance: random.Random, names: Sequence[str], pairs: float) -> list[tuple[str, ...]]:
    """All names, alone or two at once; two at once at least one time."""
    left = chance.sample(list(names), len(names))
    groups: list[tuple[str, ...]] = []
    while left:
        size = 2 if len(left) > 1 and (not groups or chance.random() < pairs) else 1
        groups.append(tuple(left[:size]))
        left = left[size:]
    return groups
