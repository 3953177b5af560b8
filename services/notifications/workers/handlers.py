"""All that notifications hears and what it does about it: the service's table of contents.

| event                  | who is told                                     | by            |
|------------------------|-------------------------------------------------|---------------|
| MeetingScheduled       | every invitee                                   | SMS + e-mail  |
| MeetingRescheduled     | who was told: the move; who was not: the invitation with the new time | SMS + e-mail |
| MeetingCancelled       | who was told; the others nothing                | SMS + e-mail  |
| TaskAssigned, TaskReturned, TaskAccepted, TaskOverdue | the assignee     | SMS + e-mail  |
| TaskCompleted, TaskAcknowledged | nobody: the commune sees it in its list | -            |
| ConcernAnswered        | its recipients (the branch's secretary, who raised it) | SMS + e-mail |
| LinkProposalSubmitted  | the deciders of Đoàn xã                         | SMS + e-mail  |
| LinkProposalApproved, LinkProposalDeclined | the proposer                | SMS + e-mail  |

E-mail goes to who has an address; each SMS that can't be sent stays as a row with its reason.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from chassis.messaging.envelope import Incoming
from chassis.messaging.handlers import Handler, Projection, Reaction
from chassis.storage.changes import Changes
from chassis.storage.store import Store
from contracts.members_states import AccountState, ContactState, SigningKeyState, UnitState
from contracts.scheduling_events import (
    ConcernAnswered,
    LinkProposalApproved,
    LinkProposalDeclined,
    LinkProposalSubmitted,
    MeetingCancelled,
    MeetingRescheduled,
    MeetingScheduled,
    TaskAccepted,
    TaskAssigned,
    TaskOverdue,
    TaskReturned,
)
from contracts.scheduling_states import ConcernAnswerState
from notifications.application.announce import Desk
from notifications.application.announce_concern import tell_of_answer
from notifications.application.announce_meeting import invite_to_meeting, tell_of_cancellation, tell_of_move
from notifications.application.announce_proposal import ask_deciders, tell_of_approval, tell_of_refusal
from notifications.application.announce_task import tell_assignee
from notifications.application.read_models import (
    ACCOUNTS,
    CONCERN_ANSWERS,
    CONTACTS,
    SIGNING_KEYS,
    UNITS,
    as_account,
    as_concern_answer,
    as_contact,
    as_signing_key,
    as_unit,
)
from notifications.domain.notice import NOTICES

E = TypeVar("E")
UseCase = Callable[[E, Incoming, Store, Desk], Changes]


PROJECTIONS: tuple[Projection[Any, Any], ...] = (
    Projection(UnitState, UNITS, as_unit),
    Projection(ContactState, CONTACTS, as_contact),
    Projection(AccountState, ACCOUNTS, as_account),
    Projection(SigningKeyState, SIGNING_KEYS, as_signing_key),
    Projection(ConcernAnswerState, CONCERN_ANSWERS, as_concern_answer),
)

READ_MODEL_TOPICS = frozenset(str(projection.state.TOPIC) for projection in PROJECTIONS)


def handlers(desk: Desk) -> list[Handler]:
    """Projections keep the read models, reactions tell people."""

    def at(use_case: UseCase[Any]) -> Callable[[Any, Incoming, Store], Changes]:
        def tell(event: Any, incoming: Incoming, store: Store) -> Changes:
            # A consumer that begins anew reads again what it told long ago: the event's notice outlives its inbox row.
            told_before = store.get(NOTICES, incoming.id) is not None
            return Changes() if told_before else use_case(event, incoming, store, desk)

        return tell

    return [
        *PROJECTIONS,
        Reaction(MeetingScheduled, at(invite_to_meeting)),
        Reaction(MeetingRescheduled, at(tell_of_move)),
        Reaction(MeetingCancelled, at(tell_of_cancellation)),
        Reaction(TaskAssigned, at(tell_assignee)),
        Reaction(TaskReturned, at(tell_assignee)),
        Reaction(TaskAccepted, at(tell_assignee)),
        Reaction(TaskOverdue, at(tell_assignee)),
        Reaction(ConcernAnswered, at(tell_of_answer)),
        Reaction(LinkProposalSubmitted, at(ask_deciders)),
        Reaction(LinkProposalApproved, at(tell_of_approval)),
        Reaction(LinkProposalDeclined, at(tell_of_refusal)),
    ]
