"""The statements about what accepted commands led to: at consumers, in queues, on phones and in mailboxes."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from tests.chaos.evidence import TopicRecord
from tests.chaos.findings import Finding
from tests.chaos.proofs import Evidence

SCHEDULING_EVENTS, NOTIFICATIONS_EVENTS = "scheduling.events.v1", "notifications.events.v1"
_TOLD_OF = tuple(
    f"vn.nhipdoan.scheduling.{name}.v1"
    for name in (
        "meeting.scheduled",
        "meeting.rescheduled",
        "meeting.cancelled",
        "task.assigned",
        "task.returned",
        "task.accepted",
        "task.overdue",
        "concern.answered",
        "link-proposal.submitted",
        "link-proposal.approved",
        "link-proposal.declined",
    )
)
_REPLY = "vn.nhipdoan.notifications.reply.received.v1"
_ANSWERED = "vn.nhipdoan.scheduling.invitation.answered.v1"


def announced_once(evidence: Evidence) -> Finding:
    """notifications made one notice of each event, under the event's id, and noted the event in its inbox."""
    finding = Finding("notifications applied each event once")
    notices = {row["_id"] for row in evidence.stores.rows("notifications", "notices", only={"_id": 1})}
    inbox = {row["_id"] for row in evidence.stores.rows("notifications", "inbox", only={"_id": 1})}
    events = {record.id: record.type for record in evidence.records[SCHEDULING_EVENTS] if record.type in _TOLD_OF}
    for id, type in events.items():
        finding.look(f"notifications:{id}" in inbox, f"{type} {id} is not in the inbox")
        finding.look(id in notices, f"{type} {id} has no notice")
    return finding


def replies_answered_once(evidence: Evidence) -> Finding:
    """Of each reply scheduling made one answer, or noted why it counts for nothing; never both, never two."""
    finding = Finding("scheduling applied each reply once")
    replies = {record.id: record for record in evidence.records[NOTIFICATIONS_EVENTS] if record.type == _REPLY}
    answers = Counter(
        row["causation_id"]
        for row in evidence.stores.rows("scheduling", "outbox", {"type": _ANSWERED}, {"causation_id": 1})
    )
    ignored = {row["_id"] for row in evidence.stores.rows("scheduling", "ignored_replies", only={"_id": 1})}
    for id, record in replies.items():
        outcomes = answers[id] + (record.key in ignored)
        finding.look(
            outcomes == 1, f"reply {record.key} led to {answers[id]} answers, ignored: {record.key in ignored}"
        )
    finding.note = f"{sum(answers[id] for id in replies)} became answers"
    return finding


def answers_add_up(evidence: Evidence) -> Finding:
    finding = Finding("invitation versions equal answers told")
    told: Counter[str] = Counter()
    for record in {one.id: one for one in evidence.records[SCHEDULING_EVENTS] if one.type == _ANSWERED}.values():
        body = _body(record)
        told[f"{body['meeting_id']}:{body['person_id']}"] += 1
    for row in evidence.stores.rows("scheduling", "invitations", only={"version": 1}):
        finding.look(row["version"] == 1 + told[row["_id"]], f"{row['_id']}: {row['version']} after {told[row['_id']]}")
    return finding


def invitees_reached(evidence: Evidence) -> Finding:
    """Whoever was invited has an SMS delivery of the invitation: sent, or with the reason why not."""
    finding = Finding("each invitee: one SMS, or a recorded reason")
    rows: dict[tuple[str, str], list[Any]] = defaultdict(list)
    for row in evidence.stores.rows("notifications", "deliveries", {"channel": "sms"}):
        rows[row["notice_id"], row["person_id"]].append(row)
    for record in {one.id: one for one in evidence.records[SCHEDULING_EVENTS] if one.type == _TOLD_OF[0]}.values():
        for invitee in _body(record)["invitees"]:
            found = rows[record.id, invitee["person_id"]]
            holds = len(found) == 1 and (found[0]["state"] in ("accepted", "delivered") or bool(found[0]["reason"]))
            finding.look(
                holds, f"{record.key} {invitee['person_id']}: {[(row['state'], row['reason']) for row in found]}"
            )
    return finding


def replies_kept_once(evidence: Evidence, received: Sequence[Mapping[str, Any]]) -> Finding:
    """What the webhook said yes to is kept, once: the reply's row is made from the gateway's id."""
    from notifications.application.receive_reply import reply_id

    finding = Finding("each reply taken is kept once")
    kept = {row["_id"] for row in evidence.stores.rows("notifications", "replies", only={"_id": 1})}
    taken = [one for one in received if one["kind"] == "reply" and one["webhook_took_it"]]
    for one in taken:
        finding.look(reply_id(str(one["sms_id"])) in kept, f"reply {one['sms_id']} is not there")
    sent = {reply_id(str(one["sms_id"])) for one in received if one["kind"] == "reply"}
    finding.look(kept <= sent, f"{len(kept - sent)} replies are kept that nobody sent")
    return finding


def imports_done_once(evidence: Evidence, import_ids: Sequence[str]) -> Finding:
    """A confirmed list is carried out to its end: each row's person there, once, and one event tells of it."""
    finding = Finding("each confirmed list carried out once")
    told = Counter(
        record.key
        for record in {one.id: one for one in evidence.records["members.events.v1"]}.values()
        if record.type == "vn.nhipdoan.members.people.imported.v1"
    )
    people = {row["_id"] for row in evidence.stores.rows("members", "people", only={"_id": 1})}
    states = {row["_id"]: row for row in evidence.stores.rows("members", "imports")}
    for id in import_ids:
        rows = evidence.stores.rows("members", "import_rows", {"import_id": id})
        done = [row for row in rows if row["state"] == "done"]
        made = [row["person_id"] for row in done if row["outcome"] == "created"]
        row = states[id]
        finding.look(row["state"] == "done" and told[id] == 1, f"{id} is {row['state']}, told {told[id]}×")
        finding.look(len(made) == len(set(made)) == row["created"], f"{id}: {len(made)} rows made {row['created']}")
        finding.look(set(made) <= people, f"{id}: people are missing")
    return finding


def queues_drained(counts: Mapping[str, int]) -> Finding:
    finding = Finding("every queue is drained")
    for name, count in counts.items():
        finding.look(count == 0, f"{name}: {count}")
    return finding


def _body(record: TopicRecord) -> Any:
    return json.loads(record.value or b"{}")
