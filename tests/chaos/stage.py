"""The real system on free ports in a directory of its own, with everything within reach of whoever breaks it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from pymongo import MongoClient
from pymongo.errors import PyMongoError

from deploy.local.embedded_kafka import EmbeddedKafka
from deploy.local.embedded_mongod import EmbeddedMongod
from deploy.local.ports import LOOPBACK
from deploy.local.process_family import ChildProcess, ProcessFamily
from deploy.local.processes import ServiceProcess
from deploy.local.system import LocalSystem, SystemUrls, free_ports
from tests.support.inbox_client import InboxClient
from tests.support.platform import Namespace, embedded_platform, namespace_on

CLOCK_STEPS = Path(__file__).with_name("clock_steps")
DISK_BYTES = 160_000_000
"""The tmpfs for the broker's log: room for its segments and indexes, little enough to be filled in a moment."""


class SteppableSystem(LocalSystem):
    """Every process reads its wall clock through a file of its own (see clock_steps/sitecustomize.py)."""

    clocks: Path

    def environment(self, process: ServiceProcess) -> Mapping[str, str]:
        usual = super().environment(process)
        return {
            **usual,
            "PYTHONPATH": f"{CLOCK_STEPS}:{usual['PYTHONPATH']}",
            "CHAOS_CLOCK_FILE": str(self.clocks / process.name),
        }


@dataclass(frozen=True)
class Stage:
    """What the director breaks, the load calls and the checker reads."""

    directory: Path
    kafka: EmbeddedKafka
    mongod: EmbeddedMongod
    namespace: Namespace
    system: SteppableSystem
    inbox: InboxClient
    disk: Path | None
    """The broker's own small disk; None where it could not be mounted."""

    @property
    def urls(self) -> SystemUrls:
        return self.system.urls

    def child(self, name: str) -> ChildProcess:
        """The present process of this name."""
        return self.system.supervisor.programs[name].child

    def mongod_is_primary(self) -> bool:
        """Whether the database answers and may be written."""
        uri = f"mongodb://{LOOPBACK}:{self.mongod.port}/?directConnection=true"
        client: MongoClient[dict[str, object]] = MongoClient(uri, serverSelectionTimeoutMS=300, socketTimeoutMS=500)
        try:
            return bool(client.admin.command("hello").get("isWritablePrimary"))
        except PyMongoError:
            return False
        finally:
            client.close()

    def step_clock(self, name: str, seconds: float) -> None:
        (self.system.clocks / name).write_text(str(seconds))


@contextmanager
def running_stage(
    directory: Path, *, with_disk: bool = True, settings: Mapping[str, str] | None = None
) -> Iterator[Stage]:
    """Starts broker, database and every process, and ends all of them."""
    with ExitStack() as stack:
        disk = stack.enter_context(_small_disk(directory / "kafka")) if with_disk else None
        platform = stack.enter_context(embedded_platform(directory))
        namespace = stack.enter_context(namespace_on(platform))
        family = stack.enter_context(ProcessFamily(directory / "log"))
        told = (directory / "log" / "supervisor.log").open("a", encoding="utf-8")
        stack.callback(told.close)
        system = SteppableSystem(
            family,
            namespace,
            free_ports(),
            directory,
            settings=settings,
            tell=lambda said: print(said, file=told, flush=True),
        )
        system.clocks = directory / "clocks"
        system.clocks.mkdir()
        system.migrate()
        system.start()
        stack.callback(system.supervisor.stop_all, grace=15.0)
        system.wait_until_ready()
        inbox = InboxClient(system.urls.inbox)
        stack.callback(inbox.close)
        yield Stage(directory, platform.kafka_server, platform.mongod, namespace, system, inbox, disk)


@contextmanager
def _small_disk(at: Path) -> Iterator[Path | None]:
    """A tmpfs, which takes root; None where it is not to be had."""
    at.mkdir(parents=True)
    options = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(at)]
    if os.geteuid() != 0 or subprocess.run(options, check=False, capture_output=True).returncode != 0:
        yield None
        return
    try:
        yield at
    finally:
        subprocess.run(["umount", "--lazy", str(at)], check=False, capture_output=True)
