"""All that members tells as state: the documents behind each of its state topics, and how each is told."""

from __future__ import annotations

from typing import Any

from chassis.messaging.republishing import StateTold
from contracts.members_states import (
    AccountState,
    ContactState,
    PersonState,
    PortfolioState,
    PostState,
    SigningKeyState,
    UnitState,
)
from members.application.collections import (
    ACCOUNTS,
    CLIENTS,
    ERASURES,
    PEOPLE,
    PORTFOLIOS,
    POSTS,
    SIGNING_KEYS,
    UNITS,
)
from members.application.states import (
    forget_person,
    tell_account,
    tell_person,
    tell_portfolio,
    tell_post,
    tell_signing_key,
    tell_unit,
)

STATES: tuple[StateTold[Any], ...] = (
    StateTold(UnitState.TOPIC, UNITS, tell_unit),
    StateTold(PersonState.TOPIC, PEOPLE, tell_person),
    StateTold(PersonState.TOPIC, ERASURES, forget_person),
    StateTold(ContactState.TOPIC, PEOPLE, tell_person),
    StateTold(ContactState.TOPIC, ERASURES, forget_person),
    StateTold(PostState.TOPIC, POSTS, tell_post),
    StateTold(PortfolioState.TOPIC, PORTFOLIOS, tell_portfolio),
    StateTold(AccountState.TOPIC, ACCOUNTS, tell_account),
    StateTold(AccountState.TOPIC, CLIENTS, tell_account),
    StateTold(SigningKeyState.TOPIC, SIGNING_KEYS, tell_signing_key),
)
