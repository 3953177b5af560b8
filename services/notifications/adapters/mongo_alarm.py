"""Wakes deliverers when there is something to say. The queue's due times are the truth; this only saves waiting."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import structlog
from pymongo.database import Database
from pymongo.errors import PyMongoError
from pymongo.read_concern import ReadConcern

from notifications.domain.notice import NOTICES

_log = structlog.get_logger("alarm")
_OPEN_AGAIN_SECONDS = 2.0


class NoticeAlarm:
    """Calls `wake` for each new notice, from a thread of its own: one change per event, however many it tells."""

    def __init__(self, database: Database[dict[str, Any]], wake: Callable[[], None]) -> None:
        self._database, self._wake = database, wake
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="alarm", daemon=True)

    def start(self) -> NoticeAlarm:
        self._thread.start()
        return self

    def close(self) -> None:
        self._stopped.set()
        self._thread.join(5)

    def _run(self) -> None:
        only_new: list[dict[str, Any]] = [{"$match": {"operationType": "insert"}}, {"$project": {"_id": 1}}]
        # The services read "local"; a change stream takes "majority" alone.
        notices = self._database.get_collection(NOTICES.name, read_concern=ReadConcern("majority"))
        while not self._stopped.is_set():
            try:
                with notices.watch(only_new, max_await_time_ms=1_000) as stream:
                    while not self._stopped.is_set():
                        if stream.try_next() is not None:
                            self._wake()
            except PyMongoError as error:
                _log.warning("no change stream: polling goes on", reason=type(error).__name__)
                self._stopped.wait(_OPEN_AGAIN_SECONDS)
