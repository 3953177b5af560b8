"""A key's partition is the one that every other Kafka client would find it on."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from kafka.partitioner.default import murmur2 as of_kafka_python

from chassis.context import new_uuid7
from chassis.messaging.kafka.partitioning import murmur2, partition_of


@given(st.binary(max_size=80))
def test_the_hash_is_that_of_kafka_s_own_clients(key: bytes) -> None:
    assert murmur2(key) == of_kafka_python(key)


def test_known_answers_of_the_java_client() -> None:
    """From Kafka's own UtilsTest; there the numbers are signed."""
    known = {b"21": -973932308, b"foobar": -790332482, b"a-little-bit-long-string": -985981536}
    assert {key: murmur2(key) for key in known} == {key: told & 0xFFFFFFFF for key, told in known.items()}


def test_ids_spread_over_all_partitions() -> None:
    found = [partition_of(new_uuid7().encode(), 12) for _ in range(1_000)]
    assert set(found) == set(range(12))
