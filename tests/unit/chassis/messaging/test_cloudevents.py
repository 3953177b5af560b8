"""The envelope as Kafka's binary mode carries it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.failures import Malformed
from chassis.messaging.cloudevents import Record, headers_of, read
from chassis.messaging.envelope import Cause, Message

texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)


@given(
    id=texts,
    type=texts,
    key=texts,
    sequence=st.integers(0, 2**62),
    time=st.datetimes(timezones=st.just(UTC)),
    cause=st.builds(Cause, texts, st.none() | texts, st.none() | texts),
    payload=st.none() | st.binary(max_size=50),
)
def test_what_is_written_is_read_again(
    *, id: str, type: str, key: str, sequence: int, time: datetime, cause: Cause, payload: bytes | None
) -> None:
    said = Message(id, type, "a.topic.v1", "thing", key, sequence, time, cause, payload)
    record = Record("a.topic.v1", 3, 7, key.encode(), tuple(headers_of(said, "members")), payload)
    came = read(record)
    assert (came.id, came.type, came.key, came.sequence, came.time) == (id, type, key, sequence, time)
    assert (came.source, came.cause, came.payload) == ("members", cause, payload)
    assert (came.topic, came.partition, came.offset) == ("a.topic.v1", 3, 7)


@given(
    key=st.none() | st.binary(max_size=8),
    headers=st.lists(
        st.tuples(
            st.sampled_from(["ce_id", "ce_type", "ce_source", "ce_time", "ce_sequence", "ce_correlationid", "other"]),
            st.binary(max_size=12),
        ),
        max_size=8,
    ),
)
def test_whatever_lies_in_a_log_is_read_or_called_malformed(
    key: bytes | None, headers: list[tuple[str, bytes]]
) -> None:
    try:
        read(Record("a.topic.v1", 0, 0, key, tuple(headers), b"{}"))
    except Malformed:
        pass


def test_what_is_malformed_is_named_and_not_quoted() -> None:
    with pytest.raises(Malformed) as told:
        read(Record("a.topic.v1", 0, 0, b"k", (("ce_id", b"0905123456\xff"), ("ce_type", b"t")), None))
    assert "0905" not in str(told.value)
