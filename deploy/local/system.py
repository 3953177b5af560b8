"""The whole system as processes of this machine: three services, and the sinks around them."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import urllib3

from deploy.local.access import ADMIN, KafkaAccess, MongoAccess
from deploy.local.ports import LOOPBACK, free_port
from deploy.local.process_family import ChildProcess, ProcessFamily
from deploy.local.processes import MIGRATIONS, PROCESSES, RECEIVE, WEB, ServiceProcess
from deploy.local.refusal import CannotStart
from deploy.local.secret_store import SecretStore
from deploy.local.supervisor import Program, Supervisor

REPOSITORY = Path(__file__).parents[2]
SINKS = "sinks"
BRANDNAME = "NHIPDOAN"
MAIL_FROM = "nhipdoan@doan.example"
ADMIN_ACCOUNT = "quantri"
MIGRATION_SECONDS = 90.0
READY_SECONDS = 90.0
MOST_EARLY_RESTARTS = 3


class PlatformAccess(Protocol):
    """How each service reaches Kafka and MongoDB."""

    @property
    def topic_prefix(self) -> str: ...

    def kafka(self, user: str) -> KafkaAccess: ...

    def mongo(self, service: str) -> MongoAccess: ...


@dataclass(frozen=True)
class Ports:
    """Where the system listens. `receive`: where the SMS gateway calls. `health` is by process name, for all that have
    no other port."""

    members: int
    scheduling: int
    notifications: int
    receive: int
    inbox: int
    smtp: int
    health: Mapping[str, int] = field(default_factory=dict)

    def of_web(self, service: str) -> int:
        return {"members": self.members, "scheduling": self.scheduling, "notifications": self.notifications}[service]

    def of_health(self, process: ServiceProcess) -> int:
        if process.process == RECEIVE:
            return self.receive
        return self.of_web(process.service) if process.process == WEB else self.health[process.name]


def ports_from(environment: Mapping[str, str]) -> Ports:
    """The usual ports, or those that the environment sets. Raises CannotStart on a value that is no port."""
    return Ports(
        members=port_from(environment, "MEMBERS_PORT", 8101),
        scheduling=port_from(environment, "SCHEDULING_PORT", 8102),
        notifications=port_from(environment, "NOTIFICATIONS_PORT", 8103),
        receive=port_from(environment, "RECEIVE_PORT", 8104),
        inbox=port_from(environment, "INBOX_PORT", 8190),
        smtp=port_from(environment, "SMTP_PORT", 8125),
        health=_free_health_ports(),
    )


def free_ports() -> Ports:
    """Ports that no one uses, for tests."""
    members, scheduling, notifications, receive, inbox, smtp = (free_port() for _ in range(6))
    return Ports(members, scheduling, notifications, receive, inbox, smtp, _free_health_ports())


@dataclass(frozen=True)
class SystemUrls:
    """Where a person, a test or the demo player finds the running system."""

    members: str
    scheduling: str
    notifications: str
    receive: str
    inbox: str
    smtp_port: int
    admin_account: str
    admin_password: str
    demo_password: str
    """Of all accounts that the demo opens."""


class LocalSystem:
    """Every process of the three services, with the sinks as their outside world.

    `settings` are further variables for all service processes, such as QUIET_HOURS or LOG_LEVEL.
    """

    def __init__(
        self,
        family: ProcessFamily,
        platform: PlatformAccess,
        ports: Ports,
        data: Path,
        *,
        settings: Mapping[str, str] | None = None,
        tell: Callable[[str], None] = print,
    ) -> None:
        """`data` keeps what the sinks received and the secrets; `tell` gets what a person should know."""
        self._family = family
        self._platform = platform
        self._ports = ports
        self._data = data
        self._secrets = SecretStore(data / "secrets.json")
        self._settings = dict(settings or {})
        self.supervisor = Supervisor(family, tell)

    @property
    def urls(self) -> SystemUrls:
        ports = self._ports
        return SystemUrls(
            members=_url(ports.members),
            scheduling=_url(ports.scheduling),
            notifications=_url(ports.notifications),
            receive=_url(ports.receive),
            inbox=_url(ports.inbox),
            smtp_port=ports.smtp,
            admin_account=ADMIN_ACCOUNT,
            admin_password=self._secrets.get("admin-account"),
            demo_password=self._secrets.get("demo-accounts"),
        )

    def migrate(self) -> None:
        """Topics, collections, indexes, the first account. Raises CannotStart with the last words of what failed."""
        children = [
            self._family.start(one.name, self._command(one), self.environment(one), REPOSITORY) for one in MIGRATIONS
        ]
        deadline = time.monotonic() + MIGRATION_SECONDS
        for child in children:
            if not child.wait(max(deadline - time.monotonic(), 0.1)) or child.exit_code != 0:
                raise CannotStart(f"{child.name} failed; its last words in {child.log}:\n{child.log_tail(5)}")

    def start(self) -> None:
        """Starts every process, without waiting."""
        self.supervisor.start(
            Program(
                SINKS,
                [sys.executable, "-m", "deploy.local.sinks"],
                {**self._base_environment(), **self._sink_environment()},
                f"{self.urls.inbox}/readyz",
                REPOSITORY,
            )
        )
        for process in PROCESSES:
            readiness = f"{_url(self._ports.of_health(process))}/readyz"
            program = Program(process.name, self._command(process), self.environment(process), readiness, REPOSITORY)
            self.supervisor.start(program)

    def wait_until_ready(
        self, progress: Callable[[int, int], None] | None = None, seconds: float = READY_SECONDS
    ) -> None:
        """Returns when every process says that it can do its work. Raises CannotStart with the last words of one
        that cannot."""
        deadline = time.monotonic() + seconds
        waiting = dict(self.supervisor.programs)
        count = len(waiting)
        with urllib3.PoolManager(retries=False, timeout=2.0) as http:
            while waiting:
                self.supervisor.look_once()
                for name, supervised in list(waiting.items()):
                    if _is_ready(http, supervised.program.readiness_url):
                        del waiting[name]
                        if progress is not None:
                            progress(count - len(waiting), count)
                    elif supervised.restarts >= MOST_EARLY_RESTARTS or time.monotonic() > deadline:
                        raise CannotStart(_last_words(supervised.child))
                time.sleep(0.1)  # readiness is asked for, not announced

    def environment(self, process: ServiceProcess) -> Mapping[str, str]:
        """All variables of one process of a service."""
        service = process.service
        user = ADMIN if process in MIGRATIONS else service
        port = 0 if process in MIGRATIONS else self._ports.of_health(process)
        return {
            **self._base_environment(),
            **self._platform.kafka(user).environment(),
            **self._platform.mongo(service).environment(),
            "TOPIC_PREFIX": self._platform.topic_prefix,
            "PORT": str(port if process.is_served else self._ports.of_web(service)),
            "HEALTH_PORT": str(port),
            "PUBLIC_URL": _url(self._ports.of_web(service)),
            **self._service_environment(service),
            **self._settings,
        }

    def _service_environment(self, service: str) -> Mapping[str, str]:
        if service == "members":
            return {
                "KEY_ENCRYPTION_SECRET": self._secrets.get("key-encryption"),
                "BOOTSTRAP_ADMIN_PASSWORD": self._secrets.get("admin-account"),
            }
        if service == "notifications":
            return {
                **self._gateway_environment(),
                "SMS_GATEWAY_URL": f"{self.urls.inbox}/gateway/esms",
                "SMTP_HOST": LOOPBACK,
                "SMTP_PORT": str(self._ports.smtp),
                "MAIL_FROM": MAIL_FROM,
                "QUIET_HOURS": "",
            }
        return {}

    def _gateway_environment(self) -> Mapping[str, str]:
        return {
            "SMS_GATEWAY_API_KEY": self._secrets.get("sms-api-key"),
            "SMS_GATEWAY_SECRET_KEY": self._secrets.get("sms-secret-key"),
            "SMS_BRANDNAME": BRANDNAME,
            "CALLBACK_URL": self.urls.receive,
        }

    def _sink_environment(self) -> Mapping[str, str]:
        return {
            **self._gateway_environment(),
            "INBOX_PORT": str(self._ports.inbox),
            "SMTP_PORT": str(self._ports.smtp),
            "SINK_DIRECTORY": str(self._data / "sinks"),
            "QUIET_HOURS": self._settings.get("QUIET_HOURS", ""),
            "SMS_SINK_FAULTS": self._settings.get("SMS_SINK_FAULTS", ""),
        }

    @staticmethod
    def _base_environment() -> Mapping[str, str]:
        """Nothing of the caller's environment but what programs need to run at all: a stray PORT must not decide."""
        kept = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "LOG_LEVEL")
        inherited = {name: os.environ[name] for name in kept if name in os.environ}
        return {**inherited, "PYTHONPATH": f"{REPOSITORY / 'services'}:{REPOSITORY}", "PYTHONUNBUFFERED": "1"}

    @staticmethod
    def _command(process: ServiceProcess) -> list[str | Path]:
        return [sys.executable, "-m", process.service, process.process]


def _url(port: int) -> str:
    return f"http://{LOOPBACK}:{port}"


def port_from(environment: Mapping[str, str], name: str, usual: int) -> int:
    """The port that the variable `name` sets, else the usual one. Raises CannotStart on a value that is no port."""
    value = environment.get(name) or str(usual)
    if not value.isdigit() or not 0 < int(value) < 65536:
        raise CannotStart(f"{name} is {value!r}, which is no port number.")
    return int(value)


def _free_health_ports() -> Mapping[str, int]:
    return {process.name: free_port() for process in PROCESSES if not process.is_served}


def _is_ready(http: urllib3.PoolManager, url: str | None) -> bool:
    try:
        return url is None or http.request("GET", url).status == 200
    except urllib3.exceptions.HTTPError:
        return False


def _last_words(child: ChildProcess) -> str:
    return f"{child.name} does not get ready; its last words in {child.log}:\n{child.log_tail(5)}"
