"""The notifications service as real processes, with the sinks as its outside world, for benchmarks of the edge."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import urllib3

from chassis.context import new_uuid7
from chassis.messaging.mongo.collections import ensure_collections
from chassis.storage.mongo import MongoStore
from contracts.scheduling_events import InvitationReason, Invitee, MeetingFacts, MeetingKind, MeetingScheduled
from deploy.local.process_family import ChildProcess, ProcessFamily
from deploy.local.processes import ServiceProcess
from deploy.local.system import REPOSITORY, LocalSystem, Ports, free_ports
from notifications.application.read_models import CONTACTS, UNITS, as_contact, as_unit
from notifications.bootstrap import KINDS
from tests.bench.district import commune_id, contact_states, person_id, unit_states
from tests.bench.ground import Ground, bench_ground
from tests.bench.metering import Meter
from tests.support.eventually import eventually
from tests.support.inbox_client import InboxClient

SERVICE = "notifications"
GATEWAY, DELIVERERS, OTHERS = "gateway", "deliverers", "others"
READY_SECONDS = 60.0


@dataclass
class Edge:
    """Running processes by name, and the sinks' inbox."""

    ground: Ground
    system: LocalSystem
    ports: Ports
    family: ProcessFamily
    inbox: InboxClient
    pids: dict[str, int] = field(default_factory=dict)
    _children: dict[str, ChildProcess] = field(default_factory=dict)

    def meter(self) -> Meter:
        """Groups: mongod, kafka, gateway (the sinks), deliverers, others (the service's further processes)."""
        meter = self.ground.meter()
        for name, pid in self.pids.items():
            meter.add(_group(name), pid)
        return meter

    def start(self, *processes: ServiceProcess, settings: Mapping[str, str] | None = None) -> None:
        """Starts these and waits until each is ready."""
        for process in processes:
            environment = {**self.system.environment(process), **(settings or {})}
            command = [sys.executable, "-m", process.service, process.process]
            child = self.family.start(process.name, command, environment, REPOSITORY)
            self.pids[process.name], self._children[process.name] = child.pid, child
        for process in processes:
            wait_ready(f"http://127.0.0.1:{self.ports.of_health(process)}/livez")

    def stop(self, name: str) -> None:
        """Ends a process that was started, in order."""
        del self.pids[name]
        self._children.pop(name).stop(25.0)

    def faults(self, **faults: object) -> None:
        self.inbox.set_faults(**faults)


def notifications(*processes: str) -> list[ServiceProcess]:
    return [ServiceProcess(SERVICE, process) for process in processes]


@contextmanager
def running_edge(people: int, settings: Mapping[str, str], *, email: bool = False, communes: int = 1) -> Iterator[Edge]:
    """Platform and sinks are up, `people` contacts and the communes are known; no process of the service runs yet."""
    with bench_ground() as ground, ProcessFamily(ground.directory / "log") as family:
        ports = free_ports()
        system = LocalSystem(family, ground.namespace, ports, ground.directory, settings=dict(settings))
        _load(ground, people, communes, email=email)
        environment = {**system._base_environment(), **system._sink_environment()}
        pid = family.start("sinks", [sys.executable, "-m", "deploy.local.sinks"], environment, REPOSITORY).pid
        wait_ready(f"{system.urls.inbox}/readyz")
        inbox = InboxClient(system.urls.inbox)
        try:
            yield Edge(ground, system, ports, family, inbox, {"sinks": pid})
        finally:
            inbox.close()


def meeting(people: Sequence[str], *, kind: MeetingKind = MeetingKind.JOINT_ACTIVITY) -> MeetingScheduled:
    """A joint activity a week from now to which all of them are invited."""
    starts = datetime.now(UTC) + timedelta(days=7)
    return MeetingScheduled(
        meeting_id=new_uuid7(),
        meeting=MeetingFacts(
            kind=kind,
            unit_id=commune_id(0),
            title="Sinh hoạt liên chi đoàn tháng 12",
            starts_at=starts,
            ends_at=starts + timedelta(hours=2),
            place="Nhà văn hóa thôn Trung Hạ",
        ),
        invitees=[Invitee(person_id=one, reason=InvitationReason.BRANCH_YOUTH) for one in people],
    )


def everyone(people: int) -> list[str]:
    return [person_id(number) for number in range(people)]


def arrived(edge: Edge, kind: str, count: int, *, within: float, since: int = 0) -> list[dict[str, Any]]:
    """The messages of this kind once there are so many; they carry the instants at which the sink got them."""
    name = "sms" if kind == "sms" else "emails"
    eventually(lambda: edge.inbox.summary()[name] >= count, within=within, pause=0.1)
    return edge.inbox.messages(kind=kind, since=since)


def instants(messages: Sequence[Mapping[str, Any]]) -> list[float]:
    """Seconds since the epoch at which the sink got each."""
    return [datetime.fromisoformat(message["at"]).timestamp() for message in messages]


def _load(ground: Ground, people: int, communes: int, *, email: bool) -> None:
    database = ground.database(SERVICE)
    ensure_collections(database, KINDS)
    store = MongoStore(database, timeout_seconds=120.0)
    store.project(UNITS, [as_unit(state) for state in unit_states(communes)])
    store.project(CONTACTS, [as_contact(state) for state in contact_states(people, communes, email=email)])
    database.client.close()


def _group(name: str) -> str:
    if name == "sinks":
        return GATEWAY
    return DELIVERERS if name == "notifications-deliver" else OTHERS


def wait_ready(url: str) -> None:
    """Returns once it answers 200."""
    with urllib3.PoolManager(retries=False, timeout=2.0) as http:

        def ready() -> bool:
            try:
                return http.request("GET", url).status == 200
            except urllib3.exceptions.HTTPError:
                return False

        eventually(ready, within=READY_SECONDS, because=f"{url} does not answer")


def log_of(edge: Edge, name: str) -> Path:
    return edge.ground.directory / "log" / f"{name}.log"
