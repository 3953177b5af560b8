"""Bring the answer to a concern (kiến nghị) back to the branch that raised it."""

from __future__ import annotations

from dataclasses import dataclass

from chassis.context import context_of
from chassis.failures import Unready
from chassis.messaging.envelope import Incoming
from chassis.storage.changes import Changes
from chassis.storage.store import Store
from contracts.scheduling_events import ConcernAnswered
from notifications.application.announce import Desk, announce, unit_of
from notifications.application.read_models import CONCERN_ANSWERS
from notifications.domain import wording
from notifications.domain.notice import Notice

SMS_SHOWS = 100
"""Characters of an answer that an SMS shows; the whole stands in the e-mail and on the web."""


@dataclass(frozen=True)
class ConcernWords:
    """What the template of an answered concern may say."""

    unit: str
    unit_short: str
    branch: str
    number: str
    subject: str
    answer: str
    answer_short: str


def tell_of_answer(event: ConcernAnswered, incoming: Incoming, store: Store, desk: Desk) -> Changes:
    """ConcernAnswered: the answer to the branch's secretary and to who raised it; Unready until its text has come."""
    context = context_of(incoming, now=desk.clock())
    unit = unit_of(store, event.unit_id)
    branch = unit_of(store, event.branch_id)
    answer = store.get(CONCERN_ANSWERS, event.concern_id)
    if answer is None:
        raise Unready(f"concern_answers:{event.concern_id}")
    own = unit.name_on(context.today)
    words = ConcernWords(
        unit=own.name,
        unit_short=own.short_name,
        branch=branch.name_on(context.today).name,
        number=event.number,
        subject=answer.subject,
        answer=answer.answer,
        answer_short=wording.shortened(answer.answer, SMS_SHOWS),
    )
    notice = Notice(
        id=incoming.id,
        template="concern_answered",
        about=event.concern_id,
        unit_id=branch.id,
        unit_path=branch.path,
        created=context.now,
        valid_until=context.now + desk.policy.valid_for,
        texts=desk.composer.compose("concern_answered", words),
        title=event.number,
        correlation_id=context.cause.correlation_id,
    )
    return announce(notice, event.recipient_ids, store, desk, context, happened=incoming.time)
