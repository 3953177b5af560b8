"""Counts of deliveries: by MongoDB where they lie, or over any store (the twin for tests)."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from pymongo.database import Database

from chassis.storage.documents import Filter
from chassis.storage.mongo import unavailable_when_gone
from chassis.storage.store import Store
from notifications.application.look_up import Count
from notifications.domain.delivery import DELIVERIES, Channel, State


class MongoCounter:
    """`Counter` by one aggregation."""

    def __init__(self, database: Database[dict[str, Any]], *, timeout_seconds: float = 20.0) -> None:
        self._deliveries, self._timeout = database[DELIVERIES.name], timeout_seconds

    def count(self, where: Filter) -> list[Count]:
        group = {
            "_id": {"channel": "$channel", "state": "$state", "reason": {"$ifNull": ["$reason", None]}},
            "deliveries": {"$sum": 1},
            "parts": {"$sum": {"$ifNull": ["$parts", 0]}},
            "price": {"$sum": {"$ifNull": ["$price_vnd", 0]}},
        }
        with unavailable_when_gone(self._timeout):
            found = list(self._deliveries.aggregate([{"$match": dict(where)}, {"$group": group}]))
        return _ordered(
            Count(
                Channel(row["_id"]["channel"]),
                State(row["_id"]["state"]),
                row["_id"]["reason"],
                row["deliveries"],
                row["parts"],
                row["price"],
            )
            for row in found
        )


class StoreCounter:
    """`Counter` over any store, reading every row."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def count(self, where: Filter) -> list[Count]:
        sums: dict[tuple[Channel, State, str | None], list[int]] = defaultdict(lambda: [0, 0, 0])
        for row in self._store.find(DELIVERIES, where):
            sum = sums[(row.channel, row.state, row.reason)]
            sum[0] += 1
            sum[1] += row.parts or 0
            sum[2] += row.price_vnd or 0
        return _ordered(Count(*key, *sum) for key, sum in sums.items())


def _ordered(counts: Any) -> list[Count]:
    return sorted(counts, key=lambda one: (one.channel.value, one.state.value, one.reason or ""))
