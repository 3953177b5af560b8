"""What the benchmarks stand on: the embedded Kafka and mongod, fresh for each, their processes known to a meter."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pymongo.database import Database

from chassis.messaging.kafka.connection import KafkaConnection
from chassis.messaging.kafka.topics import ensure_topics
from chassis.storage.mongo import open_database
from contracts.catalogue import topics
from deploy.local.system import REPOSITORY
from tests.bench.metering import Meter
from tests.support.platform import EmbeddedTestPlatform, Namespace, embedded_platform, namespace_on


@dataclass(frozen=True)
class Ground:
    """A platform of its own, a namespace on it, and the groups `kafka` and `mongod`."""

    platform: EmbeddedTestPlatform
    namespace: Namespace
    directory: Path

    def meter(self, *, own: str = "bench") -> Meter:
        return Meter(
            {"mongod": [self.platform.mongod.child.pid], "kafka": [self.platform.kafka_server.child.pid]}, own=own
        )

    def connection(self, user: str) -> KafkaConnection:
        access = self.namespace.kafka(user)
        return KafkaConnection(
            access.bootstrap_servers,
            access.security_protocol,
            access.username or None,
            access.password or None,
            self.namespace.topic_prefix,
        )

    def database(self, service: str) -> Database[dict[str, Any]]:
        access = self.namespace.mongo(service)
        return open_database(access.uri, access.database, app="bench")

    def base_environment(self) -> Mapping[str, str]:
        """What any process of this repository needs to run, and nothing of the caller's further variables."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        path = f"{REPOSITORY / 'services'}:{REPOSITORY}"
        return {**kept, "PYTHONPATH": path, "PYTHONUNBUFFERED": "1", "LOG_LEVEL": "WARNING"}

    def make_topics(self) -> None:
        """All topics of contracts/topics.yaml."""
        ensure_topics(self.connection("admin"), topics().values())


_shared: list[EmbeddedTestPlatform] = []


@contextmanager
def shared_platform() -> Iterator[None]:
    """One platform for all grounds inside, or the one that is shared already."""
    if _shared:
        yield
        return
    with (
        tempfile.TemporaryDirectory(prefix="nhipdoan-bench-") as directory,
        embedded_platform(Path(directory)) as platform,
    ):
        _shared.append(platform)
        try:
            yield
        finally:
            _shared.remove(platform)


@contextmanager
def bench_ground() -> Iterator[Ground]:
    """Starts Kafka and mongod (about 4 s), unless they are shared; everything is gone at the end."""
    with tempfile.TemporaryDirectory(prefix="nhipdoan-bench-") as directory, ExitStack() as stack:
        own = Path(directory) / "platform"
        platform = _shared[-1] if _shared else stack.enter_context(embedded_platform(own))
        namespace = stack.enter_context(namespace_on(platform))
        ground = Ground(platform, namespace, Path(directory))
        ground.make_topics()
        yield ground


def machine() -> Mapping[str, Any]:
    """What the figures were measured on, as /proc tells."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        "unknown",
    )
    memory = int(Path("/proc/meminfo").read_text().split(maxsplit=2)[1]) // 1_000_000
    return {"cpu": model, "cores": os.cpu_count() or 0, "memory_gb": memory, "kernel": os.uname().release}
