"""When work was seen to be done: by the answers, the stores, the sinks, and each process's own word."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import urllib3

from deploy.local.access import SERVICES
from tests.chaos.commands import Ledger
from tests.chaos.evidence import Stores
from tests.chaos.going_on import APPLIED, LISTS, MAIL, PUBLISHED, SMS, Signs, ready
from tests.chaos.stage import Stage

LOOK_EVERY_SECONDS = 0.7
_BESIDE_THE_RUN = timedelta(minutes=15)


class Watch:
    """Asks every process whether it is ready, again and again, each in a thread of its own."""

    def __init__(self, urls: Mapping[str, str]) -> None:
        self.seen: dict[str, list[datetime]] = {name: [] for name in urls}
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._look, args=(name, url), name=f"watch-{name}", daemon=True)
            for name, url in urls.items()
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _look(self, name: str, url: str) -> None:
        with urllib3.PoolManager(retries=False, timeout=3.0) as http:
            while not self._stop.wait(LOOK_EVERY_SECONDS):
                try:
                    if http.request("GET", url).status == 200:
                        self.seen[name].append(datetime.now(UTC))
                except urllib3.exceptions.HTTPError:
                    pass  # it is being broken


@contextmanager
def watching(stage: Stage) -> Iterator[Watch]:
    programs = stage.system.supervisor.programs.values()
    urls = {one.program.name: one.program.readiness_url for one in programs}
    watch = Watch({name: url for name, url in urls.items() if url is not None})
    watch.start()
    try:
        yield watch
    finally:
        watch.stop()


def signs_of(
    stores: Stores, ledger: Ledger, received: Sequence[Mapping[str, Any]], watch: Watch, *, began: datetime
) -> Signs:
    """All signs of the run, by their names, in order. A stamp of a clock that was stepped at the time is left out."""
    signs: dict[str, list[datetime]] = defaultdict(list)
    for command in ledger.commands:
        if command.answered_at is not None:
            signs[f"{command.service} answers"].append(command.answered_at)
    for service in SERVICES:
        rows = stores.rows(service, "outbox", {"published_at": {"$ne": None}}, {"published_at": 1})
        signs[f"{service} {PUBLISHED}"] = [row["published_at"] for row in rows]
        signs[f"{service} {APPLIED}"] = [row["received_at"] for row in stores.rows(service, "inbox")]
    lists = stores.rows("members", "outbox", {"type": "vn.nhipdoan.members.people.imported.v1"}, {"time": 1})
    signs[LISTS] = [row["time"] for row in lists]
    for one in received:
        if one["kind"] in ("sms", "email"):
            signs[SMS if one["kind"] == "sms" else MAIL].append(datetime.fromisoformat(one["at"]))
    for name, seen in watch.seen.items():
        signs[ready(name)] = list(seen)
    first, last = began - _BESIDE_THE_RUN, datetime.now(UTC) + _BESIDE_THE_RUN
    return {name: sorted(one for one in instants if first < one < last) for name, instants in signs.items()}
