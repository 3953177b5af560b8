"""`migrate`: what a service needs of MongoDB and Kafka before any of its processes starts."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from chassis.messaging.kafka.connection import KafkaConnection
from chassis.messaging.kafka.topics import TopicLike, ensure_topics
from chassis.messaging.mongo.collections import ensure_collections
from chassis.messaging.mongo.unused_indexes import ever_declared, unused_indexes
from chassis.runtime.settings import ServiceSettings
from chassis.storage.documents import Kind
from chassis.storage.mongo import open_database


def migrated(
    service: str, settings: ServiceSettings, *, kinds: Collection[Kind[Any]], topics: Iterable[TopicLike]
) -> str:
    """Make the collections, indexes and topics that are missing; what was made and what is left over, in words.

    May be called by several at once and again. The Kafka user must be one who may create topics.
    Raises Unavailable, or WrongPartitions.
    """
    database = open_database(settings.mongodb_uri.get_secret_value(), settings.mongodb_database, app=service)
    try:
        made = ensure_collections(database, kinds)
        unused = unused_indexes(database, kinds, ever_declared(service))
    finally:
        database.client.close()
    new = ensure_topics(KafkaConnection.of(settings), topics)
    left = f"; indexes that only earlier releases use: {len(unused)} (see `unused-indexes`)" if unused else ""
    return f"{len(made)} collections and {len(new)} topics made{left}"
