"""What scheduling does with what it reads: its table of contents."""

from __future__ import annotations

from typing import Any

from chassis.messaging.handlers import Handler, Projection, Reaction
from contracts.members_states import (
    AccountState,
    PersonState,
    PortfolioState,
    PostState,
    SigningKeyState,
    UnitState,
)
from contracts.notifications_events import ReplyReceived
from scheduling.application.answer_invitation import reply_received
from scheduling.application.read_models import (
    ACCOUNTS,
    PEOPLE,
    PORTFOLIOS,
    POSTS,
    SIGNING_KEYS,
    UNITS,
    as_account,
    as_person,
    as_portfolio,
    as_post,
    as_signing_key,
    as_unit,
)

PROJECTIONS: tuple[Projection[Any, Any], ...] = (
    Projection(UnitState, UNITS, as_unit),
    Projection(PersonState, PEOPLE, as_person),
    Projection(PostState, POSTS, as_post),
    Projection(PortfolioState, PORTFOLIOS, as_portfolio),
    Projection(AccountState, ACCOUNTS, as_account),
    Projection(SigningKeyState, SIGNING_KEYS, as_signing_key),
)

HANDLERS: tuple[Handler, ...] = (*PROJECTIONS, Reaction(ReplyReceived, reply_received))

READ_MODEL_TOPICS = frozenset(str(projection.state.TOPIC) for projection in PROJECTIONS)
"""What must have been read to its end once before the web is ready."""
