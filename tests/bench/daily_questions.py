"""What services ask of their databases in daily work, heard from the driver while they do it in this process.

The code that asks is the services' own, down to the command; so what is explained cannot differ from what is asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from pymongo.database import Database
from structlog.testing import capture_logs

from chassis.context import Context, new_uuid7
from chassis.messaging.consumer import Consumer
from chassis.messaging.envelope import Cause
from chassis.messaging.handlers import Handler
from chassis.messaging.memory.broker import MemoryBroker, MemoryPublisher
from chassis.messaging.mongo.outbox_rows import MongoOutboxRows
from chassis.messaging.relay import Aggregate
from chassis.messaging.routes import Routes
from chassis.messaging.timers import Timer
from chassis.runtime.settings import ServiceSettings
from chassis.runtime.shutdown import Shutdown
from chassis.storage.mongo import MongoStore
from chassis.storage.store import Store
from chassis.web.paging import _encoded
from contracts.catalogue import topics
from contracts.model import Contract
from notifications.adapters.delivery_counts import MongoCounter
from notifications.adapters.mongo_queue import MongoQueue
from notifications.application.receipts import put_by
from notifications.domain.delivery import DELIVERIES, Channel
from notifications.domain.receipt import Receipt
from notifications.web.parts import EDGE
from notifications.workers.timers import TIMERS as NOTIFICATIONS_TIMERS
from scheduling.adapters.policy_file import read_policy
from scheduling.adapters.token_trust import rights
from scheduling.bootstrap import app_on
from scheduling.workers.handlers import HANDLERS
from scheduling.workers.timers import TIMERS as SCHEDULING_TIMERS
from tests.bench.commune_desk import HALF_YEARS, convene
from tests.bench.district import ROOT, branch_id, commune_id, person_id, post_states
from tests.bench.ground import Ground
from tests.bench.query_plans import Query, plans
from tests.component.notifications.test_web import COMMUNE, Web
from tests.component.notifications.test_web import MEETING as MEETING_ID
from tests.component.notifications.world import Clock, cancelled, facts, moved, scheduled
from tests.component.scheduling.test_no_scans import FILTERS
from tests.support.query_plans import Recorder, hearing_new_clients
from tests.support.web import ApiClient, TokenOffice, belongs_to, in_charge_of, post
from tests.unit.scheduling import commune as small

A_HANDFUL = frozenset({"signing_keys_seen", "leases", "consumer_progress"})
"""Collections of a few documents for ever: reading them whole is no scan that grows."""
COUNTS_ALL = "aggregate parked by erased"
"""A gauge, six times a minute: how many records are parked is how many there are. Usually none."""
SCHEDULING, NOTIFICATIONS = "scheduling", "notifications"


@dataclass
class Hearing:
    """The questions of a service by the work in which they were asked, each once per work."""

    service: str
    recorder: Recorder = field(default_factory=Recorder)
    queries: list[Query] = field(default_factory=list)

    @contextmanager
    def during(self, work: str) -> Iterator[None]:
        self.recorder.commands.clear()
        with self.recorder.listening():
            yield
        for one in self.recorder.asked(by_id_alone=True):
            if one.collection not in A_HANDFUL and (told := _told(one.command)) != COUNTS_ALL:
                self.queries.append(Query(f"{work}: {told}", one.command))


def plans_of_scheduling(ground: Ground, communes: int, *, far_down: str | None) -> list[str]:
    """Of a district of so many communes; `far_down` is a meeting at the end of the list of all."""
    with _heard(ground, SCHEDULING) as (database, hearing):
        store, office = MongoStore(database), TokenOffice(rights())
        settings = ServiceSettings.model_construct(public_url="http://scheduling.test")
        app = app_on(store, office.authenticator(), read_policy(), settings)
        commune, branch = commune_id(communes // 2), branch_id(communes // 2, 0)
        secretary = office.client(app, person=person_id(0), grants=[post("commune_secretary", commune)])
        with hearing.during("convening"):
            for _ in "twice at the same time":
                _convene(secretary, communes)
        country = office.client(app, person=person_id(1), grants=[post("province_administrator", ROOT)])
        for whose, reader in {
            "country's lists": country,
            "commune's lists": secretary,
            "lists of one in charge": office.client(app, person=person_id(2), portfolios=[in_charge_of(branch)]),
            "lists of a youth": office.client(app, person=person_id(3), grants=[belongs_to(branch)]),
        }.items():
            with hearing.during(whose):
                _read_lists(reader, {small.COMMUNE: commune, small.BRANCHES[0]: branch, small.MEMBER: person_id(0)})
        with hearing.during("far down the country's meetings"):
            if far_down is not None:
                _get(country, f"/v1/meetings?limit=20&cursor={_encoded(far_down)}")
        with hearing.during("timers"):
            _run(SCHEDULING_TIMERS, store)
        _relay(hearing, database)
        told = next(post_states(1))
        _consume(hearing, HANDLERS, store, told, told.post_id)
        return plans(SCHEDULING, database, hearing.queries)


def plans_of_notifications(ground: Ground) -> list[str]:
    """Nothing else may take what is due while this runs: end the deliverers before."""
    with _heard(ground, NOTIFICATIONS) as (database, hearing):
        store, queue = MongoStore(database), MongoQueue(database)
        web = Web(store=store, clock=Clock(queue.now()), make_queue=lambda *_: queue)
        web.app.extensions[EDGE] = replace(web.edge, counter=MongoCounter(database))
        soon = web.clock.now + timedelta(days=7)
        meeting = facts(starts_at=soon).model_copy(update={"unit_id": COMMUNE})
        people = web.people(60, mail=True)
        with hearing.during("inviting"):
            web.hear(scheduled(people, meeting_id=MEETING_ID, meeting=meeting))
        with hearing.during("delivering"):
            web.deliver()
            web.deliver(Channel.EMAIL)
        with hearing.during("receipts"):
            rows = store.find(DELIVERIES, {"about": MEETING_ID}, sort=(("person_id", 1), ("_id", 1)))
            store.commit(put_by([Receipt(row.id, True, "id", 850) for row in rows], web.clock()))
            _run(NOTIFICATIONS_TIMERS, store)
        with hearing.during("a move, a reply, a cancellation"):
            web.hear(moved(soon, meeting_id=MEETING_ID).model_copy(update={"meeting": meeting}))
            web.deliver()
            web.reply("1", phone="0910000000")
            web.hear(cancelled(meeting_id=MEETING_ID).model_copy(update={"meeting": meeting}))
            web.deliver()
        with hearing.during("lists"):
            for path in ("deliveries", f"deliveries?about={MEETING_ID}", "replies", "costs", "dead-letters"):
                web.secretary().get(f"/v1/{path}")
        _relay(hearing, database)
        event = scheduled(people, meeting_id=ROOT, meeting=meeting)
        _consume(hearing, web.handlers, store, event, ROOT)
        return plans(NOTIFICATIONS, database, hearing.queries)


@contextmanager
def _heard(ground: Ground, service: str) -> Iterator[tuple[Database[dict[str, Any]], Hearing]]:
    hearing = Hearing(service)
    with hearing_new_clients(hearing.recorder):
        database = ground.database(service)
    try:
        with capture_logs():  # not among the figures
            yield database, hearing
    finally:
        database.client.close()


def _convene(secretary: ApiClient, communes: int) -> None:
    """In the middle of the district, at the end of the years for which meetings are made."""
    call = convene(communes // 2 + communes * (HALF_YEARS - 1), communes)
    for path in (call.path, "/v1/assignment-meetings"):
        answer = secretary.post(path, data=call.body, content_type="application/json")
        assert answer.status_code == 201, answer.text


def _read_lists(reader: ApiClient, here: Mapping[str, str]) -> None:
    for listing, filters in FILTERS.items():
        for narrowed in filters:
            path = f"/v1/{listing}?limit=20&{narrowed}".removesuffix("&")
            for known, id in here.items():
                path = path.replace(known, id)
            if (following := _get(reader, path)["next_cursor"]) is not None:
                _get(reader, f"{path}&cursor={following}")


def _get(reader: ApiClient, path: str) -> Any:
    answer = reader.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json


def _run(timers: Sequence[Timer], store: Store) -> None:
    for timer in timers:
        timer.run(store, Context(datetime.now(UTC), Cause(new_uuid7())))


def _relay(hearing: Hearing, database: Database[dict[str, Any]]) -> None:
    rows = MongoOutboxRows(database)
    with hearing.during("relay"):
        first = rows.pending(None, 500)
        rows.pending(Aggregate("scheduling.events.v1", ROOT), 500)
        rows.mark_published([one.id for one in first[:50]])
        list(rows.latest_published([str(one.topic) for one in first[:1]], 3600.0, lambda: None))
        rows.backlog()


def _consume(hearing: Hearing, handlers: Sequence[Handler], store: Store, said: Contract, key: str) -> None:
    """One record by way of inbox, parked records and dead letters, as the consume process does."""
    names = Routes(handlers).topics
    broker = MemoryBroker({name: 1 for name in topics() if name in names})
    source = broker.join(hearing.service, names)
    consumer = Consumer(hearing.service, handlers, store, source, Shutdown(), poll_seconds=0.0)
    context = Context(datetime.now(UTC), Cause(new_uuid7()))
    MemoryPublisher(broker, said.TOPIC).send([context.message(said, key=key, sequence=1)], context.now)
    with hearing.during("consume"):
        consumer.step()


def _told(command: Mapping[str, Any]) -> str:
    """A command in words: what is done, where, by which fields."""
    did, collection = next(iter(command.items()))
    wheres = [part["q"] for part in (*command.get("updates", ()), *command.get("deletes", ()))]
    wheres += [stage["$match"] for stage in command.get("pipeline", ()) if "$match" in stage]
    wheres += [command[name] for name in ("filter", "query") if name in command]
    by = ", ".join(dict.fromkeys(name for where in wheres for name in _fields(where)))
    order = ", ".join(command.get("sort", ()))
    return f"{did} {collection} by {by or 'nothing'}" + (f" in order of {order}" if order else "")


def _fields(where: Any) -> Iterator[str]:
    if isinstance(where, list):
        for part in where:
            yield from _fields(part)
    elif isinstance(where, Mapping):
        for name, inner in where.items():
            if name in ("$and", "$or"):
                yield from _fields(inner)
            else:
                yield name
