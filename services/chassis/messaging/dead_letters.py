"""Dead letters: records that a consumer could not apply, put aside so that those behind them go on.

They are rows in the service's own database, written before the offset is committed, not records on a Kafka topic:

* a web process lists and releases them, and cannot hold a Kafka client (it would not survive the fork);
* a released one is applied in the same transaction as its inbox row and its own end, hence once and by this consumer;
* one that holds personal data can be erased when the person asks for it.

Releasing marks the row; the consume process then applies it once more. A record that was released long after its
later ones is applied to what is there now: the one who releases decides that this is right.
"""

from __future__ import annotations

import traceback
from datetime import datetime
from typing import Literal

from chassis.failures import Malformed, Refusal, missing
from chassis.messaging.cloudevents import Record
from chassis.outcome import Outcome
from chassis.storage.changes import Changes
from chassis.storage.documents import Document, Filter, Index, Kind
from chassis.storage.store import Store

State = Literal["open", "released", "settled", "dropped"]


class DeadLetter(Document):
    """A record as it came, and what went wrong. Its id is its origin, `topic:partition:offset`.

    `open` waits for a person, `released` for the consume process, `settled` was applied after all, `dropped` is given
    up: its bytes are gone. `error` and `value` may hold personal data; neither belongs in a log.
    """

    topic: str
    partition: int
    offset: int
    key: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    value: bytes | None
    error_class: str
    error: str
    state: State = "open"
    attempts: int = 1
    failed_at: datetime
    decided_at: datetime | None = None

    @property
    def record(self) -> Record:
        return Record(self.topic, self.partition, self.offset, self.key, self.headers, self.value)

    @property
    def type(self) -> str:
        """The record's type as its headers tell it, for lists; empty when they do not."""
        return next((value.decode(errors="replace") for name, value in self.headers if name == "ce_type"), "")


DEAD_LETTERS: Kind[DeadLetter] = Kind(
    "dead_letters", DeadLetter, (Index((("state", 1), ("_id", 1))), Index((("topic", 1), ("key", 1))))
)


def dead_letter(record: Record, error: BaseException, *, now: datetime) -> DeadLetter:
    """The row for a record that `error` kept from being applied."""
    return DeadLetter(
        id=record.origin,
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        key=record.key,
        headers=record.headers,
        value=record.value,
        error_class=type(error).__name__,
        error=described(error),
        failed_at=now,
    )


def described(error: BaseException) -> str:
    """What went wrong and where in the code; for the row, not for a log."""
    if isinstance(error, Malformed):
        return _storable(str(error))
    frames = traceback.extract_tb(error.__traceback__)
    where = f" at {frames[-1].filename.rsplit('/', 1)[-1]}:{frames[-1].lineno} {frames[-1].name}" if frames else ""
    return _storable(f"{type(error).__name__}: {error}{where}")


def _storable(text: str) -> str:
    """Whatever an error quotes: no lone surrogates, which no database takes, and not without end."""
    return text.encode(errors="replace").decode()[:2000]


def list_dead_letters(
    store: Store, *, state: State | None = "open", after: str | None = None, limit: int = 100
) -> list[DeadLetter]:
    """Dead letters in the order of their origin, beyond the id `after`; `state` None is all of them."""
    where: dict[str, Filter | str] = {}
    if state is not None:
        where["state"] = state
    if after is not None:
        where["_id"] = {"$gt": after}
    return store.find(DEAD_LETTERS, where, limit=limit)


def show_dead_letter(store: Store, id: str) -> DeadLetter:
    """One dead letter, bytes and all. Raises Refusal (missing)."""
    found = store.get(DEAD_LETTERS, id)
    if found is None:
        raise missing("bản ghi lỗi", "dead letter")
    return found


def release_dead_letter(store: Store, id: str, *, now: datetime) -> Outcome[DeadLetter]:
    """Have the consume process apply it once more. Raises Refusal when it is not open."""
    return _decided(store, id, "released", now)


def drop_dead_letter(store: Store, id: str, *, now: datetime) -> Outcome[DeadLetter]:
    """Give it up, for good: its bytes are erased, what it was and where it came from stays."""
    return _decided(store, id, "dropped", now)


def erase_dead_letters(store: Store, topic: str, key: bytes, *, now: datetime) -> Changes:
    """Drop all dead letters of one key, because what they tell of it was erased."""
    found = store.find(DEAD_LETTERS, {"topic": topic, "key": key, "state": {"$ne": "dropped"}})
    return Changes().replace(DEAD_LETTERS, *(_in_state(letter, "dropped", now) for letter in found))


def _decided(store: Store, id: str, state: State, now: datetime) -> Outcome[DeadLetter]:
    letter = show_dead_letter(store, id)
    if letter.state != "open":
        raise Refusal(
            "dead-letter-not-open",
            vi=f"Bản ghi lỗi này không còn chờ xử lý (trạng thái: {letter.state}).",
            en=f"This dead letter is not open any more (it is {letter.state}).",
            because="conflict",
        )
    decided = _in_state(letter, state, now)
    return Outcome(decided, Changes().replace(DEAD_LETTERS, decided))


def _in_state(letter: DeadLetter, state: State, now: datetime) -> DeadLetter:
    update: dict[str, object] = {"state": state, "decided_at": now, "version": letter.version + 1}
    if state == "dropped":
        update |= {"value": None, "error": letter.error_class}
    return letter.model_copy(update=update)


def settled(letter: DeadLetter, *, now: datetime) -> DeadLetter:
    """The row once its record was applied."""
    return _in_state(letter, "settled", now)


def failed_again(letter: DeadLetter, error: BaseException, *, now: datetime) -> DeadLetter:
    """The row after a release in vain: open again."""
    return letter.model_copy(
        update={
            "state": "open",
            "attempts": letter.attempts + 1,
            "error_class": type(error).__name__,
            "error": described(error),
            "failed_at": now,
            "version": letter.version + 1,
        }
    )
