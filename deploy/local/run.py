"""`make run`: from nothing to a commune's month, and up until Ctrl-C."""

from __future__ import annotations

import importlib
import json
import shutil
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import IO

from deploy.local import access_control, checks
from deploy.local.access import ADMIN, SERVICES, KafkaAccess, MongoAccess
from deploy.local.embedded_mongod import EmbeddedMongod
from deploy.local.embedded_platform import (
    SECURITY_PROTOCOL,
    embedded_kafka,
    embedded_mongod,
)
from deploy.local.kafka_distribution import is_fetched
from deploy.local.process_family import ProcessFamily
from deploy.local.progress import Progress
from deploy.local.secret_store import SecretStore
from deploy.local.summary import summary
from deploy.local.system import LocalSystem, Ports, SystemUrls, port_from, ports_from

STATE = Path(__file__).parents[2] / ".local"


@dataclass(frozen=True)
class RunningPlatform:
    """What the services get: the embedded servers, or those that the environment names."""

    kafka_users: Mapping[str, KafkaAccess]
    mongo_databases: Mapping[str, MongoAccess]
    topic_prefix: str = ""

    def kafka(self, user: str) -> KafkaAccess:
        return self.kafka_users[user]

    def mongo(self, service: str) -> MongoAccess:
        return self.mongo_databases[service]


class LocalRun:
    """One `make run`. Every step tells what it does; every failure is a CannotStart."""

    def __init__(self, environment: Mapping[str, str], state: Path) -> None:
        self._environment = environment
        self._data = state / "data"
        self._cache = state / "cache"
        self._log = state / "log"
        self._lock_file = state / "run.lock"
        self._progress = Progress()
        self._is_hurried = False

    def run(self, *, with_demo: bool = True) -> None:
        """Returns after Ctrl-C or SIGTERM, when everything has stopped. Raises CannotStart."""
        started_at = time.monotonic()
        ports = self._check()
        with checks.hold_lock(self._lock_file) as lock, self._family(lock) as family:
            for number in (signal.SIGTERM, signal.SIGHUP):  # the same way out as Ctrl-C
                signal.signal(number, signal.default_int_handler)
            system: LocalSystem | None = None
            try:
                platform = self._start_platform(family)
                quiet_hours = self._environment.get("QUIET_HOURS", "")
                settings = {"QUIET_HOURS": quiet_hours}
                system = LocalSystem(family, platform, ports, self._data, settings=settings, tell=self._progress.warn)
                self._start_system(system)
                accounts = self._play_demo(system.urls) if with_demo else []
                seconds = time.monotonic() - started_at
                print(summary(system.urls, accounts, self._log, quiet_hours=quiet_hours, seconds=seconds), flush=True)
                system.supervisor.supervise(until=lambda: False)
            except KeyboardInterrupt:
                pass  # the usual end
            finally:
                self._stop(system, family)

    def _check(self) -> Ports:
        ports = ports_from(self._environment)
        self._data.mkdir(parents=True, exist_ok=True)
        checks.require_disk(self._data)
        fixed = {name: port for name in ("KAFKA_PORT", "MONGO_PORT") if (port := self._fixed_port(name))}
        checks.hold_lock(self._lock_file).close()  # says so before a port does
        checks.require_ports(ports, fixed)
        return ports

    def _fixed_port(self, name: str) -> int:
        """0 where the environment leaves it free."""
        return port_from(self._environment, name, 0) if self._environment.get(name) else 0

    def _family(self, lock: IO[str]) -> ProcessFamily:
        return ProcessFamily(self._log, held_until_all_ended=lock)

    def _start_platform(self, family: ProcessFamily) -> RunningPlatform:
        secret_store = SecretStore(self._data / "secrets.json")
        given = self._given_mongo()
        mongod = None if given else self._launch_mongod(family, secret_store)  # gets up while Kafka does
        users = self._given_kafka() or self._start_kafka(family, secret_store)
        databases = given if mongod is None else self._wait_for_mongod(mongod, secret_store)
        return RunningPlatform(kafka_users=users, mongo_databases=databases)

    def _given_kafka(self) -> Mapping[str, KafkaAccess]:
        given = self._environment
        if not given.get("KAFKA_BOOTSTRAP_SERVERS"):
            return {}
        access = KafkaAccess(
            given["KAFKA_BOOTSTRAP_SERVERS"],
            given.get("KAFKA_SECURITY_PROTOCOL", "PLAINTEXT"),
            given.get("KAFKA_USERNAME", ""),
            given.get("KAFKA_PASSWORD", ""),
        )
        self._progress.done(f"Kafka: the one at {access.bootstrap_servers}")
        return dict.fromkeys((ADMIN, *SERVICES), access)

    def _start_kafka(self, family: ProcessFamily, secret_store: SecretStore) -> Mapping[str, KafkaAccess]:
        if not is_fetched(self._cache):
            self._progress.step("Apache Kafka: downloading, once")
        port = self._fixed_port("KAFKA_PORT")
        kafka = embedded_kafka(family, self._data, self._cache, secret_store, port=port, progress=self._progress.count)
        self._progress.step("Apache Kafka: starting")
        kafka.start()
        users = {
            user: KafkaAccess(kafka.bootstrap_servers, SECURITY_PROTOCOL, user, secret_store.get(f"kafka-{user}"))
            for user in (ADMIN, *SERVICES)
        }
        access_control.grant_exactly(users[ADMIN], access_control.topic_acls(access_control.topics_of()))
        self._progress.done(f"Apache Kafka at {kafka.bootstrap_servers}, one user per service")
        return users

    def _given_mongo(self) -> Mapping[str, MongoAccess]:
        uri = self._environment.get("MONGODB_URI")
        if not uri:
            return {}
        self._progress.done("MongoDB: the one that MONGODB_URI names")
        return {service: MongoAccess(uri, service) for service in SERVICES}

    def _launch_mongod(self, family: ProcessFamily, secret_store: SecretStore) -> EmbeddedMongod:
        mongod = embedded_mongod(family, self._data, secret_store, self._fixed_port("MONGO_PORT"))
        mongod.launch()
        return mongod

    def _wait_for_mongod(self, mongod: EmbeddedMongod, secret_store: SecretStore) -> Mapping[str, MongoAccess]:
        self._progress.step("MongoDB: starting")
        mongod.wait_until_ready()
        databases = {
            service: mongod.give_database(service, secret_store.get(f"mongo-{service}"), service)
            for service in SERVICES
        }
        self._progress.done(f"MongoDB at 127.0.0.1:{mongod.port}, one user per service")
        return databases

    def _start_system(self, system: LocalSystem) -> None:
        self._progress.step("Topics, collections and indexes")
        system.migrate()
        self._progress.done("Topics, collections and indexes are there")
        self._progress.step("Services: starting")
        system.start()
        system.wait_until_ready(self._progress.count)
        self._progress.done(f"{len(system.supervisor.programs)} processes are ready")

    def _play_demo(self, urls: SystemUrls) -> Sequence[Mapping[str, str]]:
        """The demo accounts. Played at the first start only: later starts go on with its data."""
        played = self._data / "demo.json"
        if played.exists():
            self._progress.done("The demo month was played at an earlier start; `make reset` clears it")
            accounts: Sequence[Mapping[str, str]] = json.loads(played.read_text())
            return accounts
        try:
            demo = importlib.import_module("deploy.local.demo")
        except ModuleNotFoundError:
            return []
        self._progress.step("The demo district and its month")
        accounts = list(demo.play(urls, self._progress.done))
        played.write_text(json.dumps(accounts, ensure_ascii=False))
        self._progress.done("The demo month has been played")
        return accounts

    def _stop(self, system: LocalSystem | None, family: ProcessFamily) -> None:
        """Services first, then what they stand on. A second Ctrl-C makes it short."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._hurry)
        self._progress.step("Stopping")
        if system is not None:
            system.supervisor.stop_all(is_hurried=lambda: self._is_hurried)
        family.close(seconds=1.0 if self._is_hurried else 15.0)
        self._progress.end("Everything has stopped")

    def _hurry(self, number: int, frame: FrameType | None) -> None:
        self._is_hurried = True


def reset(state: Path) -> None:
    """Clears data and logs; the downloaded Kafka stays. Raises CannotStart while the system runs."""
    with checks.hold_lock(state / "run.lock"):
        for name in ("data", "log"):
            shutil.rmtree(state / name, ignore_errors=True)
    print("The data of the local system is gone; the next `make run` starts anew.")
