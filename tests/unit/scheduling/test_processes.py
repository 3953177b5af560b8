"""The command line: which processes there are, and one clear sentence where something is wrong."""

from __future__ import annotations

import pytest

from chassis.messaging.handlers import Projection
from contracts.catalogue import topics
from scheduling.__main__ import COMMAND_LINE
from scheduling.workers.handlers import HANDLERS, READ_MODEL_TOPICS


def test_a_missing_setting_is_named(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MONGODB_URI", raising=False)
    monkeypatch.delenv("MONGODB_DATABASE", raising=False)
    assert COMMAND_LINE.run(["web"]) == 2
    assert "MONGODB_URI" in capsys.readouterr().err


def test_what_is_read_and_written_is_what_the_list_of_topics_allows() -> None:
    readable = {topic.name for topic in topics().values() if "scheduling" in topic.readers}
    handled = {str((one.state if isinstance(one, Projection) else one.event).TOPIC) for one in HANDLERS}
    assert handled == readable
    assert readable - READ_MODEL_TOPICS == {"notifications.events.v1"}
