"""Breaks things when the plan says so, mends them when their time is over, and keeps the supervisor looking."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import urllib3

from deploy.local.ports import answers
from deploy.local.supervisor import GRACE_SECONDS
from deploy.local.system import SINKS
from tests.chaos.faults import PLATFORM, Fault, Kind
from tests.chaos.findings import Finding
from tests.chaos.going_on import GOES_ON_WITHIN
from tests.chaos.stage import Stage

ROUND_SECONDS = 0.05


@dataclass(eq=False)
class Done:
    """A fault as it happened; instants by the true wall clock. It ended when it was mended; that of a server when the
    server answered again. `hit`: those of its targets that were running."""

    fault: Fault
    began: datetime
    ended: datetime | None = None
    hit: tuple[str, ...] = ()


class Director:
    """All calls from the thread that started the processes: it is the one they are leashed to."""

    def __init__(self, stage: Stage, plan: Sequence[Fault], tell: Callable[[str], None]) -> None:
        self._stage, self._tell = stage, tell
        self._waiting = list(plan)
        self._running: dict[Done, float] = {}
        self._starting: list[Done] = []
        self.done: list[Done] = []

    def direct(self, seconds: float) -> None:
        """Plays the plan, each fault for its whole time; returns after `seconds`, when everything broken is mended and
        has had the time that is promised to go on."""
        began = time.monotonic()
        while (now := time.monotonic() - began) < seconds or self._waiting or self._running or self._starting:
            self._stage.system.supervisor.look_once()
            for one in [one for one, until in self._running.items() if until <= now]:
                self._mend(one)
            for one in [one for one in self._starting if _is_back(self._stage, one.fault.kind)]:
                self._starting.remove(one)
                self._end(one)
            for fault in [fault for fault in self._waiting if fault.at <= now]:
                broken = [one for one in (*self._running, *self._starting) if one.fault.kind in PLATFORM]
                if fault.kind not in PLATFORM or not broken:
                    self._waiting.remove(fault)
                    self._begin(fault, now)
            time.sleep(ROUND_SECONDS)
        self.keep_running(lambda: False, GOES_ON_WITHIN.total_seconds() + 1)

    def keep_running(self, until: Callable[[], bool], seconds: float) -> bool:
        """Nothing is broken any more; whether `until()` came true in time."""
        deadline = time.monotonic() + seconds
        while not until():
            if time.monotonic() > deadline:
                return False
            self._stage.system.supervisor.look_once()
            time.sleep(ROUND_SECONDS)
        return True

    def shut_down_and_start_again(self) -> Finding:
        """SIGTERM to every process of the services at once, in the middle of the load; then all are started anew."""
        finding = Finding("SIGTERM under load: each ends in order within 25 s, no orphan")
        programs = [one for name, one in self._stage.system.supervisor.programs.items() if name != SINKS]
        began = time.monotonic()
        for one in programs:
            one.is_wanted = False
            one.child.ask_to_stop()
        slowest = 0.0
        for one in programs:
            ended = one.child.wait(max(0.0, GRACE_SECONDS - (time.monotonic() - began)))
            slowest = max(slowest, time.monotonic() - began)
            finding.look(ended and one.child.exit_code == 0, f"{one.program.name}: exit code {one.child.exit_code}")
            finding.look(_left_nobody(one.child.pid), f"{one.program.name} left an orphan")
            one.child.kill()
        finding.note = f"slowest {slowest:.1f} s"
        for one in programs:
            self._stage.system.supervisor.start(one.program)
        self._tell(f"          SIGTERM to {len(programs)} processes; the last ended after {slowest:.1f} s")
        return finding

    def _begin(self, fault: Fault, now: float) -> None:
        self._tell(f"{now:6.1f} s  {fault}")
        hit = tuple(name for name in fault.targets if self._stage.child(name).is_running)
        one = Done(fault, datetime.now(UTC), hit=hit)
        _BREAK[fault.kind](self._stage, fault)
        self._running[one] = now + fault.seconds

    def _mend(self, one: Done) -> None:
        _MEND[one.fault.kind](self._stage, one.fault)
        del self._running[one]
        if one.fault.kind in PLATFORM:
            self._starting.append(one)
        else:
            self._end(one)

    def _end(self, one: Done) -> None:
        one.ended = datetime.now(UTC)
        self.done.append(one)


def _is_back(stage: Stage, kind: Kind) -> bool:
    """Whether the server that was broken answers again."""
    return stage.mongod_is_primary() if kind in (Kind.MONGO_KILL, Kind.MONGO_FREEZE) else answers(stage.kafka.port)


def _left_nobody(group: int) -> bool:
    """Whether the process group of a process that ended is empty."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    return False


def _kill(stage: Stage, fault: Fault) -> None:
    for name in fault.targets:
        stage.child(name).kill()


def _freeze(stage: Stage, fault: Fault) -> None:
    for name in fault.targets:
        stage.child(name).freeze()


def _thaw(stage: Stage, fault: Fault) -> None:
    for name in fault.targets:
        stage.child(name).thaw()


def _step_clock(stage: Stage, fault: Fault) -> None:
    for name in fault.targets:
        stage.step_clock(name, fault.settings["seconds"])


def _set_clock_right(stage: Stage, fault: Fault) -> None:
    for name in fault.targets:
        stage.step_clock(name, 0.0)


def _restart_kafka(stage: Stage, fault: Fault) -> None:
    stage.kafka.kill()
    stage.kafka.launch()


def _restart_mongod(stage: Stage, fault: Fault) -> None:
    stage.mongod.launch()


def _fill_disk(stage: Stage, fault: Fault) -> None:
    """Not a byte is left for the broker's next record."""
    assert stage.disk is not None
    with _filler(stage.disk).open("wb", buffering=0) as filler:
        block = bytes(65536)
        while block:
            try:
                filler.write(block)
            except OSError:
                block = block[: len(block) // 2]


def _empty_disk(stage: Stage, fault: Fault) -> None:
    assert stage.disk is not None
    _filler(stage.disk).unlink()
    _restart_kafka(stage, fault)


def _filler(disk: Path) -> Path:
    return disk / "filler"


def _disturb_outside(stage: Stage, fault: Fault) -> None:
    _set_outside(stage, dict(fault.settings))


def _calm_outside(stage: Stage, fault: Fault) -> None:
    _set_outside(stage, {})


def _set_outside(stage: Stage, settings: dict[str, float]) -> None:
    whole = {name: int(value) if name.endswith(("_ms", "after_seconds")) else value for name, value in settings.items()}
    try:
        stage.inbox.set_faults(receipt_pause_ms=300, **whole)
    except urllib3.exceptions.HTTPError:
        pass  # the sinks are no part of the product; the next setting comes through


def _nothing(stage: Stage, fault: Fault) -> None:
    """The supervisor starts it again, as it would anywhere."""


Act = Callable[[Stage, Fault], None]

_BREAK: dict[Kind, Act] = {
    Kind.KILL: _kill,
    Kind.FREEZE: _freeze,
    Kind.CLOCK: _step_clock,
    Kind.BROKER_STOP: lambda stage, fault: stage.kafka.child.ask_to_stop(),
    Kind.BROKER_FREEZE: lambda stage, fault: stage.kafka.child.freeze(),
    Kind.BROKER_KILL: lambda stage, fault: stage.kafka.kill(),
    Kind.MONGO_KILL: lambda stage, fault: stage.mongod.kill(),
    Kind.MONGO_FREEZE: lambda stage, fault: stage.mongod.child.freeze(),
    Kind.DISK_FULL: _fill_disk,
    Kind.OUTSIDE: _disturb_outside,
}

_MEND: dict[Kind, Act] = {
    Kind.KILL: _nothing,
    Kind.FREEZE: _thaw,
    Kind.CLOCK: _set_clock_right,
    Kind.BROKER_STOP: _restart_kafka,
    Kind.BROKER_FREEZE: lambda stage, fault: stage.kafka.child.thaw(),
    Kind.BROKER_KILL: _restart_kafka,
    Kind.MONGO_KILL: _restart_mongod,
    Kind.MONGO_FREEZE: lambda stage, fault: stage.mongod.child.thaw(),
    Kind.DISK_FULL: _empty_disk,
    Kind.OUTSIDE: _calm_outside,
}
