"""Leases in MongoDB, on the server's clock: no process's wall clock has a say."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from pymongo import ReturnDocument
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from chassis.messaging.lease import LEASES, Holding
from chassis.storage.mongo import unavailable_when_gone

_TIMEOUT_SECONDS = 3.0
"""Less than a lease, so that a database that hangs is noticed while the lease can still be given up in order."""


class MongoLeaseTable:
    """`LeaseTable` on one database."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._rows = database[LEASES.name]

    def take(self, name: str, holder: str, seconds: float) -> Holding | None:
        free = {"$or": [{"$lte": ["$expires_at", "$$NOW"]}, {"$eq": ["$holder", None]}, {"$eq": ["$holder", holder]}]}
        mine = {
            "$set": {
                "holder": holder,
                "term": {"$cond": [{"$eq": ["$holder", holder]}, "$term", {"$add": ["$term", 1]}]},
                "expires_at": {"$add": ["$$NOW", round(seconds * 1000)]},
            }
        }
        with unavailable_when_gone(_TIMEOUT_SECONDS):
            row = self._take(name, free, mine)
            if row is None and self._rows.find_one({"_id": name}, {"_id": 1}) is None:
                self._make(name)
                row = self._take(name, free, mine)
        if row is None:
            return None
        return Holding(row["term"], row["late"], row["expires_at"] - timedelta(seconds=seconds))

    def give_up(self, name: str, holder: str) -> None:
        with unavailable_when_gone(_TIMEOUT_SECONDS):
            self._rows.update_one({"_id": name, "holder": holder}, {"$set": {"holder": None}})

    def announce_late(self, name: str) -> None:
        with unavailable_when_gone(_TIMEOUT_SECONDS):
            self._rows.update_one({"_id": name}, {"$inc": {"late": 1}})

    def _take(self, name: str, free: dict[str, Any], mine: dict[str, Any]) -> dict[str, Any] | None:
        return self._rows.find_one_and_update(
            {"_id": name, "$expr": free}, [mine], return_document=ReturnDocument.AFTER
        )

    def _make(self, name: str) -> None:
        try:
            self._rows.insert_one({"_id": name, "version": 1, "holder": None, "term": 0, "late": 0, "expires_at": None})
        except DuplicateKeyError:
            pass  # another process made it at the same moment
