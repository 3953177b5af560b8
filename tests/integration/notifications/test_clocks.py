"""What waits until it is due is due by the database's clock: a machine whose own is an hour off puts nothing off."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from pymongo.database import Database

from chassis.messaging import workers
from chassis.messaging.timers import Timers
from chassis.runtime.health import Heartbeat
from chassis.runtime.shutdown import Shutdown
from chassis.runtime.worker import Worker
from chassis.storage.mongo_clock import MongoClock
from notifications import __main__ as main
from notifications import bootstrap
from notifications.settings import Settings
from tests.support.asgi import call
from tests.support.platform import Namespace

pytestmark = pytest.mark.embedded

THEN = datetime(2031, 3, 26, 7, 30, tzinfo=UTC)
REPORT = "SMSID=s-1&SendStatus=5&SendSuccess=1&SendFailed=0&TotalPrice=850"


@pytest.fixture
def settings(namespace: Namespace, database: Database[dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> Settings:
    environment = {**namespace.mongo("notifications").environment(), "QUIET_HOURS": ""}
    for name, value in (environment | {"SMS_GATEWAY_API_KEY": "key", "SMS_GATEWAY_SECRET_KEY": "secret"}).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(MongoClock, "__call__", lambda _: THEN)
    monkeypatch.setattr(bootstrap, "database_of", lambda _: database)
    monkeypatch.setattr(workers, "_database", lambda *_: database)
    return Settings()


@pytest.mark.parametrize("headers", [{}, {"X-Correlation-Id": "0190a1b2-0000-7000-8000-000000000001"}])
def test_a_receipt_is_due_at_once_by_the_databases_clock(
    settings: Settings, database: Database[dict[str, Any]], headers: dict[str, str]
) -> None:
    proof = bootstrap.receipt_proofs(settings).of("d" * 32)
    receiver = bootstrap.receiver_app(settings)
    assert call(receiver, f"/v1/gateways/esms/receipts/{proof}?{REPORT}", headers).status == 200
    [batch] = database["receipt_batches"].find({})
    assert batch["due"] == THEN


@contextmanager
def in_this_process(*_: Any, **__: Any) -> Iterator[Worker]:
    """A worker's frame that leaves this process's log, signals and memory as they are: the next test has them too."""
    yield Worker(Shutdown(), Heartbeat(dead_after_seconds=60.0), 0)


def test_timers_are_told_the_databases_time(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[datetime] = []

    class Told(Timers):
        def run(self) -> None:
            told.append(self._clock())

    monkeypatch.setattr(workers, "worker_process", in_this_process)
    monkeypatch.setattr(workers, "Timers", Told)
    main.timers(settings)
    assert told == [THEN]
