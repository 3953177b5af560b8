"""The database's clock: asked, or asked now and then and counted on in between."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from bson.codec_options import CodecOptions
from pymongo.database import Database

from chassis.storage.mongo import unavailable_when_gone

ASKED_EVERY_SECONDS = 5.0
_AWARE: CodecOptions[dict[str, Any]] = CodecOptions(tz_aware=True, tzinfo=UTC)


def server_time(database: Database[dict[str, Any]], *, timeout_seconds: float) -> datetime:
    """Now, UTC, in whole milliseconds, by the server's clock. Raises Unavailable when it does not answer.

    A statement that needs the time says `$$NOW` itself and spares the question.
    """
    with unavailable_when_gone(timeout_seconds):
        said = database.command("hello", codec_options=_AWARE)["localTime"]
    assert isinstance(said, datetime)
    return said


class MongoClock:
    """Now, by the one clock that all processes of a service share: what is due at once is due for everyone, whatever
    this machine's wall clock says. Raises Unavailable when the database does not answer."""

    def __init__(self, database: Database[dict[str, Any]], *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._database, self._monotonic = database, monotonic
        self._told, self._at = datetime.fromtimestamp(0, UTC), float("-inf")

    def __call__(self) -> datetime:
        since = self._monotonic() - self._at
        if since >= ASKED_EVERY_SECONDS:
            self._ask()
            since = self._monotonic() - self._at
        return self._told + timedelta(seconds=since)

    def _ask(self) -> None:
        self._told, self._at = server_time(self._database, timeout_seconds=3.0), self._monotonic()
