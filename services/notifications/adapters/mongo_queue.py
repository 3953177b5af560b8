"""The delivery queue on MongoDB: a handful of round trips per batch, on the server's clock."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from pymongo import UpdateMany
from pymongo.client_session import ClientSession
from pymongo.database import Database

from chassis.messaging.envelope import Message
from chassis.messaging.outbox import publish
from chassis.storage.bson_form import from_bson, to_bson
from chassis.storage.changes import Changes
from chassis.storage.mongo import unavailable_when_gone
from chassis.storage.mongo_clock import server_time
from chassis.storage.one_statement import in_statements, own_of
from notifications.application.ports import Result
from notifications.domain.delivery import CLAIMED, DELIVERIES, LONG_AGO, Channel, Delivery, State, as_told

_CLAIMED = [state.value for state in CLAIMED]
_IN_DOUBT = [state.value for state in (State.SENDING, State.ASKING, State.UNKNOWN, State.ACCEPTED)]
_NEXT_VERSION = {"version": {"$add": ["$version", 1]}}
_LOOK_AHEAD = 4
_ASKED = "asked"
_SET = ("state", "due", "attempts", "reason")
_SET_IF_KNOWN = ("in_doubt", "gateway_id", "parts", "price_vnd", "sent_at", "done_at")


class MongoQueue:
    """`DeliveryQueue` on one database. Safe for threads; not for forks."""

    def __init__(self, database: Database[dict[str, Any]], *, timeout_seconds: float = 20.0) -> None:
        self._database, self._timeout = database, timeout_seconds
        self._deliveries = database[DELIVERIES.name]
        self._owner, self._claims = secrets.token_hex(6), count(1)
        self._spread = 0

    def now(self) -> datetime:
        return server_time(self._database, timeout_seconds=self._timeout)

    def claim(self, channel: Channel, *, limit: int, lease_seconds: float) -> list[Delivery]:
        claim = f"{self._owner}:{next(self._claims)}"
        with unavailable_when_gone(self._timeout):
            rows = self._due(channel, limit)
            if not rows:
                return []
            now: datetime = rows[0][_ASKED]
            due, until = {"$gt": LONG_AGO, "$lte": now}, now + timedelta(seconds=lease_seconds)
            fresh = [row["_id"] for row in rows if row["state"] == State.QUEUED.value]
            doubtful = [row["_id"] for row in rows if row["state"] != State.QUEUED.value]
            taken = self._take(fresh, due, [State.QUEUED.value], State.SENDING, claim=claim, until=until)
            taken += self._take(doubtful, due, _IN_DOUBT, State.ASKING, claim=claim, until=until)
            # Where another deliverer was after the same rows: look further down the queue next time.
            self._spread = (self._spread + 1) % _LOOK_AHEAD if taken < len(rows) else 0
            if taken < len(rows):
                ids = [row["_id"] for row in rows]
                ours = self._deliveries.find({"_id": {"$in": ids}, "claim": claim})
                return [from_bson(DELIVERIES, row) for row in ours]
        return [_taken(row, claim, until) for row in rows]

    def _due(self, channel: Channel, limit: int) -> list[dict[str, Any]]:
        """What is due by the server's clock, each row with the instant at which it was asked."""
        skip = self._spread * limit
        rows = self._first_due(channel, skip, limit)
        return rows if rows or not skip else self._first_due(channel, 0, limit)

    def _first_due(self, channel: Channel, skip: int, limit: int) -> list[dict[str, Any]]:
        where = {"channel": channel.value, "due": {"$gt": LONG_AGO}, "$expr": {"$lte": ["$due", "$$NOW"]}}
        found: list[dict[str, Any]] = [{"$match": where}, {"$sort": {"due": 1, "_id": 1}}]
        if skip:
            found.append({"$skip": skip})
        # A batch of its own size: the first answer holds all rows.
        asked = [*found, {"$limit": limit}, {"$set": {_ASKED: "$$NOW"}}]
        return list(self._deliveries.aggregate(asked, batchSize=limit + 1))

    def _take(
        self,
        ids: list[str],
        due: dict[str, Any],
        states: list[str],
        become: State,
        *,
        claim: str,
        until: datetime,
    ) -> int:
        if not ids:
            return 0
        return self._deliveries.update_many(
            {"_id": {"$in": ids}, "due": due, "state": {"$in": states}},
            {
                "$set": {"claim": claim, "due": until, "state": become.value},
                "$inc": {"attempts": 1, "version": 1},
            },
        ).modified_count

    def renew(self, held: Collection[Delivery], *, lease_seconds: float) -> None:
        if not held:
            return
        until = {"$add": ["$$NOW", round(lease_seconds * 1000)]}
        claims = list({row.claim for row in held})
        with unavailable_when_gone(self._timeout):
            self._deliveries.update_many(
                {"_id": {"$in": [row.id for row in held]}, "claim": {"$in": claims}, "state": {"$in": _CLAIMED}},
                [{"$set": {"due": until} | _NEXT_VERSION}],
            )

    def record(self, results: Sequence[Result], messages: Sequence[Message]) -> int:
        if not results:
            return 0
        if not messages:
            with unavailable_when_gone(self._timeout):
                return self._deliveries.bulk_write(_written(results), ordered=False).matched_count
        return self._record_and_publish(results, messages)

    def _record_and_publish(self, results: Sequence[Result], messages: Sequence[Message]) -> int:
        outbox: dict[str, list[Any]] = {}
        for message in messages:
            outbox.setdefault(message.key, []).extend(publish(Changes(), message).changes)

        def write(session: ClientSession) -> int:
            wanted = {one.id: one.claim for one in results}
            held = [
                row["_id"]
                for row in self._deliveries.find(
                    {"_id": {"$in": list(wanted)}, "state": {"$in": _CLAIMED}}, {"claim": 1}, session=session
                )
                if row.get("claim") == wanted[row["_id"]]
            ]
            mine = set(held)
            writes = _written([one for one in results if one.id in mine])
            if writes:
                self._deliveries.bulk_write(writes, ordered=False, session=session)
            rows = [change for key in held for change in outbox.get(key, ())]
            if rows:
                self._database[rows[0].kind.name].insert_many(
                    [to_bson(change.document) for change in rows], session=session
                )
            return len(held)

        with unavailable_when_gone(self._timeout), self._database.client.start_session() as session:
            return session.with_transaction(write)

    def stop_queued(self, notice_ids: Collection[str], *, about: str, reason: str) -> int:
        ended = {"state": State.STOPPED.value, "reason": {"$literal": reason}, "due": None, "done_at": "$$NOW"}
        with unavailable_when_gone(self._timeout):
            return self._deliveries.update_many(
                {"about": about, "notice_id": {"$in": list(notice_ids)}, "state": State.QUEUED.value},
                [{"$set": ended | _NEXT_VERSION}],
            ).modified_count

    def states(self, ids: Iterable[str]) -> dict[str, State]:
        with unavailable_when_gone(self._timeout):
            rows = self._deliveries.find({"_id": {"$in": list(ids)}}, {"state": 1, "in_doubt": 1})
            return {row["_id"]: as_told(State(row["state"]), in_doubt=row.get("in_doubt", False)) for row in rows}


def _taken(row: dict[str, Any], claim: str, until: datetime) -> Delivery:
    """The row as the claim left it, without reading it again."""
    become = State.SENDING if row["state"] == State.QUEUED.value else State.ASKING
    changed = {"state": become, "claim": claim, "due": until, "attempts": row["attempts"] + 1}
    return from_bson(DELIVERIES, row | changed | {"version": row["version"] + 1})


def _written(results: Sequence[Result]) -> list[UpdateMany]:
    """One statement for all of a claim; what is no longer held under it is left as it is."""
    by_claim: dict[str, dict[str, dict[str, Any]]] = {}
    for result in results:
        by_claim.setdefault(result.claim, {})[result.id] = _become(result)
    return [
        UpdateMany(
            {"_id": {"$in": [id for id, _ in values]}, "claim": claim, "state": {"$in": _CLAIMED}},
            [{"$replaceWith": {"$mergeObjects": ["$$ROOT", own_of(values), _NEXT_VERSION]}}],
        )
        for claim, ours in by_claim.items()
        for values in in_statements(ours)
    ]


def _become(result: Result) -> dict[str, Any]:
    values = {name: getattr(result, name) for name in _SET} | {"claim": None, "state": result.state.value}
    known = {name: value for name in _SET_IF_KNOWN if (value := getattr(result, name)) is not None}
    return values | known
