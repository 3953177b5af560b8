"""Tell who must decide on a proposed joint activity (sinh hoạt liên chi đoàn), and the proposer what was decided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from chassis.context import context_of
from chassis.messaging.envelope import Incoming
from chassis.storage.changes import Changes
from chassis.storage.store import Store
from contracts.scheduling_events import LinkProposalApproved, LinkProposalDeclined, LinkProposalSubmitted
from notifications.application.announce import Desk, announce, unit_of
from notifications.domain import wording
from notifications.domain.notice import Notice


@dataclass(frozen=True)
class ProposalWords:
    """What the templates of proposals may say."""

    unit: str
    unit_short: str
    host: str
    host_short: str
    title: str
    clock: str = ""
    day: str = ""
    day_short: str = ""
    partners: tuple[str, ...] = ()
    declined_by: str = ""


Proposal = LinkProposalSubmitted | LinkProposalApproved | LinkProposalDeclined


def ask_deciders(event: LinkProposalSubmitted, incoming: Incoming, store: Store, desk: Desk) -> Changes:
    """LinkProposalSubmitted: the standing secretaries of Đoàn xã are asked to decide."""
    return _tell("link_proposal_submitted", event, event.decider_ids, incoming=incoming, store=store, desk=desk)


def tell_of_approval(event: LinkProposalApproved, incoming: Incoming, store: Store, desk: Desk) -> Changes:
    """LinkProposalApproved: the proposer hears that chi bộ and Đoàn xã agreed; the invitations go out by themselves."""
    return _tell("link_proposal_approved", event, [event.proposer_id], incoming=incoming, store=store, desk=desk)


def tell_of_refusal(event: LinkProposalDeclined, incoming: Incoming, store: Store, desk: Desk) -> Changes:
    """LinkProposalDeclined: the proposer hears who did not agree."""
    return _tell("link_proposal_declined", event, [event.proposer_id], incoming=incoming, store=store, desk=desk)


def _tell(
    template: str,
    event: Proposal,
    people: Sequence[str],
    *,
    incoming: Incoming,
    store: Store,
    desk: Desk,
) -> Changes:
    context = context_of(incoming, now=desk.clock())
    unit, host = unit_of(store, event.unit_id), unit_of(store, event.host_branch_id)
    own, theirs = unit.name_on(context.today), host.name_on(context.today)
    words = ProposalWords(
        unit=own.name,
        unit_short=own.short_name,
        host=theirs.name,
        host_short=theirs.short_name,
        title=event.title,
    )
    if isinstance(event, LinkProposalDeclined):
        words = replace(words, declined_by=wording.DECLINED_BY.get(event.declined_by, event.declined_by))
    else:
        partners = [unit_of(store, id).name_on(context.today).name for id in event.partner_branch_ids]
        words = replace(
            words,
            clock=wording.clock(event.starts_at),
            day=wording.long_day(event.starts_at),
            day_short=wording.short_day(event.starts_at),
            partners=tuple(partners),
        )
    notice = Notice(
        id=incoming.id,
        template=template,
        about=event.proposal_id,
        unit_id=host.id,
        unit_path=host.path,
        created=context.now,
        valid_until=context.now + desk.policy.valid_for,
        texts=desk.composer.compose(template, words),
        title=event.title,
        correlation_id=context.cause.correlation_id,
    )
    return announce(notice, people, store, desk, context, happened=incoming.time)
