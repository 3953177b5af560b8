"""The deliver process: a deliverer per channel, woken by new notices. Several processes may run at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

import structlog

from chassis.runtime.worker import Worker
from notifications.workers.deliverer import Deliverer

_log = structlog.get_logger("deliver")
_STUCK_SECONDS = 45.0


class DelivererDied(Exception):
    """A deliverer's thread ended by itself: end the process, its supervisor starts it anew."""


def run_deliverers(deliverers: Sequence[Deliverer], worker: Worker) -> None:
    """Run each in a thread until asked to end. Raises DelivererDied."""
    failed: list[BaseException] = []

    def guarded(run: Callable[[], None]) -> Callable[[], None]:
        def body() -> None:
            try:
                run()
            except Exception as error:
                _log.exception("a deliverer failed")
                failed.append(error)

        return body

    threads = [
        threading.Thread(target=guarded(one.run), name=f"deliver-{one.channel.value}", daemon=True)
        for one in deliverers
    ]
    for thread in threads:
        thread.start()
    while not worker.shutdown.wait(0.2):
        if failed or not all(thread.is_alive() for thread in threads):
            raise DelivererDied from (failed[0] if failed else None)
        if all(time.monotonic() - one.last_turn < _STUCK_SECONDS for one in deliverers):
            worker.heartbeat.beat()
    for one in deliverers:
        one.stop()
    for thread in threads:
        thread.join(20)
