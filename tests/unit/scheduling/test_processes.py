"""The command line: which processes there are, and one clear sentence where something is wrong."""

from __future__ import annotations

import pytest

from chassis.failures import Malformed, Refusal
from chassis.messaging.cloudevents import Record
from chassis.messaging.dead_letters import DEAD_LETTERS, dead_letter
from chassis.messaging.handlers import Projection
from chassis.storage.memory import MemoryStore
from contracts.catalogue import topics
from scheduling.__main__ import PROCESSES, main
from scheduling.bootstrap import STATE_TOPICS
from scheduling.workers.dead_letters import dead_letters
from scheduling.workers.handlers import HANDLERS, READ_MODEL_TOPICS
from tests.unit.scheduling.commune import NOW


def test_a_wrong_call_names_the_processes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert main(["dance"]) == 2
    usage = capsys.readouterr().err
    assert [name for name in PROCESSES if name not in usage] == []


def test_a_missing_setting_is_named(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MONGODB_URI", raising=False)
    monkeypatch.delenv("MONGODB_DATABASE", raising=False)
    assert main(["web"]) == 2
    assert "MONGODB_URI" in capsys.readouterr().err


def test_what_is_read_and_written_is_what_the_list_of_topics_allows() -> None:
    readable = {topic.name for topic in topics().values() if "scheduling" in topic.readers}
    handled = {str((one.state if isinstance(one, Projection) else one.event).TOPIC) for one in HANDLERS}
    assert handled == readable
    assert readable - READ_MODEL_TOPICS == {"notifications.events.v1"}
    assert {"scheduling.concern-answers.v1"} == STATE_TOPICS


def test_an_operator_lists_shows_and_releases_dead_letters() -> None:
    store = MemoryStore()
    record = Record("members.people.v1", 3, 1207, b"k", (("ce_type", b"x.v1"),), b"{")
    store.project(DEAD_LETTERS, [dead_letter(record, Malformed("not JSON"), now=NOW)])

    def told(*arguments: str) -> list[str]:
        return list(dead_letters(store, arguments, now=lambda: NOW))

    (line,) = told("list")
    id = line.split()[0]
    assert "Malformed" in line
    assert told("show", id)[1] == "not JSON"
    assert "released" in told("release", id)[0]
    assert told("list") == []
    with pytest.raises(Refusal, match="not open"):
        told("release", id)
    with pytest.raises(Refusal, match="Usage"):
        told("burn")
