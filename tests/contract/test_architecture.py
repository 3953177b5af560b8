"""Rules of the house that prose would forget."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SERVICES = ("members", "scheduling", "notifications")
ROOMS = ("domain", "application", "adapters", "web", "workers")


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def python_files(under: str) -> list[Path]:
    return sorted((ROOT / under).rglob("*.py"))


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_has_the_same_rooms(service: str) -> None:
    home = ROOT / "services" / service
    assert [room for room in ROOMS if not (home / room).is_dir()] == []
    assert [name for name in ("settings.py", "bootstrap.py", "__main__.py") if not (home / name).is_file()] == []
    others = {path.name for path in home.iterdir() if path.is_dir()} - {*ROOMS, "__pycache__", "templates"}
    assert others == set()


def test_nothing_is_named_for_nothing() -> None:
    empty_names = {"common", "utils", "util", "core", "helpers", "helper", "manager", "managers", "misc"}
    assert [path for path in tracked() if path.stem in empty_names or path.parent.name in empty_names] == []


def test_no_tracked_file_names_a_package_host_or_a_path_of_some_machine() -> None:
    # Put together here, so that this file does not name them either.
    hosts = ["py" + r"pi\.org", "python" + "hosted", "registry" + r"\.npmjs", r"repo1?\." + "maven", "/work/" + "main"]
    wanted = re.compile("|".join(hosts))
    found = []
    for path in tracked():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        if wanted.search(text):
            found.append(path)
    assert found == []


@pytest.mark.parametrize("service", SERVICES)
def test_domain_knows_no_clock_and_gives_no_ids(service: str) -> None:
    forbidden = {"now", "utcnow", "today", "time", "uuid4", "uuid7", "monotonic", "urandom"}
    calls = []
    for path in python_files(f"services/{service}/domain"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in forbidden:
                owner = node.func.value
                if isinstance(owner, ast.Name) and owner.id in {"datetime", "date", "time", "uuid", "uuid6", "os"}:
                    calls.append(f"{path.name}:{node.lineno}")
    assert calls == []


@pytest.mark.parametrize("service", SERVICES)
def test_use_cases_commit_nothing_themselves(service: str) -> None:
    """They return what is to change, so that the idempotency or inbox row is committed with it."""
    commits = [
        f"{path.name}:{node.lineno}"
        for path in python_files(f"services/{service}/application")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "commit"
    ]
    assert commits == []
