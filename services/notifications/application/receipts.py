"""Receipts: kept at once as they come in, folded into the deliveries in bulk.

Gateways report out of order, twice, and sometimes before the answer to the send has been written down. So receipts are
put by first, those that come together in one document; what each of them changes is decided when it is folded.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import accumulate

from chassis.context import Context, new_uuid7
from chassis.messaging.envelope import Cause
from chassis.messaging.outbox import publish
from chassis.storage.changes import Changes
from chassis.storage.documents import Document, Index, Kind
from chassis.storage.store import Store
from notifications.application.tell_results import tell_results
from notifications.domain.delivery import CLAIMED, DELIVERIES, TRANSITIONS, Delivery, State
from notifications.domain.receipt import Receipt

LOOK_AGAIN = timedelta(seconds=1)
OPEN = CLAIMED | {State.QUEUED, State.UNKNOWN}
"""A deliverer has yet to write its own result, which comes before what a receipt says."""


class ReceiptBatch(Document):
    """Receipts that came together. `due`: when to fold them."""

    receipts: tuple[Receipt, ...]
    received_at: datetime
    due: datetime


RECEIPTS: Kind[ReceiptBatch] = Kind("receipt_batches", ReceiptBatch, (Index((("due", 1),)),))

MOST_IN_A_BATCH = 100
_BATCHES_AT_ONCE = 100


def put_by(receipts: Sequence[Receipt], now: datetime) -> Changes:
    """To be folded, with one write; at most `MOST_IN_A_BATCH`."""
    batch = ReceiptBatch(id=new_uuid7(), receipts=tuple(receipts), received_at=now, due=now)
    return Changes().insert(RECEIPTS, batch)


def fold_receipts(store: Store, context: Context, *, limit: int = 500) -> tuple[Changes, int]:
    """What up to about `limit` receipts change, with the events that tell it, and how many were folded.

    A delivery that a deliverer holds at this moment keeps its receipt waiting: its own result comes first. Delivered
    is final; a failure may still be followed by a delivery; for an unknown delivery the receipt is dropped.
    """
    batches = _due(store, context, limit)
    rows = store.get_many(DELIVERIES, [receipt.delivery_id for batch in batches for receipt in batch.receipts])
    waiting, done, changed = [], [], []
    folded = 0
    for batch in batches:
        early = [receipt for receipt in batch.receipts if _is_early(rows.get(receipt.delivery_id), batch, context)]
        if early:
            later = {"receipts": tuple(early), "due": context.now + LOOK_AGAIN, "version": batch.version + 1}
            waiting.append(batch.model_copy(update=later))
        else:
            done.append(batch)
        for receipt in [receipt for receipt in batch.receipts if receipt not in early]:
            folded += 1
            row = rows.get(receipt.delivery_id)
            reported = None if row is None else _reported(row, receipt, batch.received_at)
            if row is not None and reported is not None:
                rows[row.id] = reported
                changed.append(reported)
    changes = Changes().replace(RECEIPTS, *waiting).erase(RECEIPTS, *done).replace(DELIVERIES, *changed)
    told = tell_results(changed, lambda notice_id: Cause(notice_id, notice_id), new_id=context.new_id)
    return publish(changes, *told), folded


def _due(store: Store, context: Context, limit: int) -> list[ReceiptBatch]:
    """The oldest batches that are due, until they hold `limit` receipts."""
    batches = store.find(RECEIPTS, {"due": {"$lte": context.now}}, sort=(("due", 1),), limit=_BATCHES_AT_ONCE)
    so_far = accumulate((len(batch.receipts) for batch in batches), initial=0)
    return [batch for batch, before in zip(batches, so_far, strict=False) if before < limit]


def _is_early(row: Delivery | None, batch: ReceiptBatch, context: Context) -> bool:
    is_recent = context.now - batch.received_at < timedelta(hours=1)
    return row is not None and row.state in OPEN and is_recent


def _reported(row: Delivery, receipt: Receipt, received_at: datetime) -> Delivery | None:
    """The delivery after the receipt; None where it says nothing new."""
    state = State.DELIVERED if receipt.arrived else State.FAILED
    if state not in TRANSITIONS[row.state] and row.state not in OPEN:
        return None
    return row.model_copy(
        update={
            "state": state,
            "reason": None if receipt.arrived else "not_delivered",
            "due": None,
            "claim": None,
            "gateway_id": receipt.gateway_id or row.gateway_id,
            "price_vnd": receipt.price_vnd if receipt.price_vnd is not None else row.price_vnd,
            "done_at": received_at,
            "version": row.version + 1,
        }
    )
