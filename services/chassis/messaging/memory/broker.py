"""A broker in this process: partitioned topics, groups with committed offsets, and the accidents of the real one."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from threading import RLock
from zlib import crc32

from chassis.failures import Unavailable
from chassis.messaging.cloudevents import Headers, Partition, Record, headers_of
from chassis.messaging.envelope import Message
from chassis.messaging.outbox import STATES_ARRIVE_WITHIN
from chassis.messaging.relay import PublishingFailed


@dataclass
class _Group:
    members: list[MemorySource] = field(default_factory=list)
    committed: dict[Partition, int] = field(default_factory=dict)


class TooLate(Exception):
    """The broker refuses a state that was begun too long ago."""


class MemoryBroker:
    """Topics by name with their number of partitions. `away` makes every call raise Unavailable.

    `states`: the topics on which what comes too late is refused, by `clock` (seconds since the epoch).
    """

    def __init__(
        self, topics: Mapping[str, int], states: Collection[str] = (), clock: Callable[[], float] = time.time
    ) -> None:
        self.away = False
        self._states, self._clock = frozenset(states), clock
        self._logs: dict[Partition, list[Record]] = {
            Partition(topic, number): [] for topic, count in topics.items() for number in range(count)
        }
        self._ends = dict.fromkeys(self._logs, 0)
        self._counts = dict(topics)
        self._groups: dict[str, _Group] = {}
        self._lock = RLock()

    def append(
        self, topic: str, key: bytes | None, value: bytes | None, headers: Headers, began: datetime | None = None
    ) -> Record:
        """Write one record, whatever it is. Raises TooLate."""
        with self._lock:
            self.require()
            late = began is not None and began.timestamp() < self._clock() - STATES_ARRIVE_WITHIN
            if late and topic in self._states:
                raise TooLate
            at = Partition(topic, crc32(key or b"") % self._counts[topic])
            record = Record(topic, at.number, self._ends[at], key, headers, value)
            self._logs[at].append(record)
            self._ends[at] += 1
            return record

    def records(self, topic: str) -> list[Record]:
        """All that lies in a topic, partition by partition."""
        with self._lock:
            return [record for at, log in self._logs.items() if at.topic == topic for record in log]

    def compact(self, topic: str) -> None:
        """Keep the last record of each key, and of erased keys nothing, as the cleaner does sooner or later."""
        with self._lock:
            for at, log in self._logs.items():
                if at.topic == topic:
                    last = {record.key: record for record in log}
                    log[:] = [record for record in log if last[record.key] is record and record.value is not None]

    def rewind(self, group: str) -> None:
        """Have a group read everything again: no member may be there."""
        with self._lock:
            self._group(group).committed.clear()

    def join(self, group: str, topics: Collection[str], *, max_records: int = 1000) -> MemorySource:
        """A new member; the group is rebalanced, and every member goes on from the committed offsets."""
        with self._lock:
            self.require()
            source = MemorySource(self, group, topics, max_records=max_records)
            self._group(group).members.append(source)
            self._rebalance(group)
            return source

    def leave(self, source: MemorySource) -> None:
        """A member leaves, or is thought dead; it learns of that at its next commit."""
        with self._lock:
            members = self._group(source.group).members
            if source in members:
                members.remove(source)
                self._rebalance(source.group)

    def require(self) -> None:
        if self.away:
            raise Unavailable("the broker is away")

    def fetch(self, at: Partition, offset: int, limit: int) -> list[Record]:
        with self._lock:
            self.require()
            return [record for record in self._logs[at] if record.offset >= offset][:limit]

    def end(self, at: Partition) -> int:
        with self._lock:
            self.require()
            return self._ends[at]

    def counts(self, topics: Collection[str]) -> dict[str, int]:
        self.require()
        return {topic: self._counts.get(topic, 0) for topic in topics}

    def commit(self, source: MemorySource, generation: int, positions: Mapping[Partition, int]) -> bool:
        with self._lock:
            self.require()
            group = self._group(source.group)
            if source not in group.members or source.generation != generation:
                return False
            group.committed.update(positions)
            return True

    def _group(self, name: str) -> _Group:
        return self._groups.setdefault(name, _Group())

    def _rebalance(self, name: str) -> None:
        group = self._group(name)
        for number, member in enumerate(group.members):
            mine = [at for at in self._logs if at.topic in member.topics and at.number % len(group.members) == number]
            member.assign({at: group.committed.get(at, 0) for at in mine})


class MemorySource:
    """`Source` twin of `kafka.consumer`: a member of a group on a `MemoryBroker`."""

    def __init__(self, broker: MemoryBroker, group: str, topics: Collection[str], *, max_records: int = 1000) -> None:
        self.group, self.topics, self.generation = group, frozenset(topics), 0
        self._broker, self._max_records = broker, max_records
        self._positions: dict[Partition, int] = {}
        self._polled_in = 0

    def assign(self, positions: dict[Partition, int]) -> None:
        self._positions = positions
        self.generation += 1

    def poll(self, seconds: float) -> list[Record]:
        self._broker.require()
        self._polled_in = self.generation
        found: list[Record] = []
        for at, offset in self._positions.items():
            records = self._broker.fetch(at, offset, self._max_records - len(found))
            if records:
                self._positions[at] = records[-1].offset + 1
                found += records
        return found

    def commit(self, positions: Mapping[Partition, int]) -> bool:
        return self._broker.commit(self, self._polled_in, positions)

    def positions(self) -> dict[Partition, int]:
        self._broker.require()
        return dict(self._positions)

    def ends(self, partitions: Collection[Partition]) -> dict[Partition, int]:
        return {at: self._broker.end(at) for at in partitions}

    def partition_counts(self) -> dict[str, int]:
        return self._broker.counts(self.topics)

    def close(self) -> None:
        self._broker.leave(self)


class MemoryPublisher:
    """`Publisher` twin of `kafka.producer`. `accident` is called with each message before it is written; what it
    raises happens to the producer at that point."""

    def __init__(
        self,
        broker: MemoryBroker,
        service: str,
        *,
        largest_bytes: int = 6 * 1024 * 1024,
        accident: Callable[[Message], None] = lambda _: None,
    ) -> None:
        self._broker, self._service, self._largest, self.accident = broker, service, largest_bytes, accident

    def send(self, messages: Sequence[Message], began: datetime) -> MemorySending:
        self._broker.require()
        refused = [message for message in messages if len(message.payload or b"") > self._largest]
        for message in messages:
            if message in refused:
                continue
            self.accident(message)
            try:
                headers = tuple(headers_of(message, self._service))
                self._broker.append(message.topic, message.key.encode(), message.payload, headers, began)
            except (Unavailable, TooLate) as error:
                raise PublishingFailed("the broker went away in the middle, or refused") from error
        return MemorySending(refused)

    def close(self, seconds: float = 0.0) -> None:
        """Nothing is on its way."""


class MemorySending:
    """Arrived at once."""

    def __init__(self, refused: Sequence[Message]) -> None:
        self.refused = refused

    def wait(self, seconds: float) -> bool:
        return True
