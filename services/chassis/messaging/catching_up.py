"""Noting how far the first reading has come, so that `progress.caught_up` can be asked by a web process."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Protocol

from chassis.messaging.cloudevents import Partition
from chassis.messaging.progress import caught_up, note_caught_up
from chassis.storage.store import Store


class Log(Protocol):
    """What is asked of a `consumer.Source`."""

    def positions(self) -> Mapping[Partition, int]: ...
    def ends(self, partitions: Collection[Partition]) -> Mapping[Partition, int]: ...
    def partition_counts(self) -> Mapping[str, int]: ...


class FirstCatchUp:
    """Compares where this member is with the ends that it found when each partition was given to it."""

    def __init__(self, store: Store, log: Log, topics: Collection[str], clock: Callable[[], datetime]) -> None:
        self._store, self._log, self._topics, self._clock = store, log, topics, clock
        self._ends: dict[Partition, int] = {}
        self._noted: set[Partition] = set()
        self._complete = False

    def look(self) -> bool:
        """Note what was reached since; whether the service has caught up. Raises Unavailable.

        Call it when everything that was polled is also settled.
        """
        if self._complete:
            return True
        if caught_up(self._store, self._topics):
            self._complete = True
            return True
        positions = self._log.positions()
        new = [partition for partition in positions if partition not in self._ends]
        if new:
            self._ends.update(self._log.ends(new))
        reached = {
            partition
            for partition, position in positions.items()
            if partition not in self._noted and position >= self._ends.get(partition, position + 1)
        }
        if reached:
            counts = {topic: count for topic, count in self._log.partition_counts().items() if count}
            note_caught_up(self._store, reached, counts, now=self._clock())
            self._noted |= reached
        return False
