"""How tasks and concerns go on, step by step: who takes a step, what it is called, what may come after it. And how one
answers an SMS."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

TASK_STEPS: Mapping[str, tuple[str, str, tuple[str, ...]]] = {
    "acknowledge": ("member", "acknowledged", ("complete",)),
    "complete": ("member", "completed", ("accept", "return")),
    "accept": ("secretary", "accepted", ("accept",)),
    "return": ("secretary", "returned", ("complete",)),
}
"""Step → who takes it, what is told of it, what may come next. A second `accept` is refused, as it must be."""

CONCERN_STEPS: Mapping[str, tuple[str, str, str, tuple[str, ...]]] = {
    "classify": ("secretary", "classified", "classify", ("start", "answer", "escalate")),
    "escalate": ("secretary", "escalated", "escalate", ("start", "answer")),
    "start": ("secretary", "taken up", "start", ("answer", "escalate")),
    "answer": ("secretary", "answered", "answer", ("confirm", "dispute")),
    "confirm": ("branch_secretary", "confirmed", "confirm", ("close",)),
    "dispute": ("branch_secretary", "disputed", "confirm", ("start", "answer")),
    "close": ("secretary", "closed", "close", ("close",)),
}
"""Step → who takes it, the command's name, the verb of its path, what may come next. A second `close` is refused."""


def concern_body(step: str) -> Mapping[str, Any]:
    """What is said with a step of a concern."""
    said: dict[str, dict[str, Any]] = {
        "classify": {"category": "rights"},
        "escalate": {"to": "UBND xã", "expected_by": (datetime.now(UTC) + timedelta(days=20)).date()},
        "start": {"note": "Đang xem"},
        "answer": {"answer": "Sẽ chi"},
        "confirm": {"satisfied": True},
        "dispute": {"satisfied": False, "note": "Vẫn chưa nhận"},
        "close": {"note": "Đã xong"},
    }
    return said[step]


ASKS = re.compile(r"[Tt]ra loi (?:lai )?1(?: (?P<code>\w+))?:")
"""An SMS that asks for an answer, with a code where the phone has several open invitations."""


def answer_to(text: str, chance: random.Random) -> str:
    """What somebody writes back: mostly what he was asked for, now and then what nobody can read."""
    asked = ASKS.search(text)
    code = asked["code"] if asked is not None else None
    said = chance.choice(("1", "2", "1", "co a", "Khong"))
    return f"{said} {code}" if code and chance.random() < 0.9 else said
