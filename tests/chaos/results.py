"""The statement about what notifications told of its deliveries, proved from the deliveries and the topic itself."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tests.chaos.evidence import TopicRecord
from tests.chaos.findings import Finding
from tests.chaos.proofs import Evidence

TOPIC = "notifications.events.v1"
_DELIVERED, _FAILED = (f"vn.nhipdoan.notifications.messages.{kind}.v1" for kind in ("delivered", "failed"))
_WILL_NOT_ARRIVE = ("failed", "skipped", "expired")
_SAID_TO_NOBODY = ("too_old", "was_not_told")
"""Whether it failed nobody knows, or there was nothing to tell in the first place."""

Row = Mapping[str, Any]


def told_as_they_are(evidence: Evidence) -> Finding:
    """Each result that ended a delivery is told, once, and the last word on each message is what is stored."""
    rows = evidence.stores.rows("notifications", "deliveries")
    return judge(rows, evidence.records[TOPIC])


def judge(rows: Iterable[Row], records: Sequence[TopicRecord]) -> Finding:
    finding = Finding("each final result told once, as it is; nothing else")
    told: dict[str, list[dict[str, Any]]] = defaultdict(list)
    groups = {one.id: one for one in records if one.type in (_DELIVERED, _FAILED)}  # a record may be there twice
    for record in groups.values():
        group = json.loads(record.value or b"{}")
        for message in group.pop("messages"):
            told[message["message_id"]].append({**group, **message, "type": record.type, "group": record.id})
    stored = {row["_id"]: row for row in rows}
    for id in stored.keys() | told.keys():
        finding.look(not (wrong := _wrong(stored.get(id), told.get(id, []))), f"message {id}: {wrong}")
    finding.note = f"{sum(map(len, told.values()))} results in {len(groups)} groups"
    return finding


def _wrong(row: Row | None, told: Sequence[Mapping[str, Any]]) -> str:
    """What is wrong with what was told of one delivery; empty: nothing."""
    if row is None:
        return "told, and not stored"
    told = sorted(told, key=lambda one: one["version"])
    twice = [version for version, times in Counter(one["version"] for one in told).items() if times > 1]
    if twice:
        return f"versions {twice} told more than once"
    if sum(one["type"] == _DELIVERED for one in told) > 1 or any(one["type"] == _DELIVERED for one in told[:-1]):
        return f"told {[one['type'] for one in told]}, though delivered is final"
    expected = _to_be_told(row)
    if not told or expected is None:
        return "" if not told and expected is None else f"is {row['state']} {row['reason']}, told {list(told)}"
    last = {name: told[-1].get(name) for name in expected}
    is_newer = told[-1]["version"] > row["version"]
    return f"is {expected}, told {last}" if last != expected or is_newer else ""


def _to_be_told(row: Row) -> dict[str, Any] | None:
    """What the last event about it must say; None: it has not ended, or nobody is to hear of it."""
    common = {name: row[name] for name in ("about", "channel", "person_id")}
    if row["state"] == "delivered":
        return {**common, "type": _DELIVERED, "parts": row["parts"], "price_vnd": row["price_vnd"]}
    if row["state"] in _WILL_NOT_ARRIVE and row["reason"] not in _SAID_TO_NOBODY:
        return {**common, "type": _FAILED, "reason": row["reason"]}
    return None
