"""One whole run: a commune is made, the load begins, the plan is played, everything drains, everything is proved."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from pymongo.errors import PyMongoError

from deploy.local.access import SERVICES
from tests.chaos import proofs
from tests.chaos import proofs_of_consequences as consequences
from tests.chaos.commands import Ledger
from tests.chaos.director import Director, Done
from tests.chaos.evidence import Stores, lags, stores_of, topic_records
from tests.chaos.faults import Fault, Kind
from tests.chaos.findings import Finding, say, table, told
from tests.chaos.load import Load
from tests.chaos.stage import Stage, running_stage
from tests.chaos.world import World, made_world, urls_of, wait_until_known

DRAIN_SECONDS = 240.0
Plan = Callable[[bool], Sequence[Fault]]


@dataclass
class Campaign:
    """What came out of a run."""

    seed: int
    findings: list[Finding] = field(default_factory=list)
    text: str = ""

    @property
    def broken(self) -> list[str]:
        return [f"{one.statement}: {what}" for one in self.findings for what in one.broken]


def run_campaign(
    directory: Path,
    seed: int,
    seconds: float,
    plan: Plan,
    *,
    tell: Callable[[str], None] = say,
    rest: float = 0.25,
) -> Campaign:
    """Breaks the system for `seconds` by what `plan(with_disk)` draws, and proves what must hold all the same."""
    tell(f"chaos: seed {seed}, {seconds:.0f} s")
    random.seed(seed)
    campaign = Campaign(seed)
    began = time.monotonic()
    with running_stage(directory) as stage:
        ledger = Ledger()
        urls = stage.urls
        world = made_world(urls_of(urls), (urls.admin_account, urls.admin_password), ledger)
        try:
            wait_until_known(world)
            tell(f"{time.monotonic() - began:6.1f} s  everything is up; the load begins")
            load = Load(world, stage.inbox, seed, rest=rest)
            director = Director(stage, plan(stage.disk is not None), tell)
            load.start()
            director.direct(seconds)
            shutdown = director.shut_down_and_start_again()
            load.stop()
            settled = time.monotonic()
            director.keep_running(lambda: load.ended, 330.0)
            load.join()
            with stores_of(stage) as stores:
                counts = _drain(stage, stores, director)
                tell(f"{time.monotonic() - began:6.1f} s  drained {time.monotonic() - settled:.1f} s after the load")
                campaign.findings = _proved(stage, world, load, done=director.done, stores=stores, counts=counts)
                campaign.findings.append(shutdown)
        finally:
            world.close()
    campaign.text = _told(campaign, ledger, director.done)
    tell(campaign.text)
    return campaign


def _drain(stage: Stage, stores: Stores, director: Director) -> dict[str, int]:
    counts: dict[str, int] = {}

    def empty() -> bool:
        nonlocal counts
        try:
            counts = queues(stores)
        except PyMongoError:
            return False
        return not any(counts.values())

    director.keep_running(empty, DRAIN_SECONDS)
    counts |= {f"{group} lag": lag for group, lag in lags(stage).items()}
    return counts


def queues(stores: Stores) -> dict[str, int]:
    """How much waits in each queue; a receipt that the gateway never sends is waited for in `accepted`, for days."""
    counts = {f"{service} outbox": stores.count(service, "outbox", {"state": "pending"}) for service in SERVICES}
    for service in ("scheduling", "notifications"):
        counts[f"{service} parked"] = stores.count(service, "parked")
        counts[f"{service} dead letters"] = stores.count(service, "dead_letters")
    waiting = {"due": {"$ne": None}, "state": {"$ne": "accepted"}}
    counts["deliveries"] = stores.count("notifications", "deliveries", waiting)
    counts["receipts"] = stores.count("notifications", "receipts")
    counts["lists confirmed"] = stores.count("members", "imports", {"state": "confirmed"})
    counts["events unread"] = len(_unread(stores))
    return counts


def _unread(stores: Stores) -> list[str]:
    """Events of scheduling that notifications has not taken in: the cheap form of the consumer's lag."""
    told = {
        f"notifications:{row['_id']}"
        for row in stores.rows(
            "scheduling",
            "outbox",
            {"topic": "scheduling.events.v1", "type": {"$in": list(consequences._TOLD_OF)}},
            {"_id": 1},
        )
    }
    seen = {row["_id"] for row in stores.rows("notifications", "inbox", only={"_id": 1})}
    return sorted(told - seen)


def _proved(
    stage: Stage, world: World, load: Load, *, done: Sequence[Done], stores: Stores, counts: dict[str, int]
) -> list[Finding]:
    evidence = proofs.Evidence(world.ledger, stores, topic_records(stage))
    received: list[Any] = stage.inbox.messages()
    account_ids = {row["username"]: row["_id"] for row in stores.rows("members", "accounts", only={"username": 1})}
    again = Finding("the same key again: the same answer", sum(one.replayed for one in world.ledger.commands))
    again.broken = load.known.answered_differently
    signs = sorted(_instants(stores))
    answers = sorted(one.answered_at for one in world.ledger.commands if one.answered_at is not None)
    confirmed = {one.path.split("/")[3] for one in evidence.commands if one.accepted and one.name == "list confirmed"}
    return [
        proofs.all_answered(evidence),
        proofs.effect_once(evidence, account_ids),
        proofs.no_effect_when_refused(evidence),
        again,
        proofs.versions_add_up(evidence),
        proofs.published_at_least_once(evidence),
        proofs.in_order(evidence),
        consequences.announced_once(evidence),
        consequences.replies_answered_once(evidence),
        consequences.answers_add_up(evidence),
        proofs.read_models_equal_source(evidence),
        consequences.invitees_reached(evidence),
        consequences.sms_sent_once(evidence, received),
        consequences.mails_sent(evidence, received, done),
        consequences.replies_kept_once(evidence, received),
        consequences.imports_done_once(evidence, sorted(confirmed)),
        consequences.queues_drained(counts),
        consequences.went_on(done, signs, answers),
    ]


def _instants(stores: Stores) -> list[datetime]:
    """When the relays' marks were set: the sign that events flow."""
    found = []
    for service in SERVICES:
        rows = stores.rows(service, "outbox", {"published_at": {"$ne": None}}, {"published_at": 1})
        found += [row["published_at"] for row in rows]
    return found


def _told(campaign: Campaign, ledger: Ledger, done: Sequence[Done]) -> str:
    accepted = Counter(one.name for one in ledger.accepted())
    asked = Counter(one.name for one in ledger.commands)
    commands = [("command", "asked", "accepted"), *((name, asked[name], accepted[name]) for name in sorted(asked))]
    faults = Counter((one.fault.kind, *one.fault.targets) for one in done if one.fault.kind is not Kind.OUTSIDE)
    outside = sum(one.fault.kind is Kind.OUTSIDE for one in done)
    rows = [(kind, " + ".join(targets), f"×{count}") for (kind, *targets), count in sorted(faults.items())]
    rows.append((Kind.OUTSIDE, "late, lost, wrong, 429, 5xx, receipts twice/never/mixed, hang-ups", f"×{outside}"))
    tries = ", ".join(f"{what}×{count}" for what, count in sorted(ledger.statuses.items()))
    return "\n".join(
        [
            table(f"What was done (seed {campaign.seed})", commands),
            table("What was broken", rows),
            f"\nevery try's outcome: {tries}",
            told(campaign.findings),
        ]
    )
