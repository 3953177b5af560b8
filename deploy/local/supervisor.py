"""Keeps processes running: starts again what ends unexpectedly, and stops everything in order."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.local.process_family import ChildProcess, ProcessFamily, shorten_log

GRACE_SECONDS = 25.0
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 15.0
SETTLED_AFTER_SECONDS = 30.0
ROUND_SECONDS = 0.2


@dataclass(frozen=True)
class Program:
    """What to start and how it may be asked whether it is ready (an URL, or None)."""

    name: str
    command: Sequence[str | Path]
    environment: Mapping[str, str]
    readiness_url: str | None = None
    directory: Path | None = None


class Supervised:
    """A program with its present process, and how often it had to be started again."""

    def __init__(self, program: Program, child: ChildProcess) -> None:
        self.program = program
        self.child = child
        self.restarts = 0
        self.is_wanted = True
        self._started_at = time.monotonic()
        self._pause = FIRST_PAUSE_SECONDS
        self._due_at: float | None = None

    def plan_restart(self) -> float:
        """Seconds until the next start: growing while it keeps ending soon after each."""
        if time.monotonic() - self._started_at > SETTLED_AFTER_SECONDS:
            self._pause = FIRST_PAUSE_SECONDS
        pause, self._pause = self._pause, min(self._pause * 2, LONGEST_PAUSE_SECONDS)
        self._due_at = time.monotonic() + pause
        return pause

    @property
    def is_restart_planned(self) -> bool:
        return self._due_at is not None

    @property
    def is_restart_due(self) -> bool:
        return self._due_at is not None and time.monotonic() >= self._due_at

    def restarted(self, child: ChildProcess) -> None:
        self.child = child
        self.restarts += 1
        self._started_at = time.monotonic()
        self._due_at = None


class Supervisor:
    """Runs programs in a process family. All calls from one thread, the one that started it."""

    def __init__(self, family: ProcessFamily, tell: Callable[[str], None]) -> None:
        """`tell` gets a sentence for each unexpected end."""
        self._family = family
        self._tell = tell
        self.programs: dict[str, Supervised] = {}

    def start(self, program: Program) -> ChildProcess:
        child = self._start(program)
        self.programs[program.name] = Supervised(program, child)
        return child

    def supervise(self, until: Callable[[], bool]) -> None:
        """Watches over the programs until `until()` says so."""
        while not until():
            self.look_once()
            time.sleep(ROUND_SECONDS)  # the supervisor's beat

    def look_once(self) -> None:
        """One round: notices what has ended, and starts what is due."""
        self._family.keep_watched()
        for supervised in self.programs.values():
            child = supervised.child
            if child.is_running or not supervised.is_wanted:
                shorten_log(child.log)
            elif supervised.is_restart_due:
                supervised.restarted(self._start(supervised.program))
            elif not supervised.is_restart_planned:
                pause = supervised.plan_restart()
                self._tell(
                    f"{supervised.program.name} ended unexpectedly (exit code {child.exit_code}); "
                    f"it starts again in {pause:g} s. Log: {child.log}"
                )

    def stop(self, name: str) -> None:
        """Stops one program in order; it is not started again."""
        supervised = self.programs[name]
        supervised.is_wanted = False
        supervised.child.stop(GRACE_SECONDS)

    def stop_all(self, grace: float = GRACE_SECONDS, is_hurried: Callable[[], bool] = lambda: False) -> None:
        """SIGTERM to all at once, SIGKILL to those still there after `grace` seconds or when hurried."""
        children = [supervised.child for supervised in self.programs.values()]
        for supervised in self.programs.values():
            supervised.is_wanted = False
            supervised.child.ask_to_stop()
        deadline = time.monotonic() + grace
        while any(child.is_running for child in children) and time.monotonic() < deadline and not is_hurried():
            time.sleep(0.05)  # several children at once: none can be waited for alone
        for child in children:
            child.kill()

    def _start(self, program: Program) -> ChildProcess:
        return self._family.start(program.name, program.command, program.environment, program.directory)
