"""What becomes of a delivery after the gateway has, or has not, answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from chassis.messaging.envelope import Cause, Message
from notifications.application.announce import Policy
from notifications.application.ports import Outgoing, Result
from notifications.application.tell_results import tell_result
from notifications.domain.backoff import MAX_ATTEMPTS, wait_seconds
from notifications.domain.delivery import WILL_NOT_ARRIVE, Channel, Delivery, State
from notifications.domain.notice import Notice
from notifications.domain.sending import (
    Accepted,
    Answer,
    Arrived,
    InDoubt,
    NeverSeen,
    Permanent,
    Standing,
)
from notifications.domain.sms_text import size_of

RECEIPT_WAITS = (timedelta(minutes=15), timedelta(hours=1), timedelta(hours=6), timedelta(hours=24))
"""When to ask for a receipt that has not come; after the last the delivery stays `accepted`. eSMS looks back 7 days."""
KEY_BLOCKS = timedelta(hours=23)
"""eSMS refuses a repeated RequestId for 24 h: within it a message of unknown outcome may be sent again."""
UNKNOWN_WAIT = timedelta(seconds=2)


def settle(outgoing: Outgoing, answer: Answer, policy: Policy, *, now: datetime, chance: float) -> Result:
    """The result of a call. `chance` in [0, 1) spreads the next tries."""
    row = outgoing.delivery
    if isinstance(answer, Accepted):
        return _accepted(row, answer.gateway_id, now, sms=outgoing, policy=policy)
    if isinstance(answer, Permanent):
        return _failed(row, answer.reason, now)
    if isinstance(answer, InDoubt):
        return Result(
            id=row.id,
            claim=row.claim or "",
            state=State.UNKNOWN,
            in_doubt=True,
            reason=answer.reason,
            due=now + UNKNOWN_WAIT,
            attempts=row.attempts,
        )
    if answer.counts and row.attempts >= MAX_ATTEMPTS:
        return _failed(row, "gave_up", now)
    wait = wait_seconds(max(1, row.attempts), chance=chance, asked=answer.asked)
    return Result(
        id=row.id,
        claim=row.claim or "",
        state=State.QUEUED,
        reason=answer.reason,
        due=now + timedelta(seconds=wait),
        attempts=row.attempts if answer.counts else max(0, row.attempts - 1),
    )


def settle_asked(row: Delivery, standing: Standing, *, now: datetime) -> Result:
    """The result of asking about an earlier attempt."""
    if isinstance(standing, Arrived):
        return _arrived(row, standing, now)
    if isinstance(standing, Permanent):
        return _failed(row, standing.reason, now)
    if row.sent_at is not None:  # taken once, only its receipt is missing: never sent again
        return _accepted_before(row, now)
    if isinstance(standing, Accepted):
        return _accepted(row, standing.gateway_id, now)
    return _still_unknown(row, standing, now)


def _arrived(row: Delivery, standing: Arrived, now: datetime) -> Result:
    return Result(
        id=row.id,
        claim=row.claim or "",
        state=State.DELIVERED,
        attempts=row.attempts - 1,
        gateway_id=standing.gateway_id or row.gateway_id,
        parts=row.parts,
        price_vnd=standing.price_vnd if standing.price_vnd is not None else row.price_vnd,
        sent_at=row.sent_at or now,
        done_at=now,
    )


def _still_unknown(row: Delivery, standing: InDoubt | NeverSeen, now: datetime) -> Result:
    if isinstance(standing, InDoubt):
        return Result(
            id=row.id,
            claim=row.claim or "",
            state=State.UNKNOWN,
            in_doubt=True,
            reason=standing.reason,
            due=now + timedelta(seconds=wait_seconds(row.attempts, chance=0.5)),
            attempts=row.attempts,
        )
    if row.channel is Channel.SMS and now - row.created > KEY_BLOCKS:
        return _failed(row, "no_answer", now)  # too late to repeat without the risk of a second SMS
    return Result(id=row.id, claim=row.claim or "", state=State.QUEUED, due=now, attempts=row.attempts, in_doubt=True)


def announcements(results: Sequence[tuple[Delivery, Result]], notices: Mapping[str, Notice]) -> list[Message]:
    """What tells of those results that end a delivery either way: an event each, which the queue leaves out where the
    delivery was held no more."""

    def cause_of(notice_id: str) -> Cause:
        notice = notices.get(notice_id)
        return Cause(notice.correlation_id if notice is not None else notice_id, notice_id)

    return [tell_result(_ended(row, result), cause_of) for row, result in results if _is_told(result)]


def _is_told(result: Result) -> bool:
    return result.state is State.DELIVERED or (result.state in WILL_NOT_ARRIVE and result.reason != "was_not_told")


def _ended(row: Delivery, result: Result) -> Delivery:
    """The delivery as its final result leaves it."""
    changed = {name: getattr(result, name) for name in ("state", "reason", "parts", "price_vnd", "done_at")}
    return row.model_copy(update={**changed, "version": row.version + 1})


def _accepted(
    row: Delivery,
    gateway_id: str | None,
    now: datetime,
    *,
    sms: Outgoing | None = None,
    policy: Policy | None = None,
) -> Result:
    parts = price = None
    if row.channel is Channel.SMS and sms is not None and policy is not None:
        parts = size_of(sms.personal.fill(sms.texts.sms)).parts
        price = parts * policy.price_per_part
    return Result(
        id=row.id,
        claim=row.claim or "",
        state=State.ACCEPTED,
        due=now + RECEIPT_WAITS[0] if row.channel is Channel.SMS else None,
        attempts=row.attempts,
        gateway_id=gateway_id,
        parts=parts,
        price_vnd=price,
        sent_at=now,
        done_at=None if row.channel is Channel.SMS else now,
    )


def _accepted_before(row: Delivery, now: datetime) -> Result:
    assert row.sent_at is not None
    later = [row.sent_at + wait for wait in RECEIPT_WAITS if row.sent_at + wait > now]
    return Result(
        id=row.id,
        claim=row.claim or "",
        state=State.ACCEPTED,
        reason=None if later else "no_receipt",
        due=later[0] if later else None,
        attempts=row.attempts - 1,
        gateway_id=row.gateway_id,
        parts=row.parts,
        price_vnd=row.price_vnd,
        sent_at=row.sent_at,
        done_at=None if later else now,
    )


def _failed(row: Delivery, reason: str, now: datetime) -> Result:
    return Result(
        id=row.id,
        claim=row.claim or "",
        state=State.FAILED,
        reason=reason,
        attempts=row.attempts,
        gateway_id=row.gateway_id,
        parts=row.parts,
        price_vnd=row.price_vnd,
        sent_at=row.sent_at,
        done_at=now,
    )
