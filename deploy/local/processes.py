"""The one list of processes. compose and kubernetes hold the same ones; a test compares them."""

from __future__ import annotations

from dataclasses import dataclass

WEB = "web"
RECEIVE = "receive"
MIGRATE = "migrate"


@dataclass(frozen=True)
class ServiceProcess:
    """Started as `python -m <service> <process>`."""

    service: str
    process: str

    @property
    def name(self) -> str:
        return f"{self.service}-{self.process}"

    @property
    def is_served(self) -> bool:
        """Whether it listens on PORT, for callers from outside; all others have a HEALTH_PORT alone."""
        return self.process in (WEB, RECEIVE)


PROCESSES_OF = {
    "members": (WEB, "relay", "consume", "timers"),
    "scheduling": (WEB, "relay", "consume", "timers"),
    "notifications": (WEB, RECEIVE, "relay", "consume", "deliver", "timers"),
}

# These stay up …
PROCESSES = tuple(
    ServiceProcess(service, process) for service, processes in PROCESSES_OF.items() for process in processes
)
# … and these run once before them, with the Kafka user who may create topics.
MIGRATIONS = tuple(ServiceProcess(service, MIGRATE) for service in PROCESSES_OF)
