"""Many people told on the state topics, as members' relay would tell them: the same bytes, made without its models."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from kafka import KafkaProducer

from chassis.context import new_uuid7
from chassis.messaging.cloudevents import headers_of
from chassis.messaging.envelope import Cause, Message, compose
from contracts.members_states import ContactState, PersonState
from tests.bench.district import branch_of, contact_states, name_of, person_id, person_states, phone_of
from tests.bench.ground import Ground

_ON_THEIR_WAY = 20_000
"""Records handed to the client and not yet acknowledged; its own buffer has no bound."""


class Teller:
    """A producer with members' rights."""

    def __init__(self, ground: Ground) -> None:
        self._connection = ground.connection("members")
        self._producer = KafkaProducer(
            acks="all",
            linger_ms=20,
            batch_size=262144,
            compression_type="lz4",
            metrics_enabled=False,
            **self._connection.client_settings(),
        )
        self._waiting: deque[Any] = deque()
        self._cause, self._time = Cause(new_uuid7()), datetime.now(UTC)

    def tell(self, state: Any, key: str) -> None:
        """A state of which there are few."""
        self._send(
            compose(state, message_id=new_uuid7(), key=key, sequence=state.version, time=self._time, cause=self._cause)
        )

    def tell_people(self, people: range, communes: int) -> int:
        """Contact beside person, as an import would tell them; how many records."""
        person, contact = told_person(communes), told_contact(communes)
        for one in people:
            key = person_id(one)
            self._send(self._message(PersonState, key, person(one)))
            self._send(self._message(ContactState, key, contact(one)))
        return 2 * len(people)

    def flush(self) -> None:
        """Returns when all of it is acknowledged."""
        while self._waiting:
            self._waiting.popleft().get(120)

    def close(self) -> None:
        self._producer.close()

    def _message(self, state: type[Any], key: str, payload: bytes) -> Message:
        return Message(new_uuid7(), state.TYPE, state.TOPIC, state.AGGREGATE, key, 1, self._time, self._cause, payload)

    def _send(self, message: Message) -> None:
        self._waiting.append(
            self._producer.send(
                self._connection.topic(message.topic),
                key=message.key.encode(),
                value=message.payload,
                headers=headers_of(message, "members"),
            )
        )
        if len(self._waiting) > _ON_THEIR_WAY:
            for _ in range(_ON_THEIR_WAY // 2):
                self._waiting.popleft().get(120)


@contextmanager
def teller(ground: Ground) -> Iterator[Teller]:
    one = Teller(ground)
    try:
        yield one
    finally:
        one.close()


def told_person(communes: int) -> Callable[[int], bytes]:
    """The payload of the n-th person's state."""
    (state,) = person_states(1, communes)
    return _copies(state.to_bytes(), communes)


def told_contact(communes: int) -> Callable[[int], bytes]:
    """The payload of the n-th person's contact."""
    (state,) = contact_states(1, communes)
    return _copies(state.to_bytes(), communes)


def _copies(first: bytes, communes: int) -> Callable[[int], bytes]:
    """What the first person's model writes, with what differs from person to person put in its place."""
    text = first.decode()
    for place, value in _facts(0, communes).items():
        text = text.replace(f'"{value}"', f'"{place}"')

    def told(number: int) -> bytes:
        written = text
        for place, value in _facts(number, communes).items():
            written = written.replace(place, value)
        return written.encode()

    return told


def _facts(number: int, communes: int) -> dict[str, str]:
    name = name_of(number)
    return {
        "@id": person_id(number),
        "@name": name,
        "@sort": " ".join(reversed(name.lower().split())),
        "@branch": branch_of(number, communes),
        "@phone": phone_of(number),
    }
