"""CloudEvents 1.0 in Kafka's binary mode: the envelope is headers, the payload is the value, untouched.

The extension attributes `sequence`, `correlationid`, `causationid` and `traceparent` travel as `ce_…` like the rest.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from chassis.failures import Malformed
from chassis.messaging.envelope import Cause, Incoming, Message

Headers = tuple[tuple[str, bytes], ...]


class Partition(NamedTuple):
    """One ordered log of a topic. `topic` is without the deployment's prefix."""

    topic: str
    number: int


class Record(NamedTuple):
    """What lies in a log, as bytes. It is kept whole when it is parked or dead-lettered.

    A tuple, as all that is made for each record that is read: a frozen dataclass takes nearly three times as long.
    """

    topic: str
    partition: int
    offset: int
    key: bytes | None
    headers: Headers
    value: bytes | None

    @property
    def origin(self) -> str:
        """`topic:partition:offset`: where this record is, for ever."""
        return f"{self.topic}:{self.partition}:{self.offset}"

    @property
    def lane(self) -> Partition:
        return Partition(self.topic, self.partition)


def headers_of(message: Message, service: str) -> list[tuple[str, bytes]]:
    """The headers under which `service` publishes a message."""
    cause = message.cause
    headers = [
        ("ce_specversion", b"1.0"),
        ("ce_id", message.id.encode()),
        ("ce_type", message.type.encode()),
        ("ce_source", b"/" + service.encode()),
        ("ce_time", message.time.isoformat().encode()),
        ("ce_subject", message.key.encode()),
        ("ce_sequence", b"%d" % message.sequence),
        ("ce_correlationid", cause.correlation_id.encode()),
    ]
    if cause.causation_id is not None:
        headers.append(("ce_causationid", cause.causation_id.encode()))
    if cause.traceparent is not None:
        headers.append(("ce_traceparent", cause.traceparent.encode()))
    if message.payload is not None:
        headers.append(("content-type", b"application/json"))
    return headers


def read(record: Record) -> Incoming:
    """The envelope of a record. Raises Malformed, without quoting what it read, when it is not one of ours."""
    if not record.key:
        raise Malformed("the record has no key")
    try:
        told = dict(record.headers)
        if not (told["ce_id"] and told["ce_type"]):
            raise Malformed("the id or the type is empty")
        causation, trace = told.get("ce_causationid"), told.get("ce_traceparent")
        return Incoming(
            record.topic,
            record.partition,
            record.offset,
            told["ce_id"].decode(),
            told["ce_type"].decode(),
            told["ce_source"].decode().removeprefix("/"),
            record.key.decode(),
            int(told["ce_sequence"]),
            datetime.fromisoformat(told["ce_time"].decode()),
            Cause(
                told["ce_correlationid"].decode(),
                None if causation is None else causation.decode(),
                None if trace is None else trace.decode(),
            ),
            record.value,
        )
    except KeyError as missing:
        raise Malformed(f"the header {missing.args[0]} is missing") from None
    except (UnicodeDecodeError, ValueError) as error:
        raise Malformed(f"a header or the key cannot be read: {type(error).__name__}") from None
