"""What is in the way of local running is said in one sentence, with a non-zero exit code."""

from __future__ import annotations

import hashlib
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from deploy.local import checks, kafka_distribution
from deploy.local.ports import free_port
from deploy.local.refusal import CannotStart

REPOSITORY = Path(__file__).parents[2]
PORT_VARIABLES = ("MEMBERS_PORT", "SCHEDULING_PORT", "NOTIFICATIONS_PORT", "RECEIVE_PORT", "INBOX_PORT", "SMTP_PORT")


def run_local(state: Path, command: str = "run", **settings: str) -> subprocess.CompletedProcess[str]:
    ports = {name: str(free_port()) for name in PORT_VARIABLES}
    return subprocess.run(
        [sys.executable, "-m", "deploy.local", "--state", state, command],
        env={**os.environ, "PYTHONPATH": "services:.", **ports, **settings},
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_port_in_use_is_named_with_the_variable_that_changes_it(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        outcome = run_local(tmp_path, SCHEDULING_PORT=str(port))
    assert outcome.returncode == 1
    assert outcome.stderr.strip() == (f"Port {port} is in use by another program; set SCHEDULING_PORT to a free port.")


@pytest.mark.parametrize("variable", ["INBOX_PORT", "KAFKA_PORT"])
def test_a_port_that_is_no_number_is_named(tmp_path: Path, variable: str) -> None:
    outcome = run_local(tmp_path, **{variable: "eighty"})
    assert outcome.returncode == 1
    assert outcome.stderr.strip() == f"{variable} is 'eighty', which is no port number."


@pytest.mark.parametrize("command", ["run", "reset"])
def test_a_second_start_from_the_same_folder_is_refused(tmp_path: Path, command: str) -> None:
    with checks.hold_lock(tmp_path / "run.lock"):
        outcome = run_local(tmp_path, command)
    assert outcome.returncode == 1
    assert outcome.stderr.strip().startswith("The system already runs from this folder")


def test_a_full_disk_is_named(tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match=r"Only \d+ MB are free on the disk of .*; 10000000000 MB are needed\."):
        checks.require_disk(tmp_path, least_bytes=10**16)


def test_reset_clears_data_and_logs_and_keeps_the_download(tmp_path: Path) -> None:
    for name in ("data/kafka", "log", "cache/kafka-4.3.1"):
        (tmp_path / name).mkdir(parents=True)
    assert run_local(tmp_path, "reset").returncode == 0
    assert {entry.name for entry in tmp_path.iterdir()} == {"cache", "run.lock"}


def test_without_network_the_first_run_says_so_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kafka_distribution, "_repositories", lambda: {"central": f"http://127.0.0.1:{free_port()}"})
    with pytest.raises(CannotStart, match=r"could not be downloaded .*: is the network there\?"):
        kafka_distribution.fetch(tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["kafka-4.3.1.lock"]


@contextmanager
def repository(content: bytes) -> Iterator[tuple[str, list[str]]]:
    """A server that has `content` under every address, and the addresses that were asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            is_jar = self.path.endswith(".jar")
            self.send_response(200 if is_jar else 404)
            self.send_header("Content-Length", str(len(content) if is_jar else 0))
            self.end_headers()
            if is_jar:
                asked.append(self.path)
                self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", asked
        finally:
            server.shutdown()
            thread.join()


def jar_list(directory: Path, content: bytes, count: int = 3) -> Path:
    digest = hashlib.sha256(content).hexdigest()
    file = directory / "jars.sha256"
    file.write_text("".join(f"{digest}  org.example:part-{number}:1.0\n" for number in range(count)))
    return file


def test_a_download_with_other_bytes_is_thrown_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = tmp_path / "cache"
    with repository(b"forged") as (url, _):
        monkeypatch.setattr(kafka_distribution, "_repositories", lambda: {"central": url})
        with pytest.raises(CannotStart, match=r"part-\d-1.0.jar was downloaded with other bytes"):
            kafka_distribution.fetch(cache, jar_list=jar_list(tmp_path, b"genuine"))
    assert not list(cache.glob("**/*.jar"))


def test_processes_that_need_the_download_at_once_make_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = jar_list(tmp_path, b"genuine")
    with repository(b"genuine") as (url, asked):
        monkeypatch.setattr(kafka_distribution, "_repositories", lambda: {"central": url})
        threads = [
            threading.Thread(target=kafka_distribution.fetch, args=(tmp_path / "cache", None, wanted)) for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(asked) == 3


def test_a_damaged_cache_is_fetched_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = jar_list(tmp_path, b"genuine")
    with repository(b"genuine") as (url, asked):
        monkeypatch.setattr(kafka_distribution, "_repositories", lambda: {"central": url})
        first, *_ = kafka_distribution.fetch(tmp_path / "cache", jar_list=wanted)
        first.write_bytes(b"genu")
        kafka_distribution.fetch(tmp_path / "cache", jar_list=wanted)
    assert first.read_bytes() == b"genuine"
    assert len(asked) == 6
