"""What scheduling knows of units, people, posts, portfolios, accounts and keys: members' states, as it needs them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from chassis.storage.documents import Document, Index, Kind
from contracts.members_states import (
    AccountState,
    PersonState,
    PortfolioState,
    PostState,
    SigningKeyState,
    UnitState,
)
from scheduling.domain.meeting import Value


def holds_on(day: date, starts: date, ends: date | None) -> bool:
    """Whether `day` lies in `[starts, ends)`."""
    return starts <= day and (ends is None or day < ends)


class Facts(Value):
    """A unit's name, code and kind on the days of `[starts, ends)`."""

    name: str
    short_name: str
    code: str | None = None
    kind: str
    starts: date
    ends: date | None = None


class UnitSeen(Document):
    """A unit. `path` is ids from the root to this unit; `kind_now` is the kind of its latest facts, for the index."""

    path: tuple[str, ...]
    kind_now: str
    facts: tuple[Facts, ...]
    meets_every_months: int = 1

    def on(self, day: date) -> Facts | None:
        """The facts that hold on `day`, or None where the unit does not exist then."""
        return next((facts for facts in self.facts if holds_on(day, facts.starts, facts.ends)), None)

    @property
    def latest(self) -> Facts:
        """The facts of the newest interval, for showing what is over as well."""
        return max(self.facts, key=lambda facts: facts.starts)


class MembershipSeen(Value):
    unit_id: str
    kind: str
    starts: date
    ends: date | None = None


class PersonSeen(Document):
    """A person's name and memberships. No way to reach the person."""

    full_name: str
    sort_key: str
    memberships: tuple[MembershipSeen, ...] = ()
    works_away: bool = False


class PostSeen(Document):
    person_id: str
    unit_id: str
    post: str
    starts: date
    ends: date | None = None


class PortfolioSeen(Document):
    person_id: str
    commune_id: str
    branch_id: str
    starts: date
    ends: date | None = None


class AccountSeen(Document):
    tokens_valid_from: datetime
    disabled: bool = False


class SigningKeySeen(Document):
    jwk: dict[str, Any]
    not_before: datetime
    expires: datetime


UNITS: Kind[UnitSeen] = Kind("units_seen", UnitSeen, (Index((("path", 1), ("kind_now", 1), ("_id", 1))),))
PEOPLE: Kind[PersonSeen] = Kind("people_seen", PersonSeen, (Index((("memberships.unit_id", 1), ("_id", 1))),))
POSTS: Kind[PostSeen] = Kind("posts_seen", PostSeen, (Index((("unit_id", 1), ("_id", 1))),))
PORTFOLIOS: Kind[PortfolioSeen] = Kind(
    "portfolios_seen", PortfolioSeen, (Index((("branch_id", 1), ("starts", -1))), Index((("person_id", 1), ("_id", 1))))
)
ACCOUNTS: Kind[AccountSeen] = Kind("accounts_seen", AccountSeen)
SIGNING_KEYS: Kind[SigningKeySeen] = Kind("signing_keys_seen", SigningKeySeen)


def as_unit(state: UnitState) -> UnitSeen:
    facts = tuple(
        Facts(
            name=said.name,
            short_name=said.short_name,
            code=said.code,
            kind=said.kind,
            starts=said.starts,
            ends=said.ends,
        )
        for said in state.facts
    )
    return UnitSeen(
        id=state.unit_id,
        version=state.version,
        path=tuple(state.path),
        kind_now=max(facts, key=lambda said: said.starts).kind if facts else "",
        facts=facts,
        meets_every_months=state.meets_every_months,
    )


def as_person(state: PersonState) -> PersonSeen:
    return PersonSeen(
        id=state.person_id,
        version=state.version,
        full_name=state.full_name,
        sort_key=state.sort_key,
        memberships=tuple(
            MembershipSeen(unit_id=said.unit_id, kind=said.kind, starts=said.starts, ends=said.ends)
            for said in state.memberships
        ),
        works_away=state.works_away,
    )


def as_post(state: PostState) -> PostSeen:
    return PostSeen(
        id=state.post_id,
        version=state.version,
        person_id=state.person_id,
        unit_id=state.unit_id,
        post=state.post,
        starts=state.starts,
        ends=state.ends,
    )


def as_portfolio(state: PortfolioState) -> PortfolioSeen:
    return PortfolioSeen(
        id=state.portfolio_id,
        version=state.version,
        person_id=state.person_id,
        commune_id=state.commune_id,
        branch_id=state.branch_id,
        starts=state.starts,
        ends=state.ends,
    )


def as_account(state: AccountState) -> AccountSeen:
    return AccountSeen(
        id=state.account_id,
        version=state.version,
        tokens_valid_from=state.tokens_valid_from,
        disabled=state.disabled,
    )


def as_signing_key(state: SigningKeyState) -> SigningKeySeen:
    return SigningKeySeen(
        id=state.key_id, version=state.version, jwk=state.jwk, not_before=state.not_before, expires=state.expires
    )
