"""Logs are lines of JSON that lead from cause to effect and hold nobody's contact data."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError
from pymongo.errors import DuplicateKeyError

from chassis.runtime.logging import configure_logging, in_chain, redact_contacts


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Iterator[Lines]:
    handlers, level = logging.getLogger().handlers, logging.getLogger().level
    configure_logging("members", "web")
    yield Lines(capsys)
    structlog.reset_defaults()
    in_chain()
    logging.getLogger().handlers = handlers
    logging.getLogger().setLevel(level)


class Lines:
    def __init__(self, captured: pytest.CaptureFixture[str]) -> None:
        self._captured = captured

    def __call__(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._captured.readouterr().out.splitlines()]


def test_a_line_names_its_service_process_time_level_and_chain(lines: Lines) -> None:
    in_chain(correlation_id="0190a1b2-0000-7000-8000-00000000cafe")
    structlog.get_logger().warning("lag", topic="members.people.v1", seconds=3)
    (line,) = lines()
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "lag",
        "level": "warning",
        "service": "members",
        "process": "web",
        "correlation_id": "0190a1b2-0000-7000-8000-00000000cafe",
        "topic": "members.people.v1",
        "seconds": 3,
    }


def test_what_libraries_log_comes_out_the_same_way(lines: Lines) -> None:
    logging.getLogger("some.library").warning("slow: %s ms", 40)
    (line,) = lines()
    assert (line["event"], line["logger"], line["service"]) == ("slow: 40 ms", "some.library", "members")


def test_an_exception_is_told_by_kind_and_place(lines: Lines) -> None:
    try:
        try:
            raise KeyError("inner")
        except KeyError as error:
            raise RuntimeError("outer") from error
    except RuntimeError as error:
        structlog.get_logger().error("broken", exc_info=error)
    (line,) = lines()
    assert [(each["type"], each["said"]) for each in line["exception"]] == [
        ("RuntimeError", "outer"),
        ("KeyError", "'inner'"),
    ]
    assert "test_logging.py" in line["exception"][0]["at"][-1]


def test_an_exception_that_quotes_documents_is_told_without_its_quotes(lines: Lines) -> None:
    class Person(BaseModel):
        age: int

    try:
        Person.model_validate({"age": "Nguyễn Thị Hoà"})
    except ValidationError as error:
        structlog.get_logger().error("unreadable", exc_info=error)
    duplicate = DuplicateKeyError('dup key: { name: "Nguyễn Thị Hoà" }', 11000)
    structlog.get_logger().error("duplicate", exc_info=duplicate)
    first, second = lines()
    assert first["exception"][0]["said"] == "age: int_parsing"
    assert second["exception"][0]["said"] == "code 11000"
    assert "Hoà" not in json.dumps([first, second], ensure_ascii=False)


@pytest.mark.parametrize(
    "contact",
    [
        "0912345678",
        "0912 345 678",
        "0912.345.678",
        "0912-345-678",
        "+84912345678",
        "+84 912 345 678",
        "84912345678",
        "0084912345678",
        "01212345678",
        "02353650236",
        "hoa.nguyen@gmail.com",
        "HOA+doan@mail.example.vn",
    ],
)
def test_whatever_looks_like_a_way_to_reach_someone_is_taken_out(contact: str, lines: Lines) -> None:
    structlog.get_logger().info(
        f"to {contact}.", to=contact, deep={"list": [f"<{contact}>"], contact: 1}, error=ValueError(contact)
    )
    structlog.get_logger().error("failed", exc_info=ValueError(f"no such number {contact}"))
    assert contact not in json.dumps(lines())


@pytest.mark.parametrize(
    "harmless",
    [
        "0190a1b2-0000-7000-8000-000000000001",
        "01a20ede-a2d2-728a-b68c-024877010061",
        "2026-03-26T12:30:00.123456Z",
        "4bf92f3577b34da6a3ce929d0e0e4736",
        "members.people.v1:3:1207",
        "127.0.0.1:8101",
    ],
)
def test_ids_times_and_places_are_left_as_they_are(harmless: str) -> None:
    assert redact_contacts(None, "info", {"event": harmless}) == {"event": harmless}


@given(st.from_regex(r"(\+84|0)[35789][0-9]{8}", fullmatch=True), st.text(alphabet="abc ,;(", max_size=5))
def test_no_mobile_number_survives_in_running_text(number: str, around: str) -> None:
    said = redact_contacts(None, "info", {"event": f"{around} {number}{around and ' ' + around}"})["event"]
    assert number not in said


def test_lines_of_many_threads_come_out_whole_and_at_once_in_a_file(
    lines: Lines, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = structlog.get_logger("t")
    with (tmp_path / "log").open("a") as out:
        monkeypatch.setattr("sys.stdout", out)
        threads = [
            threading.Thread(target=lambda: [log.info("said", text="x" * 300) for _ in range(200)]) for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        written = (tmp_path / "log").read_bytes().splitlines()  # before the file is closed
    assert [json.loads(line)["event"] for line in written] == ["said"] * 1_600
    assert lines() == []
