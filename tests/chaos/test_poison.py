"""A hundred thousand records that are wrong in some way: each is accounted for, and what is right goes on behind."""

from __future__ import annotations

import json
import logging
import secrets
from collections import Counter
from collections.abc import Iterator, Sequence

import pytest
import structlog
from prometheus_client import Counter as Metric

from chassis.messaging import metrics
from chassis.messaging.consumer import Brake, Consumer
from chassis.messaging.dead_letters import DEAD_LETTERS
from chassis.messaging.handlers import Handler, Projection, Reaction
from chassis.messaging.inbox import INBOX
from chassis.messaging.memory.broker import MemoryBroker
from chassis.messaging.parked import PARKED
from chassis.runtime.shutdown import Shutdown
from chassis.storage.memory import MemoryStore
from contracts.catalogue import CATALOGUE, topics
from notifications.adapters.template_files import TemplateFiles
from notifications.application.announce import Desk, Policy
from notifications.workers.handlers import handlers as notifying
from scheduling.workers.handlers import HANDLERS as SCHEDULING
from tests.chaos.findings import say, table
from tests.chaos.poison import Fate, Poison, headers_like, poisons, valid_payload

COUNT, ROUNDS = 10_000, 5
"""Records per round, rounds per consuming service; there are two."""


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.reset_defaults()


def handlers_of(service: str) -> Sequence[Handler]:
    return list(SCHEDULING) if service == "scheduling" else notifying(Desk(TemplateFiles(), Policy()))


def types_of(handlers: Sequence[Handler]) -> list[str]:
    models = [one.state if isinstance(one, Projection) else one.event for one in handlers]
    return [str(model.TYPE) for model in models]


def total(metric: Metric) -> int:
    """Over all labels."""
    return int(sum(one.value for family in metric.collect() for one in family.samples if one.name.endswith("_total")))


class Tally:
    """What the consumer's own counters say since this was made."""

    def __init__(self) -> None:
        self._counters = {
            "consumed": metrics.CONSUMED,
            "applied": metrics.APPLIED,
            "ignored": metrics.IGNORED,
            "parked": metrics.PARKED,
            "dead letters": metrics.DEAD_LETTERED,
        }
        self._before = {name: total(counter) for name, counter in self._counters.items()}

    def told(self) -> dict[str, int]:
        return {name: total(counter) - self._before[name] for name, counter in self._counters.items()}


@pytest.mark.parametrize("service", ["scheduling", "notifications"])
@pytest.mark.parametrize("round", range(ROUNDS))
def test_every_fuzzed_record_has_exactly_one_fate(service: str, round: int) -> None:
    seed = secrets.randbelow(100_000)
    handlers = handlers_of(service)
    types = types_of(handlers)
    broker = MemoryBroker({topic.name: topic.partitions for topic in topics().values()})
    written: list[tuple[Poison, str]] = []
    for poison in poisons(seed, COUNT, types):
        record = broker.append(poison.topic, poison.key, poison.value, poison.headers)
        written.append((poison, record.origin))
    healthy = [_put_valid(broker, type, number) for number, type in enumerate(types)]

    store, tally = MemoryStore(), Tally()
    consumed = _consume(broker, store, service, handlers, COUNT + len(healthy))

    told = tally.told()
    dead = {letter.id for letter in store.find(DEAD_LETTERS, {})}
    rows = [("what", "records", "dead letters"), *_by_kind(written, dead)]
    say(table(f"{service}: {COUNT} fuzzed records, seed {seed}: {told}", rows))
    assert consumed == told["consumed"] == COUNT + len(healthy)
    assert told["applied"] + told["ignored"] + told["parked"] + told["dead letters"] == consumed
    assert told["dead letters"] == len(dead)
    assert told["parked"] >= store.count(PARKED, {})
    for poison, origin in written:
        if poison.fate is not Fate.ACCOUNTED:
            assert (origin in dead) == (poison.fate is Fate.DEAD), (seed, poison.what, origin)
    assert not dead & set(healthy), "what is right went on behind what is wrong"


def test_dead_letters_keep_bytes_and_origin() -> None:
    handlers = handlers_of("scheduling")
    broker = MemoryBroker({topic.name: topic.partitions for topic in topics().values()})
    written = {}
    for poison in poisons(7, 2_000, types_of(handlers)):
        record = broker.append(poison.topic, poison.key, poison.value, poison.headers)
        written[record.origin] = record
    store = MemoryStore()
    _consume(broker, store, "scheduling", handlers, 2_000)
    letters = store.find(DEAD_LETTERS, {})
    assert len(letters) > 500
    assert all(letter.record == written[letter.id] for letter in letters)


def test_what_is_applied_once_is_not_applied_when_the_topic_is_read_again() -> None:
    """Replay of everything, poison and all, into the used consumer: not one document changes."""
    handlers = handlers_of("notifications")
    broker = MemoryBroker({topic.name: topic.partitions for topic in topics().values()})
    for number, type in enumerate(types_of(handlers)):
        _put_valid(broker, type, number)
    for poison in poisons(11, 3_000, types_of(handlers)):
        broker.append(poison.topic, poison.key, poison.value, poison.headers)
    store = MemoryStore()
    count = _consume(broker, store, "notifications", handlers, 3_000 + len(handlers))
    before = _contents(store)
    broker.rewind("notifications")
    _consume(broker, store, "notifications", handlers, count)
    assert _contents(store) == before


def _consume(broker: MemoryBroker, store: MemoryStore, service: str, handlers: Sequence[Handler], count: int) -> int:
    """A new member reads to the end; how many records it took."""
    brake = Brake(number=1_000_000)
    source = broker.join(service, {CATALOGUE[type].TOPIC for type in types_of(handlers)})
    stop = Shutdown()
    consumer = Consumer(service, handlers, store, source, stop, brake=brake, poll_seconds=0.0)
    taken = 0
    while taken < count:
        taken += consumer.step()
    source.close()
    return taken


def _put_valid(broker: MemoryBroker, type: str, number: int) -> str:
    """A well-formed record behind all the others on its partition; its origin."""
    headers, payload = headers_like(type, 10_000_000 + number), valid_payload(type)
    key = next(iter(json.loads(payload).values())) if is_state(type) else "poison-1"  # a state's first field is its id
    return broker.append(CATALOGUE[type].TOPIC, key.encode(), payload, headers).origin


def is_state(type: str) -> bool:
    return topics()[CATALOGUE[type].TOPIC].kind == "state"


def _by_kind(written: Sequence[tuple[Poison, str]], dead: set[str]) -> list[tuple[str, int, int]]:
    count, died = (
        Counter(one.what for one, _ in written),
        Counter(one.what for one, origin in written if origin in dead),
    )
    return [(what, number, died[what]) for what, number in sorted(count.items())]


def _contents(store: MemoryStore) -> dict[str, set[str]]:
    from notifications.bootstrap import KINDS

    left_out = {"consumer_progress", PARKED.name}
    return {kind.name: {repr(one) for one in store.find(kind, {})} for kind in KINDS if kind.name not in left_out}


def test_reactions_and_inbox_agree() -> None:
    """One inbox row for every event that was applied, and none for those that were not."""
    handlers = handlers_of("scheduling")
    broker = MemoryBroker({topic.name: topic.partitions for topic in topics().values()})
    reacting = [str(one.event.TYPE) for one in handlers if isinstance(one, Reaction)]
    for poison in poisons(3, 3_000, reacting):
        broker.append(poison.topic, poison.key, poison.value, poison.headers)
    store, tally = MemoryStore(), Tally()
    _consume(broker, store, "scheduling", handlers, 3_000)
    assert store.count(INBOX, {}) == tally.told()["applied"]
