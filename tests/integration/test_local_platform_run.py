"""`make run` as a person uses it: up, killed, up again with its data, stopped."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
import urllib3

from deploy.local.ports import free_port
from deploy.local.processes import PROCESSES
from deploy.local.watcher import family_of
from tests.support.eventually import eventually
from tests.support.inbox_client import InboxClient
from tests.support.platform import JAR_CACHE

pytestmark = [pytest.mark.embedded, pytest.mark.timeout(600)]

REPOSITORY = Path(__file__).parents[2]
PORT_VARIABLES = ("MEMBERS_PORT", "SCHEDULING_PORT", "NOTIFICATIONS_PORT", "RECEIVE_PORT", "INBOX_PORT", "SMTP_PORT")


class Run:
    """One start of the system; its output so far, and the processes it has started."""

    def __init__(self, state: Path, ports: dict[str, str], output: Path) -> None:
        self.output = output
        with output.open("w") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "deploy.local", "--state", state, "run", "--without-demo"],
                env={**os.environ, "PYTHONPATH": "services:.", **ports},
                cwd=REPOSITORY,
                stdout=file,
                stderr=subprocess.STDOUT,
            )

    def text(self) -> str:
        return self.output.read_text(encoding="utf-8")

    def wait_for_the_table(self) -> None:
        def is_up() -> bool:
            assert self.process.poll() is None, self.text()
            return "╰" in self.text()

        eventually(is_up, within=240, because="the system is up")

    def marker(self) -> str:
        """What the environment of everything it started holds."""
        for child in psutil.Process(self.process.pid).children():
            found = child.environ().get("NHIPDOAN_FAMILY")
            if found:
                return found
        raise AssertionError("it has no children")

    def password(self) -> str:
        found = re.search(r"quantri / (\S+)", self.text())
        assert found is not None
        return found.group(1)


def test_run_is_killed_goes_on_with_its_data_and_stops_without_a_trace(tmp_path: Path) -> None:
    JAR_CACHE.mkdir(parents=True, exist_ok=True)  # this may be the first test that a new machine runs
    (tmp_path / "cache").symlink_to(JAR_CACHE)
    ports = {name: str(free_port()) for name in PORT_VARIABLES}
    inbox = InboxClient(f"http://127.0.0.1:{ports['INBOX_PORT']}")
    http = urllib3.PoolManager(retries=False, timeout=10)

    first = Run(tmp_path, ports, tmp_path / "first.out")
    first.wait_for_the_table()
    for name in PORT_VARIABLES[:3]:
        assert f"http://127.0.0.1:{ports[name]}/openapi" in first.text()
        assert http.request("GET", f"http://127.0.0.1:{ports[name]}/readyz").status == 200
    inbox.name_people({"+84912345678": "Nguyễn Thị Hà"})
    marker = first.marker()
    assert len(family_of(marker)) > len(PROCESSES) + 2  # the sinks, Kafka and mongod too

    first.process.kill()
    first.process.wait()
    eventually(lambda: not family_of(marker), within=30, because="nothing outlives the supervisor")

    second = Run(tmp_path, ports, tmp_path / "second.out")
    second.wait_for_the_table()
    assert second.password() == first.password()
    assert http.request("GET", f"{inbox.url}/api/people").json() == {"+84912345678": "Nguyễn Thị Hà"}
    marker = second.marker()
    second.process.send_signal(signal.SIGTERM)
    assert second.process.wait(timeout=60) == 0
    assert family_of(marker) == []
    assert second.text().rstrip().endswith("Everything has stopped")
    inbox.close()
    http.clear()
