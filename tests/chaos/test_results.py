"""The judge of what was told of results sees what is missing, doubled, or not so."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.chaos.evidence import TopicRecord
from tests.chaos.results import TOPIC, judge

Told = dict[str, Any]


def row(id: str, state: str, *, version: int = 4, reason: str | None = None) -> dict[str, Any]:
    about = {"about": "m-1", "channel": "sms", "person_id": f"p-{id}"}
    return {"_id": id, **about, "state": state, "reason": reason, "version": version, "parts": 1, "price_vnd": 850}


def delivered(id: str, *, version: int = 4, price_vnd: int = 850) -> Told:
    return {"message_id": id, "person_id": f"p-{id}", "version": version, "parts": 1, "price_vnd": price_vnd}


def failed(id: str, *, version: int = 4, reason: str = "not_delivered") -> Told:
    return {"message_id": id, "person_id": f"p-{id}", "version": version, "reason": reason}


def record(*messages: Told, id: str = "e-1", about: str = "m-1") -> TopicRecord:
    kind = "failed" if "reason" in messages[0] else "delivered"
    headers = {"ce_id": id, "ce_type": f"vn.nhipdoan.notifications.messages.{kind}.v1", "ce_sequence": "1"}
    value = json.dumps({"about": about, "channel": "sms", "messages": messages}).encode()
    return TopicRecord(TOPIC, 0, 0, f"group-{id}", headers, value)


def test_groups_that_say_what_is_stored_are_sound_in_whatever_order_and_however_often_they_lie_there() -> None:
    rows = [
        row("a", "delivered"),
        row("b", "delivered", version=5),
        row("c", "failed", reason="not_delivered"),
        row("d", "accepted"),
        row("e", "skipped", reason="too_old"),
        row("f", "stopped", reason="cancelled"),
    ]
    late, early = record(delivered("a"), delivered("b", version=5)), record(failed("b"), failed("c"), id="e-2")
    finding = judge(rows, [late, early, late])
    assert (finding.checked, finding.broken) == (6, [])


@pytest.mark.parametrize(
    ("stored", "told"),
    [
        pytest.param(row("a", "delivered"), [], id="missing"),
        pytest.param(row("a", "expired", reason="expired"), [], id="missing failure"),
        pytest.param(row("a", "delivered"), [record(delivered("a")), record(delivered("a"), id="e-2")], id="twice"),
        pytest.param(row("a", "delivered"), [record(delivered("a"), delivered("a"))], id="twice in one group"),
        pytest.param(
            row("a", "delivered", version=5),
            [record(delivered("a")), record(delivered("a", version=5), id="e-2")],
            id="twice under two versions",
        ),
        pytest.param(row("a", "accepted"), [record(delivered("a"))], id="not so"),
        pytest.param(row("a", "delivered"), [record(failed("a"))], id="only the failure before"),
        pytest.param(
            row("a", "delivered"), [record(failed("a")), record(delivered("a", version=3), id="e-2")], id="order"
        ),
        pytest.param(row("a", "delivered", version=3), [record(delivered("a"))], id="newer than what is stored"),
        pytest.param(row("a", "delivered"), [record(delivered("a", price_vnd=1))], id="another price"),
        pytest.param(row("a", "delivered"), [record(delivered("a"), about="m-2")], id="another meeting"),
        pytest.param(row("a", "failed", reason="bad_number"), [record(failed("a"))], id="another reason"),
        pytest.param(
            row("a", "skipped", reason="too_old"), [record(failed("a", reason="too_old"))], id="said to nobody"
        ),
        pytest.param(row("a", "delivered"), [record(delivered("a"), delivered("z"))], id="nothing like it is stored"),
    ],
)
def test_what_is_wrong_is_seen(stored: dict[str, Any], told: list[TopicRecord]) -> None:
    assert judge([stored], told).broken
