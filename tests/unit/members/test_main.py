"""`python -m members …`: what is wrong with its environment is one clear line."""

from __future__ import annotations

import pytest

from members.__main__ import COMMAND_LINE


def test_a_missing_variable_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("MONGODB_URI", "MONGODB_DATABASE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KEY_ENCRYPTION_SECRET", "too short")
    assert COMMAND_LINE.run(["web"]) == 2
    said = capsys.readouterr().err
    assert "environment variable MONGODB_URI" in said
    assert "environment variable KEY_ENCRYPTION_SECRET" in said
    assert "too short" not in said
