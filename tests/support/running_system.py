"""The three services as real processes, with the sinks as their outside world."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.local.process_family import ProcessFamily
from deploy.local.supervisor import Supervised
from deploy.local.system import LocalSystem, SystemUrls, free_ports
from tests.support.inbox_client import InboxClient
from tests.support.platform import Namespace


@dataclass(frozen=True)
class RunningSystem:
    """`urls` for black-box calls, `inbox` for what people received, `process(name)` to kill or freeze one."""

    urls: SystemUrls
    inbox: InboxClient
    system: LocalSystem

    def process(self, name: str) -> Supervised:
        """By name, such as `notifications-deliver`; `.child.kill()`, `.child.freeze()`. Nothing restarts by
        itself here: `restart` does."""
        return self.system.supervisor.programs[name]

    def restart(self, name: str) -> None:
        """Starts a process that has ended, as the supervisor of `make run` would."""
        self.system.supervisor.start(self.process(name).program)


@contextmanager
def running_system(
    namespace: Namespace, directory: Path, settings: Mapping[str, str] | None = None
) -> Iterator[RunningSystem]:
    """Migrates, starts and waits until every process is ready; `settings` go to all service processes."""
    with ProcessFamily(directory / "log") as family:
        system = LocalSystem(family, namespace, free_ports(), directory, settings=settings)
        system.migrate()
        system.start()
        system.wait_until_ready()
        inbox = InboxClient(system.urls.inbox)
        try:
            yield RunningSystem(system.urls, inbox, system)
        finally:
            inbox.close()
            system.supervisor.stop_all(grace=10.0)
