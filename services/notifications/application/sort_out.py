"""Decide, for a claimed batch, what is sent and what is not: the last look before a message leaves.

Everything is read anew and in bulk here, since the law wants the latest word: contact, refusal, whether the notice
was stopped, whether its time is over, whether the person was told of an earlier one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from chassis.storage.store import Store
from notifications.application.announce import Policy
from notifications.application.ports import DeliveryQueue, Outgoing, Result
from notifications.application.read_models import CONTACTS, ContactSeen
from notifications.application.refusals import REFUSALS, Refusal, refusal_id
from notifications.domain.delivery import CLAIMED, TOLD, Channel, Delivery, State, as_told, delivery_id
from notifications.domain.notice import NOTICES, Notice, Personal, Texts

EARLIER_MESSAGE_WAIT = timedelta(seconds=1)
CONTACT_RETRY = timedelta(seconds=5)


@dataclass(slots=True)
class SortedOut:
    """`ask`: an earlier attempt's outcome is open, so its gateway is asked before anything else is decided."""

    send: list[Outgoing] = field(default_factory=list)
    ask: list[Delivery] = field(default_factory=list)
    decided: list[tuple[Delivery, Result]] = field(default_factory=list)
    notices: Mapping[str, Notice] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Known:
    """All that was read for the batch."""

    notices: Mapping[str, Notice]
    contacts: Mapping[str, ContactSeen]
    refusals: Mapping[str, Refusal]
    earlier: dict[str, State]
    """Of earlier deliveries about the same thing; what is decided in this batch is noted here as it is decided."""
    policy: Policy
    now: datetime


def sort_out(
    batch: Sequence[Delivery], store: Store, queue: DeliveryQueue, policy: Policy, *, now: datetime
) -> SortedOut:
    """What is to be sent, asked and recorded of a batch of one channel; `now` is the queue's. Raises Unavailable."""
    notices = store.get_many(NOTICES, {row.notice_id for row in batch})
    people = {row.person_id for row in batch}
    channel = batch[0].channel
    known = _Known(
        notices=notices,
        contacts=store.get_many(CONTACTS, people),
        refusals=store.get_many(REFUSALS, [refusal_id(channel, person) for person in people]),
        earlier=_earlier_states(batch, notices, queue),
        policy=policy,
        now=now,
    )
    sorted_out = SortedOut(notices=notices)
    for row in sorted(batch, key=lambda row: len(notices[row.notice_id].earlier)):
        if row.state is State.ASKING:
            sorted_out.ask.append(row)
            continue
        decision = _decide(row, known)
        if isinstance(decision, Result):
            sorted_out.decided.append((row, decision))
            known.earlier[row.id] = as_told(decision.state, in_doubt=row.in_doubt)
        else:
            sorted_out.send.append(decision)
    return sorted_out


def _earlier_states(batch: Sequence[Delivery], notices: Mapping[str, Notice], queue: DeliveryQueue) -> dict[str, State]:
    """The states of what these people were sent before about the same thing, after stopping what is still queued.

    In this order: once nothing is queued any more, a delivery that is not claimed has its final word.
    """
    follow_ups: dict[str, list[Delivery]] = defaultdict(list)
    for row in batch:
        if notices[row.notice_id].earlier:
            follow_ups[row.notice_id].append(row)
    ids: list[str] = []
    for notice_id, rows in follow_ups.items():
        notice = notices[notice_id]
        queue.stop_queued(notice.earlier, about=notice.about, reason="superseded" if notice.first else "cancelled")
        ids.extend(delivery_id(earlier, row.person_id, row.channel) for row in rows for earlier in notice.earlier)
    return queue.states(ids) if ids else {}


def _decide(row: Delivery, known: _Known) -> Result | Outgoing:
    notice, contact, now = known.notices[row.notice_id], known.contacts.get(row.person_id), known.now
    over = _over(row, notice, contact, known)
    if over is not None:
        return _ended(row, *over, now)
    if contact is None:
        return postponed(row, now + CONTACT_RETRY, "contact_awaited")
    texts = _texts_for(row, notice, known)
    if isinstance(texts, Result):
        return texts
    allowed = known.policy.quiet.next_allowed(now, notice.message_class)
    if allowed > now:
        return postponed(row, allowed, "quiet_hours")
    return Outgoing(row, notice, texts, contact.address(row.channel) or "", _personal(row, contact, known.policy))


def _over(row: Delivery, notice: Notice, contact: ContactSeen | None, known: _Known) -> tuple[State, str] | None:
    """Why this delivery will never be sent, as things stand now; None: it may be."""
    if notice.stopped is not None:
        return State.STOPPED, notice.stopped
    if notice.valid_until <= known.now:
        return State.EXPIRED, "expired"
    if contact is None:
        waited = known.now - row.created >= known.policy.contact_wait
        return (State.SKIPPED, "unknown_person") if waited else None
    if contact.address(row.channel) is None:
        return State.SKIPPED, "no_mobile" if row.channel is Channel.SMS else "no_email"
    is_refused = row.channel.value in contact.refused or refusal_id(row.channel, row.person_id) in known.refusals
    return (State.SKIPPED, "refused") if is_refused and not notice.even_if_refused else None


def _texts_for(row: Delivery, notice: Notice, known: _Known) -> Texts | Result:
    if not notice.earlier:
        return notice.texts
    before = {known.earlier.get(delivery_id(one, row.person_id, row.channel)) for one in notice.earlier}
    if not before.isdisjoint(TOLD):
        return notice.texts
    if not before.isdisjoint(CLAIMED):  # on its way at this very moment: wait for what becomes of it
        return postponed(row, known.now + EARLIER_MESSAGE_WAIT, "earlier_message")
    if notice.first is not None:
        return notice.first
    return _ended(row, State.SKIPPED, "was_not_told", known.now)


def _personal(row: Delivery, contact: ContactSeen, policy: Policy) -> Personal:
    plain = row.channel is Channel.SMS and not policy.diacritics
    return Personal(
        name=contact.plain_name if plain else contact.full_name,
        greeting=contact.plain_greeting if plain else contact.greeting,
        code=row.code,
    )


def postponed(row: Delivery, due: datetime, reason: str) -> Result:
    """Back into the queue without having tried: the attempt that the claim counted is taken back."""
    return Result(
        id=row.id,
        claim=row.claim or "",
        state=State.QUEUED,
        reason=reason,
        due=due,
        attempts=max(0, row.attempts - 1),
    )


def _ended(row: Delivery, state: State, reason: str, now: datetime) -> Result:
    return Result(
        id=row.id,
        claim=row.claim or "",
        state=state,
        reason=reason,
        attempts=max(0, row.attempts - 1),
        done_at=now,
    )
