"""Receipts: kept at once as they come in, folded into the deliveries in bulk.

Gateways report out of order, twice, and sometimes before the answer to the send has been written down. A receipt is
therefore a row of its own first; whatever it reports is decided when it is folded.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from chassis.context import Context
from chassis.messaging.envelope import Cause
from chassis.messaging.outbox import publish
from chassis.storage.changes import Changes
from chassis.storage.documents import Document, Index, Kind
from chassis.storage.store import Store
from notifications.application.ports import Result
from notifications.application.settle import told
from notifications.domain.delivery import CLAIMED, DELIVERIES, TRANSITIONS, Delivery, State
from notifications.domain.receipt import Receipt

LOOK_AGAIN = timedelta(seconds=1)
OPEN = CLAIMED | {State.QUEUED, State.UNKNOWN}
"""A deliverer has yet to write its own result, which comes before what a receipt says."""


class ReceiptRow(Document):
    """Its id is the delivery's and the outcome: the same report twice is one row. `due`: when to fold it."""

    delivery_id: str
    arrived: bool
    gateway_id: str | None
    price_vnd: int | None
    received_at: datetime
    due: datetime


RECEIPTS: Kind[ReceiptRow] = Kind("receipts", ReceiptRow, (Index((("due", 1),)),))


def receipt_row(receipt: Receipt, now: datetime) -> ReceiptRow:
    return ReceiptRow(
        id=f"{receipt.delivery_id}:{'arrived' if receipt.arrived else 'lost'}",
        delivery_id=receipt.delivery_id,
        arrived=receipt.arrived,
        gateway_id=receipt.gateway_id,
        price_vnd=receipt.price_vnd,
        received_at=now,
        due=now,
    )


def fold_receipts(store: Store, context: Context, *, limit: int = 500) -> tuple[Changes, int]:
    """What up to `limit` receipts change, with the events that tell it, and how many were folded.

    A delivery that a deliverer holds at this moment keeps its receipt waiting: its own result comes first. Delivered
    is final; a failure may still be followed by a delivery; for an unknown delivery the receipt is dropped.
    """
    receipts = store.find(RECEIPTS, {"due": {"$lte": context.now}}, sort=(("due", 1),), limit=limit)
    rows = store.get_many(DELIVERIES, [receipt.delivery_id for receipt in receipts])
    waiting, folded, changed, events = [], [], [], []
    for receipt in receipts:
        row = rows.get(receipt.delivery_id)
        if row is not None and row.state in OPEN and _is_recent(receipt, context):
            later = {"due": context.now + LOOK_AGAIN, "version": receipt.version + 1}
            waiting.append(receipt.model_copy(update=later))
            continue
        folded.append(receipt)
        reported = None if row is None else _reported(row, receipt)
        if row is not None and reported is not None:
            rows[row.id] = reported
            changed.append(reported)
            events.append(told(row, _result(reported), Cause(row.notice_id, row.notice_id)))
    changes = Changes().replace(RECEIPTS, *waiting).erase(RECEIPTS, *folded).replace(DELIVERIES, *changed)
    return publish(changes, *events), len(folded)


def _is_recent(receipt: ReceiptRow, context: Context) -> bool:
    return context.now - receipt.received_at < timedelta(hours=1)


def _reported(row: Delivery, receipt: ReceiptRow) -> Delivery | None:
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
            "done_at": receipt.received_at,
            "version": row.version + 1,
        }
    )


def _result(row: Delivery) -> Result:
    return Result(
        id=row.id,
        claim="",
        state=row.state,
        reason=row.reason,
        parts=row.parts,
        price_vnd=row.price_vnd,
        done_at=row.done_at,
    )
