"""What members tells the others: its documents as the states and events of contracts.

The outbox takes all of them in the transaction that changed the document; `sequence` is the document's version.
"""

from __future__ import annotations

from chassis.context import Context
from chassis.messaging.outbox import publish
from chassis.storage.changes import Changes
from contracts.members_states import (
    AccountState,
    ContactChannel,
    ContactPoint,
    ContactState,
    Membership,
    PersonState,
    PortfolioState,
    PostState,
    SigningKeyState,
    UnitFacts,
    UnitState,
)
from members.domain.account import Account, Client
from members.domain.office import Post
from members.domain.person import Erasure, Person, Standing
from members.domain.portfolio import Portfolio
from members.domain.signing_key import SigningKey
from members.domain.spans import holding
from members.domain.unit import Unit


def tell_unit(changes: Changes, context: Context, unit: Unit) -> Changes:
    state = UnitState(
        unit_id=unit.id,
        version=unit.version,
        facts=[UnitFacts(**fact.model_dump()) for fact in unit.facts],
        path=list(unit.unit_path),
        clusters=unit.clusters,
        pilot=unit.pilot,
        meets_every_months=unit.meets_every_months,
        predecessors=unit.predecessors,
        successors=unit.successors,
    )
    return publish(changes, context.message(state, key=unit.id, sequence=unit.version))


def tell_person(changes: Changes, context: Context, person: Person) -> Changes:
    """The person on one topic, how to reach the person on another: few may read the second."""
    state = PersonState(
        person_id=person.id,
        version=person.version,
        full_name=person.full_name,
        sort_key=person.sort_key,
        memberships=[
            Membership(unit_id=one.unit_id, kind=one.kind.value, starts=one.starts, ends=one.ends)
            for one in person.memberships
        ],
        works_away=person.works_away,
    )
    contact = ContactState(
        person_id=person.id,
        version=person.version,
        full_name=person.full_name,
        greeting=greeting(context, person),
        points=[
            ContactPoint(channel=ContactChannel(point.channel), address=point.address, verified_on=point.verified_on)
            for point in person.points
        ],
        refused=tuple(ContactChannel(channel) for channel in person.refused),
        unit_ids=person.units_on(context.today) or person.unit_ids,
    )
    return publish(
        changes,
        context.message(state, key=person.id, sequence=person.version),
        context.message(contact, key=person.id, sequence=person.version),
    )


def greeting(context: Context, person: Person) -> str:
    """Members of the Union call each other `đồng chí`; other youth are addressed as `bạn`."""
    now = holding(person.memberships, context.today)
    return "đồng chí" if any(one.kind is Standing.MEMBER for one in now) else "bạn"


def forget_person(changes: Changes, context: Context, erasure: Erasure) -> Changes:
    """Tombstones on both topics."""
    return publish(
        changes,
        context.erasure(PersonState, key=erasure.id, sequence=erasure.version),
        context.erasure(ContactState, key=erasure.id, sequence=erasure.version),
    )


def tell_post(changes: Changes, context: Context, post: Post) -> Changes:
    state = PostState(
        post_id=post.id,
        version=post.version,
        person_id=post.person_id,
        unit_id=post.unit_id,
        post=post.post,
        basis=post.basis.value,
        decision=post.decision,
        starts=post.starts,
        ends=post.ends,
    )
    return publish(changes, context.message(state, key=post.id, sequence=post.version))


def tell_portfolio(changes: Changes, context: Context, portfolio: Portfolio) -> Changes:
    state = PortfolioState(
        portfolio_id=portfolio.id,
        version=portfolio.version,
        person_id=portfolio.person_id,
        commune_id=portfolio.commune_id,
        branch_id=portfolio.branch_id,
        starts=portfolio.starts,
        ends=portfolio.ends,
    )
    return publish(changes, context.message(state, key=portfolio.id, sequence=portfolio.version))


def tell_account(changes: Changes, context: Context, account: Account | Client) -> Changes:
    state = AccountState(
        account_id=account.id,
        version=account.version,
        tokens_valid_from=account.tokens_valid_from,
        disabled=account.disabled,
    )
    return publish(changes, context.message(state, key=account.id, sequence=account.version))


def tell_signing_key(changes: Changes, context: Context, key: SigningKey) -> Changes:
    state = SigningKeyState(
        key_id=key.id, version=key.version, jwk=key.public, not_before=key.not_before, expires=key.expires
    )
    return publish(changes, context.message(state, key=key.id, sequence=key.version))


def forget_signing_key(changes: Changes, context: Context, key: SigningKey) -> Changes:
    """A tombstone: the key verifies nothing any more."""
    return publish(changes, context.erasure(SigningKeyState, key=key.id, sequence=key.version + 1))
