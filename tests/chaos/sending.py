"""What phones and mailboxes got: everything once, and each repetition explained by what broke around it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from tests.chaos.director import Done
from tests.chaos.faults import Kind
from tests.chaos.findings import Finding
from tests.chaos.proofs import Evidence

DELIVERER = "notifications-deliver"
BATCH = 16
"""DELIVER_BATCH of a run: small, so that the bound is tight. One process holds twice as many of a channel at most."""
WINDOW = 2 * BATCH
"""Messages of a channel that may have left when a deliverer is cut off, without its knowing or having written it."""
_LEASE_AND_A_BIT = timedelta(seconds=12)
_A_BIT = timedelta(seconds=2)

Received = Sequence[Mapping[str, Any]]


@dataclass(eq=False)
class Cut:
    """A moment, or a while, in which the deliverer could not keep what it did."""

    what: str
    began: datetime
    ended: datetime
    repeated: int = 0

    def lies_between(self, first: datetime, again: datetime) -> bool:
        """Whether a message that was there at `first` may have come again at `again` because of this."""
        return self.began <= again and first <= self.ended


def cuts_of(done: Iterable[Done]) -> list[Cut]:
    """Kills and freezes of the deliverer and of its database."""
    cuts = []
    for one in done:
        is_database = one.fault.kind in (Kind.MONGO_KILL, Kind.MONGO_FREEZE)
        is_deliverer = one.fault.kind in (Kind.KILL, Kind.FREEZE) and DELIVERER in one.hit
        if is_database or is_deliverer:
            # What leaves before the database is back at work, or the frozen one learns of its lease, counts, too.
            late = _A_BIT if one.fault.kind is Kind.KILL else _LEASE_AND_A_BIT
            cuts.append(Cut(str(one.fault), one.began, (one.ended or one.began) + late))
    return cuts


def sms_sent_once(evidence: Evidence, received: Received) -> Finding:
    """A delivery that went out is at the gateway once; one that did not is not there, and says why."""
    finding = Finding("each SMS at the gateway exactly once, or a reason")
    at_gateway = Counter(str(one["request_id"]) for one in received if one["kind"] == "sms")
    deliveries = evidence.stores.rows("notifications", "deliveries", {"channel": "sms"})
    for row in deliveries:
        went = row["state"] in ("accepted", "delivered") or row["reason"] == "not_delivered"
        times = at_gateway[row["_id"]]
        holds = times == went or (row["in_doubt"] and times <= 1)
        finding.look(holds, f"{row['_id']} {row['state']}/{row['reason']}: {times}×")
        finding.look(went or bool(row["reason"]), f"{row['_id']} is {row['state']} without a reason")
    for id in at_gateway.keys() - {row["_id"] for row in deliveries}:
        finding.look(False, f"the gateway got {id}, which is no delivery")
    finding.note = f"{sum(at_gateway.values())} SMS, {sum(at_gateway.values()) - len(at_gateway)} of them twice"
    return finding


def sms_repetitions_explained(received: Received, done: Iterable[Done]) -> Finding:
    """What the gateway's key absorbed, and another gateway would not: an answer that was lost, or a cut."""
    finding = Finding(f"SMS asked for again ≤ lost answers + {WINDOW} per kill")
    cuts = cuts_of(done)
    lost = absorbed = 0
    for one in received:
        if one["kind"] != "sms":
            continue
        again = [datetime.fromisoformat(at) for at in str(one.get("repeated_at", "")).split()]
        asked_before = [datetime.fromisoformat(one["at"]), *again]
        absorbed += len(again)
        lost += int(one.get("answers_lost", 0))
        unexplained = len(again) - int(one.get("answers_lost", 0))
        pairs = list(zip(asked_before, again, strict=False))
        explained = _explained(pairs, cuts, at_most=unexplained)
        finding.look(
            unexplained <= explained, f"{one['request_id']}: {unexplained} of {len(again)} repeated for nothing"
        )
    _within_window(finding, cuts)
    finding.note = f"{absorbed} absorbed by the key; {lost} answers lost, {_counted(cuts)}"
    return finding


def mails_sent(evidence: Evidence, received: Received, done: Iterable[Done]) -> Finding:
    """SMTP has no key: at least once; a mail comes again only after a hang-up or a cut, within a cut's window."""
    finding = Finding(f"each e-mail sent; again ≤ hang-ups + {WINDOW} per kill")
    copies: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for one in received:
        if one["kind"] == "email":
            copies[str(one["message_id"]).strip("<>").partition("@")[0]].append(one)
    for row in evidence.stores.rows("notifications", "deliveries", {"channel": "email"}):
        went, times = row["state"] in ("accepted", "delivered"), len(copies[row["_id"]])
        finding.look((times > 0) == went or row["in_doubt"], f"{row['_id']} {row['state']}/{row['reason']}: {times}×")
    cuts = cuts_of(done)
    for id, same in copies.items():
        pairs = [
            (datetime.fromisoformat(one["at"]), datetime.fromisoformat(after["at"]))
            for one, after in pairwise(same)
            if not one.get("hung_up")
        ]
        finding.look(_explained(pairs, cuts, at_most=len(pairs)) == len(pairs), f"{id} came {len(same)}× for nothing")
    _within_window(finding, cuts)
    hung_up = sum(bool(one.get("hung_up")) for one in received)
    repeated = sum(len(same) - 1 for same in copies.values() if same)
    finding.note = f"{repeated} came again; {hung_up} hang-ups, {_counted(cuts)}"
    return finding


def _explained(pairs: Sequence[tuple[datetime, datetime]], cuts: Sequence[Cut], *, at_most: int) -> int:
    """How many of the repetitions a cut lies before; each is counted against the latest such."""
    explained = 0
    for first, again in pairs:
        between = [cut for cut in cuts if cut.lies_between(first, again)]
        if between and explained < at_most:
            max(between, key=lambda cut: cut.began).repeated += 1
            explained += 1
    return explained


def _within_window(finding: Finding, cuts: Sequence[Cut]) -> None:
    for cut in cuts:
        finding.look(cut.repeated <= WINDOW, f"{cut.what}: {cut.repeated} repeated, more than {WINDOW}")


def _counted(cuts: Sequence[Cut]) -> str:
    return f"{len(cuts)} cuts with {max((cut.repeated for cut in cuts), default=0)} at most"
