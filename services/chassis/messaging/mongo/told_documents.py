"""Storing messages about documents only while these are as they were read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bson import ObjectId
from pymongo import UpdateOne
from pymongo.client_session import ClientSession
from pymongo.database import Database
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from chassis.failures import VersionConflict
from chassis.messaging.outbox import OUTBOX, OutboxRow
from chassis.storage.bson_form import to_bson
from chassis.storage.documents import D, Kind
from chassis.storage.mongo import unavailable_when_gone

_TIMEOUT_SECONDS = 20.0
_TOLD_AGAIN = "told_again"
"""A field that no document's model has; the document's next change takes it away."""


class MongoToldDocuments:
    """`ToldDocuments` on one database."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._database = database

    def tell(self, kind: Kind[D], documents: Sequence[D], rows: Sequence[OutboxRow]) -> None:
        # Reading a document in a transaction does not keep others from changing it meanwhile; writing to it does. A
        # write that changes nothing would be dropped by the server, so each has a value of its own.
        seal = {"$set": {_TOLD_AGAIN: ObjectId()}}
        writes = [UpdateOne({"_id": one.id, "version": one.version}, seal) for one in documents]
        stored = [to_bson(row) for row in rows]
        if not (writes and stored):
            return

        def write(session: ClientSession) -> None:
            found = self._database[kind.name].bulk_write(writes, session=session).matched_count
            if found != len(writes):
                raise VersionConflict(kind.name, f"(one of {len(writes)})")
            self._database[OUTBOX.name].insert_many(stored, session=session)

        with unavailable_when_gone(_TIMEOUT_SECONDS), self._database.client.start_session() as session:
            durable = WriteConcern("majority", j=True)
            session.with_transaction(write, read_concern=ReadConcern("snapshot"), write_concern=durable)
