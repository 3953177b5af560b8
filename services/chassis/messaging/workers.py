"""The processes that messaging needs, for a service's `__main__`: relay, consume and timers.

Each runs until it is told to stop and closes within 25 s. Any unforeseen error ends it; its supervisor starts it anew,
and all its state is in Mongo and Kafka.
"""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import structlog
from pymongo.database import Database

from chassis.context import utc_now
from chassis.failures import Unavailable
from chassis.messaging import metrics
from chassis.messaging.broker_watch import BrokerWatch, WatchedPublisher, WatchedSource, outbox_reported_meanwhile
from chassis.messaging.consumer import Brake, Consumer, TooManyDeadLetters
from chassis.messaging.handlers import Handler
from chassis.messaging.kafka.connection import KafkaConnection
from chassis.messaging.kafka.consumer import KafkaSource
from chassis.messaging.kafka.producer import KafkaPublisher
from chassis.messaging.lease import Lease, LeaseLost, LeaseTable
from chassis.messaging.mongo.lease import MongoLeaseTable
from chassis.messaging.mongo.outbox_rows import MongoOutboxRows, OutboxAlarm
from chassis.messaging.relay import Relay
from chassis.messaging.routes import Routes
from chassis.messaging.timers import Timer, Timers
from chassis.messaging.waiting import Stopping, Waiting
from chassis.runtime.readiness import Readiness
from chassis.runtime.settings import ServiceSettings
from chassis.runtime.worker import Worker, worker_process
from chassis.storage.mongo import MongoStore, open_database, unavailable_when_gone
from chassis.storage.mongo_clock import MongoClock

_log = structlog.get_logger("worker")

_LEASE_RETRY_SECONDS = 0.5
_ALARM_SECONDS = 2.0
"""A change stream that hangs must not hold up the lease."""
_COMMIT_SECONDS = 15.0
"""A database that hangs must leave time to close within the 25 s after a SIGTERM."""


def run_relay(service: str, settings: ServiceSettings, *, state_topics: Collection[str]) -> None:
    """Publish the service's outbox. `state_topics`: its own compacted topics, as the contracts name them.

    Raises LeaseLost or PublishingFailed, which end the process.
    """
    database = _database(service, settings)
    rows, watch = MongoOutboxRows(database), _broker_watch()
    with (
        worker_process(service, "relay", settings, readiness=_mongo_answers(database)) as worker,
        outbox_reported_meanwhile(rows, watch),
    ):
        try:
            _relay(
                service,
                settings,
                worker,
                table=MongoLeaseTable(database),
                rows=rows,
                watch=watch,
                state_topics=state_topics,
            )
        except Stopping:
            pass


def _relay(
    service: str,
    settings: ServiceSettings,
    worker: Worker,
    *,
    table: LeaseTable,
    rows: MongoOutboxRows,
    watch: BrokerWatch,
    state_topics: Collection[str],
) -> None:
    waiting = Waiting(worker.shutdown, worker.heartbeat.beat)
    lease = Lease(table, "relay", _who())
    kafka = KafkaConnection.of(settings)
    publisher = waiting.until_available(lambda: watch.watch(lambda: KafkaPublisher(kafka, service)))
    try:
        waited_for(lease, waiting)
        with ThreadPoolExecutor(2, "beside") as beside:
            relay = Relay(
                rows,
                WatchedPublisher(publisher, watch),
                lease,
                state_topics=state_topics,
                beside=beside,
                beat=worker.heartbeat.beat,
            )
            relay.run(worker.shutdown, OutboxAlarm(_database(service, settings, socket_seconds=_ALARM_SECONDS)))
    except BaseException as error:
        # What the producer still holds must not go out once the lease is another's; what did is announced.
        publisher.close(0)
        if isinstance(error, LeaseLost):
            _log.error("the lease is lost: ending")
            _announce_late(table)
        raise
    else:
        publisher.close()
    finally:
        _let_go(lease)


def run_consume(
    service: str,
    settings: ServiceSettings,
    *,
    handlers: Sequence[Handler],
    brake: Brake | None = None,
    halts: bool = True,
) -> None:
    """Read the topics that `handlers` handle. The group is the service.

    When too much is dead-lettered: `halts` stays alive, not ready and without reading on, until it is started anew;
    otherwise TooManyDeadLetters is raised, which ends the process.
    """
    database = _database(service, settings)
    halted = _Flag()
    readiness = Readiness({**_mongo_answers(database).checks, "not halted by dead letters": halted.lowered})
    with worker_process(service, "consume", settings, readiness=readiness) as worker:
        waiting = Waiting(worker.shutdown, worker.heartbeat.beat)
        try:
            _consume(
                service, settings, worker, MongoStore(database, timeout_seconds=_COMMIT_SECONDS), handlers, brake=brake
            )
        except Stopping:
            pass
        except TooManyDeadLetters as error:
            metrics.HALTED.set(1)
            _log.critical(
                "too many dead letters: reading no further until this process is started anew", why=str(error)
            )
            if not halts:
                raise
            halted.raised = True
            while worker.going_on():
                waiting.stop.wait(1.0)


def _consume(
    service: str,
    settings: ServiceSettings,
    worker: Worker,
    store: MongoStore,
    handlers: Sequence[Handler],
    *,
    brake: Brake | None,
) -> None:
    topics = Routes(handlers).topics
    waiting = Waiting(worker.shutdown, worker.heartbeat.beat)
    watch, kafka = _broker_watch(), KafkaConnection.of(settings)
    source = waiting.until_available(lambda: watch.watch(lambda: KafkaSource(kafka, service, topics)))
    try:
        watched, beat = WatchedSource(source, watch), worker.heartbeat.beat
        Consumer(service, handlers, store, watched, worker.shutdown, brake=brake, beat=beat).run()
    finally:
        source.close()


def run_timers(
    service: str, settings: ServiceSettings, *, timers: Sequence[Timer], by_databases_clock: bool = False
) -> None:
    """Run the service's timers, in one process at a time. Raises LeaseLost, which ends the process.

    `by_databases_clock`: for timers that look again at what they have put off themselves; a wrong clock of this machine
    would put it off for hours.
    """
    database = _database(service, settings)
    with worker_process(service, "timers", settings, readiness=_mongo_answers(database)) as worker:
        waiting = Waiting(worker.shutdown, worker.heartbeat.beat)
        try:
            lease = waited_for(Lease(MongoLeaseTable(database), "timers", _who()), waiting)
        except Stopping:
            return
        try:
            Timers(
                timers,
                MongoStore(database),
                lease,
                worker.shutdown,
                beat=worker.heartbeat.beat,
                clock=MongoClock(database) if by_databases_clock else utc_now,
            ).run()
        finally:
            _let_go(lease)


def waited_for(lease: Lease, waiting: Waiting) -> Lease:
    """The lease, once it is ours. Raises Stopping."""
    while not waiting.until_available(lease.acquire):
        waiting.beat()
        if waiting.stop.wait(_LEASE_RETRY_SECONDS):
            raise Stopping
    return lease


def _announce_late(table: LeaseTable) -> None:
    try:
        table.announce_late("relay")
    except Unavailable:
        _log.warning("the successor could not be told that this relay may have sent late")


def _let_go(lease: Lease) -> None:
    try:
        lease.release()
    except Unavailable:
        pass  # it runs out by itself


def _database(service: str, settings: ServiceSettings, *, socket_seconds: float | None = None) -> Database[Any]:
    uri = settings.mongodb_uri.get_secret_value()
    return open_database(uri, settings.mongodb_database, app=service, socket_seconds=socket_seconds)


def _mongo_answers(database: Database[Any]) -> Readiness:
    def answers() -> bool:
        with unavailable_when_gone(2.0):
            return bool(database.command("ping").get("ok"))

    return Readiness({"mongo": answers})


def _broker_watch() -> BrokerWatch:
    """This process's, shown by its metrics."""
    watch = BrokerWatch()
    metrics.KAFKA_UNANSWERED_SECONDS.set_function(lambda: watch.seconds)
    return watch


def _who() -> str:
    """A holder's name: unique, and enough for an operator to find the process."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}"


class _Flag:
    def __init__(self) -> None:
        self.raised = False

    def lowered(self) -> bool:
        return not self.raised
