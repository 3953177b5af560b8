"""Processes of local running: none outlives its supervisor, none stays down, none is left unnamed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from deploy.local.process_family import ProcessFamily
from deploy.local.supervisor import Program, Supervisor
from tests.support.eventually import eventually

REPOSITORY = Path(__file__).parents[2]

# A program with two children, as gunicorn has workers; each writes down its id. With "deaf" they heed no SIGTERM.
WITH_CHILDREN = """
import os, signal, sys, time
if "deaf" in sys.argv:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
for _ in range(2):
    if os.fork() == 0:
        break
open(os.path.join(sys.argv[1], str(os.getpid())), "w").close()
time.sleep(600)
"""

SUPERVISOR = """
import signal, sys, time
from pathlib import Path
from deploy.local.process_family import ProcessFamily
from deploy.local.supervisor import Program, Supervisor
signal.signal(signal.SIGINT, signal.default_int_handler)  # also where the tests run in the background of a shell
directory, program = Path(sys.argv[1]), sys.argv[2]
with ProcessFamily(directory / "log") as family:
    supervisor = Supervisor(family, print)
    for name, manner in (("one", "meek"), ("two", "deaf")):
        supervisor.start(Program(name, [sys.executable, "-c", program, directory / "pids", manner], {}))
    supervisor.supervise(until=lambda: False)
"""


@pytest.fixture
def family(tmp_path: Path) -> Iterator[ProcessFamily]:
    with ProcessFamily(tmp_path / "log") as own:
        yield own


def pids_in(directory: Path) -> list[int]:
    return [int(file.name) for file in directory.iterdir()]


def survivors(pids: list[int]) -> list[int]:
    return [pid for pid in pids if psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE]


def running_supervisor(tmp_path: Path) -> tuple[subprocess.Popen[bytes], list[int]]:
    pids = tmp_path / "pids"
    pids.mkdir()
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    process = subprocess.Popen([sys.executable, "-c", SUPERVISOR, tmp_path, WITH_CHILDREN], env=environment)
    eventually(lambda: len(pids_in(pids)) == 6, because="two programs with two children each")
    return process, pids_in(pids)


def test_no_process_outlives_a_supervisor_that_was_killed(tmp_path: Path) -> None:
    supervisor, pids = running_supervisor(tmp_path)
    assert len(survivors(pids)) == 6
    supervisor.kill()
    supervisor.wait()
    eventually(lambda: not survivors(pids), within=20)


def test_no_process_outlives_a_killed_supervisor_whose_watcher_was_killed_before(tmp_path: Path) -> None:
    supervisor, pids = running_supervisor(tmp_path)
    watcher = next(one for one in psutil.Process(supervisor.pid).children() if "watcher.py" in " ".join(one.cmdline()))
    watcher.kill()
    eventually(
        lambda: [
            one
            for one in psutil.Process(supervisor.pid).children()
            if one.pid != watcher.pid and "watcher.py" in " ".join(one.cmdline())
        ],
        because="the supervisor starts another watcher",
    )
    supervisor.kill()
    supervisor.wait()
    eventually(lambda: not survivors(pids), within=20)


def test_ctrl_c_ends_everything(tmp_path: Path) -> None:
    supervisor, pids = running_supervisor(tmp_path)
    supervisor.send_signal(signal.SIGINT)
    supervisor.wait(timeout=30)
    eventually(lambda: not survivors(pids), within=1, because="the kernel ends them one by one")


def test_a_program_that_ends_unexpectedly_starts_again_ever_later(family: ProcessFamily, tmp_path: Path) -> None:
    told: list[str] = []
    supervisor = Supervisor(family, told.append)
    started = tmp_path / "started"
    script = f"import time; open({str(started)!r}, 'a').write(f'{{time.time()}}\\n'); raise SystemExit(3)"
    supervisor.start(Program("fragile", [sys.executable, "-c", script], {}))

    def has_restarted_twice() -> bool:
        supervisor.look_once()
        return supervisor.programs["fragile"].restarts == 2

    eventually(has_restarted_twice, within=10)
    eventually(lambda: len(started.read_text().splitlines()) == 3)
    first, second, third = map(float, started.read_text().splitlines())
    assert third - second > second - first
    assert "fragile ended unexpectedly (exit code 3)" in told[0]


def test_a_program_that_was_stopped_stays_stopped(family: ProcessFamily) -> None:
    told: list[str] = []
    supervisor = Supervisor(family, told.append)
    child = supervisor.start(Program("steady", [sys.executable, "-c", "import time; time.sleep(600)"], {}))
    supervisor.stop("steady")
    supervisor.look_once()
    assert not child.is_running
    assert told == []


def test_what_heeds_no_sigterm_is_killed_after_the_grace(family: ProcessFamily, tmp_path: Path) -> None:
    (tmp_path / "pids").mkdir()
    supervisor = Supervisor(family, lambda sentence: None)
    supervisor.start(Program("deaf", [sys.executable, "-c", WITH_CHILDREN, tmp_path / "pids", "deaf"], {}))
    eventually(lambda: len(pids_in(tmp_path / "pids")) == 3)
    began = time.monotonic()
    supervisor.stop_all(grace=0.5)
    assert 0.4 < time.monotonic() - began < 5
    eventually(lambda: not survivors(pids_in(tmp_path / "pids")), within=1, because="the kernel ends them one by one")


def test_a_frozen_program_is_there_but_does_nothing_until_it_thaws(family: ProcessFamily, tmp_path: Path) -> None:
    beats = tmp_path / "beats"
    script = f"import time\nwhile True:\n open({str(beats)!r}, 'a').write('.'); time.sleep(0.01)"
    child = family.start("beating", [sys.executable, "-c", script], {})
    eventually(beats.exists)
    child.freeze()
    eventually(lambda: psutil.Process(child.pid).status() == psutil.STATUS_STOPPED)
    size = beats.stat().st_size
    child.thaw()
    eventually(lambda: beats.stat().st_size > size)


def test_a_child_gets_the_given_environment_and_writes_to_the_log_of_its_name(family: ProcessFamily) -> None:
    script = "import json, os; print(json.dumps(sorted(os.environ)))"
    child = family.start("talker", [sys.executable, "-I", "-c", script], {"ONLY": "this"})
    assert child.wait(10)
    assert child.log.name == "talker.log"
    names = set(json.loads(child.log.read_text()))
    assert names - {"LC_CTYPE"} == {"ONLY", "NHIPDOAN_FAMILY"}
