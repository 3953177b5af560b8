"""How far a service's read models have come for the first time; its web processes are not ready before.

A consume process notes the end of each partition it is given, and writes a row for the partition once it has passed
that end. When every partition of every topic has its row, the service has caught up, for good: a later lag is told by
metrics, not by readiness.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from chassis.messaging.cloudevents import Partition
from chassis.storage.changes import Changes
from chassis.storage.documents import Document, Kind
from chassis.storage.store import Store


class ConsumerProgress(Document):
    """Id: `topic:partition` for a partition that was caught up with, `topic` for a topic whose every partition was."""

    caught_up_at: datetime


CONSUMER_PROGRESS: Kind[ConsumerProgress] = Kind("consumer_progress", ConsumerProgress)


def caught_up(store: Store, topics: Collection[str]) -> bool:
    """Whether all of `topics` have once been read up to their end. Raises Unavailable."""
    return len(store.get_many(CONSUMER_PROGRESS, topics)) == len(set(topics))


def note_caught_up(
    store: Store, reached: Iterable[Partition], partitions: Mapping[str, int], *, now: datetime
) -> frozenset[str]:
    """Note partitions whose end was reached; returns the topics that are complete. `partitions`: count per topic."""
    rows = [ConsumerProgress(id=_id(partition), caught_up_at=now) for partition in reached]
    store.commit(Changes().insert_absent(CONSUMER_PROGRESS, *rows))
    wanted = {topic: {_id(Partition(topic, n)) for n in range(count)} for topic, count in partitions.items()}
    there = store.get_many(CONSUMER_PROGRESS, [id for ids in wanted.values() for id in ids]).keys()
    complete = [topic for topic, ids in wanted.items() if ids <= there]
    store.commit(
        Changes().insert_absent(
            CONSUMER_PROGRESS, *(ConsumerProgress(id=topic, caught_up_at=now) for topic in complete)
        )
    )
    return frozenset(complete)


def _id(partition: Partition) -> str:
    return f"{partition.topic}:{partition.number}"
