"""Sets a service's consumer group back to the beginning of some topics, while its consume process is stopped.

    with scheduling python docs/runbooks/rewind.py members.units.v1 members.people.v1

Every record is read again. Effects stay single (inbox, 45 days), read models keep what is newer (version guard).
"""

from __future__ import annotations

import os
import sys

from kafka import KafkaConsumer, TopicPartition
from kafka.structs import OffsetAndMetadata


def main(topics: list[str]) -> None:
    service, prefix = os.environ["MONGODB_DATABASE"], os.environ.get("TOPIC_PREFIX", "")
    access = {"security_protocol": os.environ["KAFKA_SECURITY_PROTOCOL"]}
    if access["security_protocol"].startswith("SASL_"):
        access |= {
            "sasl_mechanism": "SCRAM-SHA-512",
            "sasl_plain_username": os.environ["KAFKA_USERNAME"],
            "sasl_plain_password": os.environ["KAFKA_PASSWORD"],
        }
    consumer = KafkaConsumer(
        group_id=prefix + service,
        bootstrap_servers=os.environ["KAFKA_BOOTSTRAP_SERVERS"],
        enable_auto_commit=False,
        allow_auto_create_topics=False,
        **access,
    )
    found = [
        TopicPartition(prefix + topic, number)
        for topic in topics
        for number in sorted(consumer.partitions_for_topic(prefix + topic) or ())
    ]
    consumer.assign(found)
    starts = consumer.beginning_offsets(found)
    consumer.commit({at: OffsetAndMetadata(offset, "", -1) for at, offset in starts.items()})
    consumer.close(autocommit=False)
    sys.stdout.write(f"{prefix + service}: {len(found)} partitions of {len(topics)} topics at their beginning\n")


if __name__ == "__main__":
    main(sys.argv[1:])
