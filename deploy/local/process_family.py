"""Child processes of which none outlives this one."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO

from deploy.local.watcher import MARKER_VARIABLE, end_family

LEASH = Path(__file__).with_name("leash.py")
WATCHER = Path(__file__).with_name("watcher.py")
WATCHER_GRACE_SECONDS = 8.0
LARGEST_LOG_BYTES = 20_000_000


class ChildProcess:
    """A program in a process group of its own; signals reach its own children too."""

    def __init__(self, name: str, process: subprocess.Popen[bytes], log: Path) -> None:
        self.name = name
        self.log = log
        self._process = process

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative when a signal ended it."""
        return self._process.poll()

    @property
    def is_running(self) -> bool:
        return self.exit_code is None

    def ask_to_stop(self) -> None:
        """SIGTERM to the program alone: it tells its own children in its own order."""
        if self.is_running:
            self._process.terminate()

    def wait(self, seconds: float) -> bool:
        """Whether it ended within `seconds`."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def stop(self, seconds: float) -> None:
        """SIGTERM, and SIGKILL to the whole group when it is still there after `seconds`."""
        self.ask_to_stop()
        self.wait(seconds)
        self.kill()

    def kill(self) -> None:
        """SIGKILL to the whole group, and wait."""
        self._signal_group(signal.SIGKILL)
        self._process.wait()

    def freeze(self) -> None:
        """SIGSTOP: it holds its connections and answers nothing, as a paused machine does."""
        self._signal_group(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal_group(signal.SIGCONT)

    def log_tail(self, lines: int = 20) -> str:
        try:
            return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])
        except FileNotFoundError:
            return ""

    def _signal_group(self, number: signal.Signals) -> None:
        try:
            os.killpg(self._process.pid, number)
        except ProcessLookupError:
            pass


class ProcessFamily:
    """Starts child processes and sees to it that all of them end with this process.

    Three nets, one below the other: `close()` (also at the end of a `with`), the kernel's signal at the
    parent's death, and a watcher in its own session that clears up what is left, grandchildren included,
    when this process was ended by SIGKILL. The kernel's signal follows the *thread* that starts a
    child: start children from one that lives as long as they should.
    """

    def __init__(self, log_directory: Path, held_until_all_ended: IO[str] | None = None) -> None:
        """`held_until_all_ended` is a locked file that the watcher inherits, so that the lock ends with
        the last child instead of with this process."""
        self._log_directory = log_directory
        self._held = held_until_all_ended
        self._marker = uuid.uuid4().hex
        self._children: list[ChildProcess] = []
        self._watcher: subprocess.Popen[bytes] | None = None
        log_directory.mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> ProcessFamily:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(
        self,
        name: str,
        command: Sequence[str | Path],
        environment: Mapping[str, str] | None = None,
        directory: Path | None = None,
    ) -> ChildProcess:
        """Starts `command` with its output appended to `<log directory>/<name>.log`.

        `environment` replaces this process's own, when given."""
        self.keep_watched()
        log = self._log_directory / f"{name}.log"
        shorten_log(log)
        own = os.environ if environment is None else environment
        with log.open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, "-I", "-S", str(LEASH), str(os.getpid()), *map(str, command)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**own, MARKER_VARIABLE: self._marker},
                cwd=directory,
                start_new_session=True,  # the terminal's Ctrl-C reaches this process only
            )
        child = ChildProcess(name, process, log)
        self._children = [other for other in self._children if other.is_running] + [child]
        return child

    def keep_watched(self) -> None:
        """Starts the watcher, or another one where somebody ended it."""
        if self._watcher is None or self._watcher.poll() is not None:
            if self._watcher is not None and self._watcher.stdin is not None:
                self._watcher.stdin.close()
            self._watcher = subprocess.Popen(
                [sys.executable, "-I", "-S", str(WATCHER), self._marker, str(WATCHER_GRACE_SECONDS)],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                pass_fds=() if self._held is None else (self._held.fileno(),),
            )

    def close(self, seconds: float = 10.0) -> None:
        """Ends every child still running, the last started first, and whatever they left behind."""
        for child in reversed(self._children):
            child.stop(seconds)
        self._children.clear()
        end_family(self._marker, grace=2.0)
        if self._watcher is not None and self._watcher.stdin is not None:
            self._watcher.stdin.close()
            self._watcher.wait()
            self._watcher = None


def shorten_log(log: Path, largest_bytes: int = LARGEST_LOG_BYTES) -> None:
    """Moves a log's content to `<log>.1` when it has grown too large.

    It copies and truncates, since a running process has the file open (in append mode)."""
    if log.exists() and log.stat().st_size > largest_bytes:
        shutil.copyfile(log, log.with_name(log.name + ".1"))
        os.truncate(log, 0)
