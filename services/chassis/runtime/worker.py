"""The frame of every process that is not the web: logs, signals, health, and a loop that can be seen to turn."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import structlog

from chassis.failures import Unavailable
from chassis.runtime.garbage import collect_rarely
from chassis.runtime.health import HealthServer, Heartbeat
from chassis.runtime.logging import configure_logging
from chassis.runtime.readiness import ALWAYS_READY, Readiness
from chassis.runtime.settings import ServiceSettings
from chassis.runtime.shutdown import Shutdown

BACK_OFF_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0)

_log = structlog.get_logger("worker")


@dataclass(frozen=True, slots=True)
class Worker:
    """A running process: ask it whether to go on, and tell it that the loop turns."""

    shutdown: Shutdown
    heartbeat: Heartbeat
    health_port: int

    def going_on(self) -> bool:
        """Call once per round: marks the loop as alive; False when the process was asked to end."""
        self.heartbeat.beat()
        return not self.shutdown.asked

    def pause(self, seconds: float) -> None:
        """Sleep, but wake at once when asked to end."""
        self.shutdown.wait(seconds)
        self.heartbeat.beat()

    def repeat(self, step: Callable[[], bool], *, idle_seconds: float) -> None:
        """Run `step` until asked to end. It says whether it found work; without work the loop rests.

        Unavailable makes it back off and try again; any other exception ends the process, which its supervisor
        starts anew: all state is in Mongo and Kafka.
        """
        failures = 0
        while self.going_on():
            try:
                busy = step()
                failures = 0
            except Unavailable as error:
                rest = BACK_OFF_SECONDS[min(failures, len(BACK_OFF_SECONDS) - 1)]
                failures += 1
                _log.warning("unavailable: backing off", reason=str(error), seconds=rest)
                self.pause(rest)
                continue
            if not busy:
                self.pause(idle_seconds)


@contextmanager
def worker_process(
    service: str,
    process: str,
    settings: ServiceSettings,
    *,
    readiness: Readiness = ALWAYS_READY,
    dead_after_seconds: float = 60.0,
) -> Iterator[Worker]:
    """The frame around a worker's loop, from its start to its end."""
    configure_logging(service, process, settings.log_level)
    shutdown = Shutdown().listen()
    heartbeat = Heartbeat(dead_after_seconds=dead_after_seconds)
    health = HealthServer(heartbeat, readiness, address=settings.bind_address, port=settings.health_port).start()
    collect_rarely()
    _log.info("started", health_port=health.port)
    try:
        yield Worker(shutdown, heartbeat, health.port)
        _log.info("ended")
    finally:
        health.close()
