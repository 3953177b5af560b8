"""The inbox: which messages a consumer has applied, told in the same transaction as what it did because of them."""

from __future__ import annotations

from datetime import datetime

from chassis.storage.documents import Document, Index, Kind

EVENTS_ARE_KEPT_FOR_DAYS = 14
REPLAY_HORIZON_DAYS = 31
"""How far back an operator may rewind a consumer group beyond what the topics keep."""

INBOX_IS_KEPT_FOR = (EVENTS_ARE_KEPT_FOR_DAYS + REPLAY_HORIZON_DAYS) * 24 * 3600
"""Seconds. A message that comes again later than this is taken for a new one; no event topic holds it that long.
State topics hold their records for ever: a reaction to a state must bear to see it again after this time."""


class InboxRow(Document):
    """Its id is `consumer:message id`."""

    received_at: datetime


INBOX: Kind[InboxRow] = Kind("inbox", InboxRow, (Index((("received_at", 1),), expires_after=INBOX_IS_KEPT_FOR),))


def inbox_id(consumer: str, message_id: str) -> str:
    return f"{consumer}:{message_id}"
