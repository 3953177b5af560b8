"""The delivery queue in memory: the twin that unit and component tests run on."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from threading import RLock

from chassis.messaging.envelope import Message
from chassis.messaging.outbox import publish
from chassis.storage.changes import Changes
from chassis.storage.store import Store
from notifications.application.ports import Result
from notifications.domain.delivery import CLAIMED, DELIVERIES, LONG_AGO, Channel, Delivery, State, as_told

_KEPT = ("in_doubt", "gateway_id", "parts", "price_vnd", "sent_at", "done_at")


class MemoryQueue:
    """`DeliveryQueue` over any store, under one lock; right for one process."""

    def __init__(self, store: Store, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._store, self._clock = store, clock
        self._lock, self._claims = RLock(), count(1)

    def now(self) -> datetime:
        now = self._clock()
        return now.replace(microsecond=now.microsecond // 1000 * 1000)  # what the store keeps of an instant

    def claim(self, channel: Channel, *, limit: int, lease_seconds: float) -> list[Delivery]:
        with self._lock:
            now, claim = self.now(), f"memory:{next(self._claims)}"
            due = {"channel": channel.value, "due": {"$gt": LONG_AGO, "$lte": now}}
            rows = self._store.find(DELIVERIES, due, sort=(("due", 1), ("_id", 1)), limit=limit)
            claimed = [
                row.model_copy(
                    update={
                        "state": State.SENDING if row.state is State.QUEUED else State.ASKING,
                        "claim": claim,
                        "due": now + timedelta(seconds=lease_seconds),
                        "attempts": row.attempts + 1,
                        "version": row.version + 1,
                    }
                )
                for row in rows
            ]
            self._store.commit(Changes().replace(DELIVERIES, *claimed))
            return claimed

    def renew(self, held: Collection[Delivery], *, lease_seconds: float) -> None:
        with self._lock:
            until = self.now() + timedelta(seconds=lease_seconds)
            stored = self._store.get_many(DELIVERIES, [row.id for row in held])
            renewed = [
                stored[row.id].model_copy(update={"due": until, "version": stored[row.id].version + 1})
                for row in held
                if row.id in stored and stored[row.id].claim == row.claim and stored[row.id].state in CLAIMED
            ]
            self._store.commit(Changes().replace(DELIVERIES, *renewed))

    def record(self, results: Sequence[Result], messages: Sequence[Message]) -> int:
        with self._lock:
            stored = self._store.get_many(DELIVERIES, [result.id for result in results])
            changes, held = Changes(), set()
            for result in results:
                row = stored.get(result.id)
                if row is None or row.claim != result.claim or row.state not in CLAIMED:
                    continue
                held.add(row.id)
                values = {name: getattr(result, name) for name in ("state", "reason", "due", "attempts")}
                values |= {name: value for name in _KEPT if (value := getattr(result, name)) is not None}
                changes.replace(
                    DELIVERIES, row.model_copy(update={**values, "claim": None, "version": row.version + 1})
                )
            publish(changes, *(message for message in messages if message.key in held))
            self._store.commit(changes)
            return len(held)

    def stop_queued(self, notice_ids: Collection[str], *, about: str, reason: str) -> int:
        with self._lock:
            now = self.now()
            queued = self._store.find(
                DELIVERIES,
                {"about": about, "notice_id": {"$in": list(notice_ids)}, "state": State.QUEUED.value},
            )
            ended = {"state": State.STOPPED, "reason": reason, "due": None, "done_at": now}
            self._store.commit(
                Changes().replace(
                    DELIVERIES, *(row.model_copy(update={**ended, "version": row.version + 1}) for row in queued)
                )
            )
            return len(queued)

    def states(self, ids: Iterable[str]) -> dict[str, State]:
        rows = self._store.get_many(DELIVERIES, ids)
        return {id: as_told(row.state, in_doubt=row.in_doubt) for id, row in rows.items()}
