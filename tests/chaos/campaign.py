"""One whole run: a commune is made, the load begins, the plan is played, everything drains, everything is proved."""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pymongo.errors import PyMongoError

from deploy.local.access import SERVICES
from tests.chaos import going_on, proofs, results, sending
from tests.chaos import proofs_of_consequences as consequences
from tests.chaos.commands import Ledger
from tests.chaos.coverage import everything_asked
from tests.chaos.director import Director, Done
from tests.chaos.evidence import Stores, lags, stores_of, topic_records
from tests.chaos.faults import Fault
from tests.chaos.findings import Finding, say, table, told
from tests.chaos.load import Load
from tests.chaos.played import everything_played, played
from tests.chaos.signs import Watch, signs_of, watching
from tests.chaos.stage import Stage, running_stage
from tests.chaos.world import World, made_world, urls_of, wait_until_known

DRAIN_SECONDS = 240.0
HASTE = 2.5
"""A shorter run breaks something every second: on two processors nothing starts in the usual time."""
WHOLE_SECONDS = 600.0
"""From this length on a run must have played every fault and asked for everything that the load knows."""
Plan = Callable[[bool], Sequence[Fault]]


@dataclass(frozen=True)
class Run:
    """A run that has drained: all that its proofs look at."""

    stage: Stage
    world: World
    load: Load
    watch: Watch
    done: Sequence[Done]
    stores: Stores
    is_whole: bool

    @property
    def disturbed(self) -> dict[str, int]:
        """How often the sinks misbehaved in which way, by their own count."""
        return dict(self.stage.inbox.summary()["disturbed"])


@dataclass
class Campaign:
    """What came out of a run. `faults`: how often each kind was played."""

    seed: int
    faults: dict[str, int] = field(default_factory=dict)
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
    rest: float = 0.5,
) -> Campaign:
    """Breaks the system for `seconds` by what `plan(with_disk)` draws, and proves what must hold all the same."""
    tell(f"chaos: seed {seed}, {seconds:.0f} s")
    random.seed(seed)
    campaign = Campaign(seed)
    began = time.monotonic()
    with running_stage(directory, settings={"DELIVER_BATCH": str(sending.BATCH)}) as stage:
        urls, ledger = stage.urls, Ledger()
        world = made_world(urls_of(urls), (urls.admin_account, urls.admin_password), ledger)
        try:
            wait_until_known(world)
            tell(f"{time.monotonic() - began:6.1f} s  everything is up; the load begins")
            load, director = Load(world, stage.inbox, seed, rest=rest), Director(stage, plan(bool(stage.disk)), tell)
            with watching(stage) as watch:
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
                run = Run(stage, world, load, watch, director.done, stores, is_whole=seconds >= WHOLE_SECONDS)
                campaign.faults = played(director.done, run.disturbed, with_disk=stage.disk is not None)
                campaign.findings = [*_proved(run, counts, campaign.faults), shutdown]
        finally:
            world.close()
    campaign.text = _told(campaign, ledger)
    tell(campaign.text)
    return campaign


def _drain(stage: Stage, stores: Stores, director: Director) -> dict[str, int]:
    counts: dict[str, int] = {}

    def empty() -> bool:
        """Looks in the order in which things go on, so that nothing passes unseen from what is still to be looked at to
        what already was. What goes round and begins anew has told of it meanwhile."""
        nonlocal counts
        try:
            told = _told_so_far(stores)
            counts = queues(stores, lambda: int(stage.inbox.summary()["calls_unfinished"]))
            if any(counts.values()):
                return False
            counts |= {f"{group} lag": lag for group, lag in lags(stage).items()}
            return not any(counts.values()) and _told_so_far(stores) == told
        except PyMongoError:
            return False

    director.keep_running(empty, DRAIN_SECONDS)
    return counts


def _told_so_far(stores: Stores) -> int:
    return sum(stores.count(service, "outbox") for service in SERVICES)


def queues(stores: Stores, calls_of_the_gateway: Callable[[], int]) -> dict[str, int]:
    """How much waits in each queue; a receipt that the gateway never sends is waited for in `accepted`, for days."""
    counts = {"lists confirmed": stores.count("members", "imports", {"state": "confirmed"})}
    counts |= {f"{service} outbox": stores.count(service, "outbox", {"state": "pending"}) for service in SERVICES}
    counts["events unread"] = len(_unread(stores))
    for service in ("scheduling", "notifications"):
        counts[f"{service} parked"] = stores.count(service, "parked")
        counts[f"{service} dead letters"] = stores.count(service, "dead_letters")
    waiting = {"due": {"$ne": None}, "state": {"$ne": "accepted"}}
    counts["deliveries"] = stores.count("notifications", "deliveries", waiting)
    counts["calls of the gateway"] = calls_of_the_gateway()
    counts["receipts"] = stores.count("notifications", "receipt_batches")
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


def _proved(run: Run, counts: dict[str, int], faults: dict[str, int]) -> list[Finding]:
    stores, ledger = run.stores, run.world.ledger
    evidence = proofs.Evidence(ledger, stores, topic_records(run.stage))
    received: list[Any] = run.stage.inbox.messages()
    account_ids = {row["username"]: row["_id"] for row in stores.rows("members", "accounts", only={"username": 1})}
    again = Finding("the same key again: the same answer", sum(one.replayed for one in ledger.commands))
    again.broken = run.load.known.answered_differently
    confirmed = {one.path.split("/")[3] for one in evidence.commands if one.accepted and one.name == "list confirmed"}
    signs = signs_of(stores, ledger, received, run.watch, began=ledger.commands[0].asked_at)
    happened = [(str(one.fault), one.began, one.ended) for one in run.done]
    (run.stage.directory / "signs.json").write_text(json.dumps({**signs, "faults": happened}, default=str, indent=0))
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
        results.told_as_they_are(evidence),
        sending.sms_sent_once(evidence, received),
        sending.sms_repetitions_explained(received, run.done),
        sending.mails_sent(evidence, received, run.done),
        consequences.replies_kept_once(evidence, received),
        consequences.imports_done_once(evidence, sorted(confirmed)),
        consequences.queues_drained(counts),
        going_on.went_on(run.done, signs, going_on.GOES_ON_WITHIN * (1 if run.is_whole else HASTE)),
        *((everything_played(faults), everything_asked(ledger)) if run.is_whole else ()),
    ]


def _told(campaign: Campaign, ledger: Ledger) -> str:
    accepted = Counter(one.name for one in ledger.accepted())
    asked = Counter(one.name for one in ledger.commands)
    commands = [("command", "asked", "accepted"), *((name, asked[name], accepted[name]) for name in sorted(asked))]
    faults = [("fault", "times"), *campaign.faults.items()]
    tries = ", ".join(f"{what}×{count}" for what, count in sorted(ledger.statuses.items()))
    return "\n".join(
        [
            table(f"What was done (seed {campaign.seed})", commands),
            table("What was broken", faults),
            f"\nevery try's outcome: {tries}",
            told(campaign.findings),
        ]
    )
