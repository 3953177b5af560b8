"""The statements about commands, topics and read models, each proved from raw evidence.

Consequences at other services and at people's phones are proved in `proofs_of_consequences.py`.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chassis.storage.bson_form import from_bson, to_bson
from chassis.storage.documents import Document, Kind
from contracts.members_states import AccountState, ContactState, PersonState, PortfolioState, PostState, UnitState
from contracts.scheduling_states import ConcernAnswerState
from deploy.local.access import SERVICES
from notifications.application import read_models as notified
from scheduling.application import read_models as scheduled
from tests.chaos.commands import Command, Ledger
from tests.chaos.evidence import Stores, TopicRecord
from tests.chaos.findings import Finding

STATE_TOPICS = (
    "members.units.v1",
    "members.people.v1",
    "members.contacts.v1",
    "members.posts.v1",
    "members.portfolios.v1",
    "members.accounts.v1",
    "scheduling.concern-answers.v1",
)


@dataclass(frozen=True)
class Evidence:
    """All that was read at the end of a run."""

    ledger: Ledger
    stores: Stores
    records: Mapping[str, Sequence[TopicRecord]]

    @property
    def commands(self) -> list[Command]:
        """Each command once, though it may have been sent again under its key."""
        return list({one.key: one for one in self.ledger.commands if one.status}.values())


def effect_once(evidence: Evidence, account_ids: Mapping[str, str]) -> Finding:
    """Its idempotency row is there, and it told of itself exactly as often as it should."""
    finding = Finding("accepted command: effect there exactly once")
    told = {service: _types_by_correlation(evidence, service) for service in SERVICES}
    keys = {
        service: {row["_id"] for row in evidence.stores.rows(service, "idempotency", only={"_id": 1})}
        for service in SERVICES
    }
    for one in evidence.commands:
        if not one.accepted:
            continue
        row = hashlib.sha256(f"{account_ids[one.account]}\0{one.key}".encode()).hexdigest()
        if one.method == "POST":
            finding.look(row in keys[one.service], f"{one.name} {one.key}: no idempotency row")
        if one.events:
            finding.look(
                told[one.service][one.key] == Counter(one.events),
                f"{one.name} {one.key} told {dict(told[one.service][one.key])}",
            )
    return finding


def no_effect_when_refused(evidence: Evidence) -> Finding:
    finding = Finding("refused command: no effect at all")
    told = {service: _types_by_correlation(evidence, service) for service in SERVICES}
    refused = [one for one in evidence.commands if 400 <= one.status < 500]
    for one in refused:
        finding.look(
            not told[one.service][one.key], f"{one.name} {one.key} {one.status} told {told[one.service][one.key]}"
        )
    finding.note = ", ".join(f"{status}×{count}" for status, count in Counter(one.status for one in refused).items())
    return finding


def all_answered(evidence: Evidence) -> Finding:
    finding = Finding("every command was answered in the end")
    for one in evidence.ledger.commands:
        finding.look(bool(one.status), f"{one.name} {one.key} after {one.tries} tries")
    repeated = sum(one.tries > 1 for one in evidence.ledger.commands)
    finding.note = f"{repeated} needed more than one try"
    return finding


_COUNTED = ("meetings", "tasks", "concerns")


def versions_add_up(evidence: Evidence) -> Finding:
    """A thing's version is one more than the changes of it that were accepted: none was lost or done twice."""
    finding = Finding("versions equal accepted changes (meetings, tasks, concerns)")
    changes: Counter[str] = Counter()
    for one in evidence.commands:
        _, _, collection, *rest = one.path.split("/")
        if one.accepted and collection in _COUNTED and len(rest) == 2 and rest[1] != "answers":
            changes[rest[0]] += 1
    for collection in _COUNTED:
        for row in evidence.stores.rows("scheduling", collection, only={"version": 1}):
            expected = 1 + changes[row["_id"]]
            finding.look(row["version"] == expected, f"{collection} {row['_id']}: {row['version']}, not {expected}")
    return finding


def published_at_least_once(evidence: Evidence) -> Finding:
    finding = Finding("every stored event is on its topic, and no other")
    repeated = 0
    for service in SERVICES:
        rows = evidence.stores.rows(service, "outbox", only={"topic": 1, "state": 1})
        stored = {row["_id"]: row["topic"] for row in rows}
        seen: Counter[str] = Counter()
        for topic, records in evidence.records.items():
            if topic.startswith(f"{service}."):
                seen.update(record.id for record in records)
                for record in records:
                    finding.look(stored.get(record.id) == topic, f"{topic} {record.id} is in no outbox")
        for row in rows:
            finding.look(row["state"] == "published" and seen[row["_id"]] > 0, f"{service} {row['_id']} {row['state']}")
        repeated += sum(count - 1 for count in seen.values())
    finding.note = f"{repeated} records are there more than once"
    return finding


def in_order(evidence: Evidence) -> Finding:
    """Per key: versions come first in their order; a state's last record is its latest version."""
    finding = Finding("per aggregate: in order on its topic")
    for topic, records in evidence.records.items():
        by_key: dict[str, list[TopicRecord]] = defaultdict(list)
        for record in records:
            by_key[record.key].append(record)
        for key, of_key in by_key.items():
            first = list({record.id: record.sequence for record in of_key}.values())
            lanes = {record.partition for record in of_key}
            finding.look(first == sorted(first) and len(lanes) == 1, f"{topic} {key}: {first} on {lanes}")
            if topic in STATE_TOPICS:
                finding.look(of_key[-1].sequence == max(first), f"{topic} {key} ends with {of_key[-1].sequence}")
    return finding


_PROJECTIONS: tuple[tuple[str, Any, Kind[Any], Callable[[Any], Document]], ...] = (
    ("scheduling", UnitState, scheduled.UNITS, scheduled.as_unit),
    ("scheduling", PersonState, scheduled.PEOPLE, scheduled.as_person),
    ("scheduling", PostState, scheduled.POSTS, scheduled.as_post),
    ("scheduling", PortfolioState, scheduled.PORTFOLIOS, scheduled.as_portfolio),
    ("scheduling", AccountState, scheduled.ACCOUNTS, scheduled.as_account),
    ("notifications", UnitState, notified.UNITS, notified.as_unit),
    ("notifications", ContactState, notified.CONTACTS, notified.as_contact),
    ("notifications", AccountState, notified.ACCOUNTS, notified.as_account),
    ("notifications", ConcernAnswerState, notified.CONCERN_ANSWERS, notified.as_concern_answer),
)

_SOURCES = (
    ("members.units.v1", "members", "units"),
    ("members.people.v1", "members", "people"),
    ("members.contacts.v1", "members", "people"),
    ("members.posts.v1", "members", "posts"),
    ("members.portfolios.v1", "members", "portfolios"),
)


def read_models_equal_source(evidence: Evidence) -> Finding:
    finding = Finding("read models equal their source")
    latest = {
        topic: {record.key: record for record in sorted(evidence.records[topic], key=lambda one: one.sequence)}
        for topic in STATE_TOPICS
    }
    for topic, service, collection in _SOURCES:
        versions = {
            row["_id"]: row["version"] for row in evidence.stores.rows(service, collection, only={"version": 1})
        }
        told = {key: record.sequence for key, record in latest[topic].items() if record.value is not None}
        for key in versions.keys() | told.keys():
            finding.look(versions.get(key) == told.get(key), f"{topic} {key}: {versions.get(key)} told {told.get(key)}")
    for service, state, kind, as_document in _PROJECTIONS:
        rows = evidence.stores.rows(service, kind.name)
        kept: dict[str, Document] = {row["_id"]: from_bson(kind, row) for row in rows if not row.get("erased")}
        expected = {
            key: as_document(state.from_bytes(record.value))
            for key, record in latest[state.TOPIC].items()
            if record.value is not None
        }
        for key in kept.keys() | expected.keys():
            finding.look(_plain(kept.get(key)) == _plain(expected.get(key)), f"{service} {kind.name} {key} differs")
    return finding


def _plain(document: Document | None) -> dict[str, Any] | None:
    """The stored form, instants in milliseconds: BSON keeps no more."""
    if document is None:
        return None
    return {name: _in_milliseconds(value) for name, value in to_bson(document).items()}


def _in_milliseconds(value: Any) -> Any:
    return value.replace(microsecond=value.microsecond // 1000 * 1000) if isinstance(value, datetime) else value


def _types_by_correlation(evidence: Evidence, service: str) -> dict[str, Counter[str]]:
    told: dict[str, Counter[str]] = defaultdict(Counter)
    for row in evidence.stores.rows(service, "outbox", only={"correlation_id": 1, "type": 1}):
        told[row["correlation_id"]][row["type"]] += 1
    return told
