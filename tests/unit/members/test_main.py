"""`python -m members …`: what is wrong with a call or its environment is one clear line."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from chassis.failures import Refusal
from chassis.messaging.cloudevents import Record
from chassis.messaging.dead_letters import DEAD_LETTERS, dead_letter
from chassis.storage.changes import Changes
from chassis.storage.memory import MemoryStore
from members.__main__ import PROCESSES, main
from members.workers.dead_letters import dead_letters

NOW = datetime(2026, 11, 20, tzinfo=UTC)


def test_the_processes_are_the_ones_of_the_design() -> None:
    assert {"web", "relay", "consume", "timers", "migrate", "dead-letters"} == set(PROCESSES)


@pytest.mark.parametrize("arguments", [[], ["dance"]])
def test_a_wrong_call_is_told_how_to_call(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert "usage: python -m members web | relay" in capsys.readouterr().err


def test_a_missing_variable_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("MONGODB_URI", "MONGODB_DATABASE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KEY_ENCRYPTION_SECRET", "too short")
    assert main(["web"]) == 2
    said = capsys.readouterr().err
    assert "environment variable MONGODB_URI" in said
    assert "environment variable KEY_ENCRYPTION_SECRET" in said
    assert "too short" not in said


def test_dead_letters_are_listed_without_what_they_say_and_released() -> None:
    store = MemoryStore()
    record = Record("notifications.events.v1", 0, 7, b"k", (), b'{"phone":"+84590100101"}')
    store.commit(Changes().insert(DEAD_LETTERS, dead_letter(record, ValueError("no"), now=NOW)))
    (listed,) = dead_letters(store, ["list"], now=lambda: NOW)
    assert "notifications.events.v1:0:7" in listed
    assert "+84" not in listed
    assert any("+84" in line for line in dead_letters(store, ["show", "notifications.events.v1:0:7"], now=lambda: NOW))
    (released,) = dead_letters(store, ["release", "notifications.events.v1:0:7"], now=lambda: NOW)
    assert "released" in released
    with pytest.raises(Refusal):
        list(dead_letters(store, ["eat"], now=lambda: NOW))
