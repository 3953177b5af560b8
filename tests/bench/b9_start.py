"""B9: from `make run` with cached packages to every process ready; and an import of 20,000 rows from upload to told."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import urllib3
import xlsxwriter

from deploy.local.ports import free_port
from deploy.local.process_family import ProcessFamily
from deploy.local.processes import ServiceProcess
from deploy.local.run import STATE
from deploy.local.system import REPOSITORY, LocalSystem, free_ports
from tests.bench.district import BRANCHES_PER_COMMUNE, name_of
from tests.bench.edge import wait_ready
from tests.bench.figures import Figure, Findings
from tests.bench.ground import Ground, bench_ground
from tests.bench.metering import Meter
from tests.support.eventually import eventually

TITLE = "start, and an import of 20,000 rows"
READY_SECONDS, IMPORT_SECONDS = 30.0, 60.0
HEADING = ("STT", "Họ và tên", "Ngày sinh", "SĐT", "Chi đoàn", "Đối tượng")


def run(small: bool) -> Findings:
    findings = Findings("b9", TITLE)
    with bench_ground() as ground:
        if not small:
            start = _start(ground)
            findings.figures.append(start)
            findings.at_most("make run to ready", start.seconds, READY_SECONDS, "s")
        preview, whole = _imported(ground, 200 if small else 20_000)
    findings.figures += [preview, whole]
    findings.at_most("import, uploaded to taken over", whole.seconds, IMPORT_SECONDS, "s")
    return findings


def _start(ground: Ground) -> Figure:
    """`make run` without the demo's month: what it adds is a month of work, not a start."""
    state = ground.directory / "state"
    state.mkdir()
    (state / "cache").symlink_to(STATE / "cache")
    names = ("MEMBERS_PORT", "SCHEDULING_PORT", "NOTIFICATIONS_PORT", "RECEIVE_PORT", "INBOX_PORT", "SMTP_PORT")
    environment = {**ground.base_environment(), **{name: str(free_port()) for name in names}}
    command = [sys.executable, "-m", "deploy.local", "--state", str(state), "run", "--without-demo"]
    log = (ground.directory / "make-run.log").open("w+")
    began = time.monotonic()
    with log, subprocess.Popen(command, env=environment, cwd=REPOSITORY, stdout=log, stderr=log) as process:
        meter = Meter({"make run": [process.pid]})
        try:
            with meter.reading("make run to ready, packages cached") as reading:
                eventually(lambda: _says_ready(Path(log.name), process), within=120, pause=0.1)
                reading.seconds = time.monotonic() - began
                reading.count = 1
        finally:
            process.terminate()
            process.wait(40)
    return reading.figure()


def _says_ready(log: Path, process: subprocess.Popen[bytes]) -> bool:
    said = log.read_text(encoding="utf-8", errors="replace")
    assert process.poll() is None, said[-500:]
    return re.search(r"\d+ processes are ready", said) is not None


@contextmanager
def _members(ground: Ground) -> Iterator[tuple[LocalSystem, Meter]]:
    """members as its own processes, founded."""
    with ProcessFamily(ground.directory / "log") as family:
        ports = free_ports()
        system = LocalSystem(family, ground.namespace, ports, ground.directory / "system")
        meter = ground.meter()
        migrate = ServiceProcess("members", "migrate")
        command = [sys.executable, "-m", "members"]
        child = family.start("migrate", [*command, "migrate"], system.environment(migrate), REPOSITORY)
        assert child.wait(60), child.log_tail()
        assert child.exit_code == 0, child.log_tail()
        for name in ("web", "timers", "relay"):
            process = ServiceProcess("members", name)
            environment = {**system.environment(process), "LOG_LEVEL": "WARNING"}
            meter.add("members", family.start(process.name, [*command, name], environment, REPOSITORY).pid)
        wait_ready(f"{system.urls.members}/livez")
        yield system, meter


def _imported(ground: Ground, rows: int) -> tuple[Figure, Figure]:
    """The preview, and everything from the upload to the last person taken over."""
    with _members(ground) as (system, meter), urllib3.PoolManager(retries=False, timeout=120.0) as http:
        office = _Office(http, system.urls.members, system.urls.admin_account, system.urls.admin_password)
        commune = office.commune_with_branches()
        workbook = _workbook(rows)
        with meter.reading(f"import of {rows:,} rows") as whole:
            with meter.reading("preview of it") as preview:
                found = office.post_form("/v1/imports", {"unit_id": commune, "file": ("danh-sach.xlsx", workbook)})
                preview.count = rows
            office.post(f"/v1/imports/{found['id']}/confirm", {})
            eventually(lambda: office.get(f"/v1/imports/{found['id']}")["state"] == "done", within=240, pause=0.2)
            whole.count = rows
    return preview.figure(), whole.figure()


class _Office:
    """The administrator, signed in."""

    def __init__(self, http: urllib3.PoolManager, url: str, username: str, password: str) -> None:
        self._http, self._url = http, url
        fields = {"grant_type": "password", "username": username, "password": password}
        said = http.request("POST", f"{url}/v1/token", fields=fields, encode_multipart=False)
        assert said.status == 200, said.data
        self._token, self._keys = str(said.json()["access_token"]), 0

    def get(self, path: str) -> dict[str, Any]:
        return self._said(self._http.request("GET", self._url + path, headers=self._headers()))

    def post(self, path: str, body: Any) -> dict[str, Any]:
        headers = {**self._headers(), "Content-Type": "application/json"}
        return self._said(self._http.request("POST", self._url + path, body=json.dumps(body), headers=headers))

    def post_form(self, path: str, fields: Any) -> dict[str, Any]:
        return self._said(self._http.request("POST", self._url + path, fields=fields, headers=self._headers()))

    def commune_with_branches(self) -> str:
        root = next(unit["id"] for unit in self.get("/v1/units")["items"] if unit["kind"] == "province")
        unit = {"kind": "commune", "name": "Đoàn xã Nông Sơn", "parent_id": root, "starts": "2025-07-01"}
        commune = str(self.post("/v1/units", unit)["id"])
        for number in range(BRANCHES_PER_COMMUNE):
            branch = {"kind": "branch", "name": _branch(number), "parent_id": commune, "starts": "2025-07-01"}
            self.post("/v1/units", branch)
        return commune

    def _headers(self) -> dict[str, str]:
        self._keys += 1
        return {"Authorization": f"Bearer {self._token}", "Idempotency-Key": f"bench-{self._keys}"}

    @staticmethod
    def _said(answer: urllib3.BaseHTTPResponse) -> dict[str, Any]:
        assert answer.status < 300, answer.data[:500]
        said: dict[str, Any] = answer.json()
        return said


def _branch(number: int) -> str:
    return f"Chi đoàn thôn {('Trung Hạ', 'Trung Thượng', 'Lộc Đông', 'Lộc Tây', 'Phước Hội', 'Mậu Long')[number]}"


def _workbook(rows: int) -> bytes:
    """A member list; everybody has a number of his own, so that nobody is taken for another."""
    written = io.BytesIO()
    with xlsxwriter.Workbook(written, {"in_memory": True, "strings_to_numbers": False}) as book:
        page = book.add_worksheet("Danh sách")
        page.write_row(0, 0, HEADING)
        for number in range(rows):
            birthday = f"{number % 28 + 1:02d}/{number // 28 % 12 + 1:02d}/{1995 + number // 336 % 12}"
            phone = f"090{number:07d}"
            line = (number + 1, name_of(number), birthday, phone, _branch(number % BRANCHES_PER_COMMUNE), "Đoàn viên")
            page.write_row(number + 1, 0, line)
    return written.getvalue()
