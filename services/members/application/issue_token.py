"""Issue tokens: for a password, for a refresh token, for a partner's secret. One answer for all that is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from chassis.context import Context
from chassis.failures import Unavailable
from chassis.outcome import Outcome
from chassis.storage.changes import Changes
from chassis.storage.store import Store
from chassis.web.token_claims import GrantClaim, PortfolioClaim, TokenClaims
from members.application.collections import (
    ACCOUNTS,
    CLIENTS,
    PEOPLE,
    PORTFOLIOS,
    POSTS,
    REFRESH_TOKENS,
)
from members.application.find_accounts import account_named
from members.application.open_account import fingerprint
from members.application.ports import KeySafe, Passwords
from members.application.register_client import new_secret
from members.application.rotate_signing_keys import verifying_keys
from members.domain.account import ACCESS_TOKEN_SECONDS, REFRESH_TOKEN_SECONDS, Account, Client, RefreshToken
from members.domain.names import folded
from members.domain.signing_key import key_that_signs
from members.domain.spans import holds_on, revised


@dataclass(frozen=True)
class Issued:
    """An access token, how many seconds it counts, and for people the refresh token that follows it."""

    access_token: str
    expires_in: int
    refresh_token: str | None = None
    scope: str | None = None


@dataclass(frozen=True)
class Issuer:
    """What issuing needs beside the store. `name` is the `iss` of every token."""

    passwords: Passwords
    keys: KeySafe
    name: str


Answer = Outcome[Issued | None]
"""None: refused. There may be changes all the same: a refresh token used twice ends its family."""


def for_password(context: Context, store: Store, issuer: Issuer, *, username: str, password: str) -> Answer:
    """Tokens for a username and its password; unknown and wrong take the same time and get the same answer."""
    account = account_named(store, folded(username))
    right = issuer.passwords.match(password, account.password_hash if account else None)
    if account is None or not right or account.disabled:
        return Outcome(None)
    return _session(context, store, issuer, account, family=context.new_id())


def for_refresh_token(context: Context, store: Store, issuer: Issuer, *, refresh_token: str) -> Answer:
    """New tokens for a refresh token, once. Used again, it was copied: nothing of its family counts any more."""
    token = store.get(REFRESH_TOKENS, fingerprint(refresh_token))
    if token is None or token.expires <= context.now or token.state == "revoked":
        return Outcome(None)
    account = store.get(ACCOUNTS, token.account_id)
    if account is None or account.disabled or token.issued < account.sessions_valid_from:
        return Outcome(None)
    if token.state == "used":
        family = store.find(REFRESH_TOKENS, {"family": token.family})
        return Outcome(None, Changes().replace(REFRESH_TOKENS, *(revised(one, state="revoked") for one in family)))
    session = _session(context, store, issuer, account, family=token.family)
    session.changes.replace(REFRESH_TOKENS, revised(token, state="used"))
    return session


def for_client(
    context: Context, store: Store, issuer: Issuer, *, client_id: str, secret: str, scopes: Sequence[str] | None
) -> Answer:
    """A token for a partner's client, with all its scopes or those asked for."""
    client = store.get(CLIENTS, client_id)
    if client is None or client.disabled or client.secret_hash != fingerprint(secret):
        return Outcome(None)
    granted = [scope for scope in client.scopes if scopes is None or scope in scopes]
    if not granted:
        return Outcome(None)
    claims = _claims_of_client(context, issuer, client, granted)
    token = Issued(_signed(context, store, issuer, claims), ACCESS_TOKEN_SECONDS, scope=" ".join(granted))
    return Outcome(token)


def _session(context: Context, store: Store, issuer: Issuer, account: Account, *, family: str) -> Answer:
    secret = new_secret()
    row = RefreshToken(
        id=fingerprint(secret),
        account_id=account.id,
        family=family,
        issued=context.now,
        expires=context.now + timedelta(seconds=REFRESH_TOKEN_SECONDS),
    )
    access = _signed(context, store, issuer, claims_of(context, store, issuer, account))
    return Outcome(Issued(access, ACCESS_TOKEN_SECONDS, secret), Changes().insert(REFRESH_TOKENS, row))


def claims_of(context: Context, store: Store, issuer: Issuer, account: Account) -> TokenClaims:
    """What the account may do today: its posts, the branches it belongs to, the branches in its charge."""
    grants = [GrantClaim(u=one.unit_id, p=one.post) for one in account.standing_grants]
    portfolios: list[PortfolioClaim] = []
    if account.person_id is not None:
        posts = store.find(POSTS, {"person_id": account.person_id})
        grants += [
            GrantClaim(u=post.unit_id, p=post.post, f=post.starts, t=post.ends)
            for post in posts
            if holds_on(post, context.today)
        ]
        person = store.get(PEOPLE, account.person_id)
        grants += [GrantClaim(u=unit_id) for unit_id in (person.units_on(context.today) if person else ())]
        portfolios = [
            PortfolioClaim(b=one.branch_id, f=one.starts, t=one.ends)
            for one in store.find(PORTFOLIOS, {"person_id": account.person_id})
            if holds_on(one, context.today)
        ]
    return _claims(
        context, issuer, account.id, person=account.person_id or account.id, grants=grants, portfolios=portfolios
    )


def _claims_of_client(context: Context, issuer: Issuer, client: Client, scopes: Sequence[str]) -> TokenClaims:
    return _claims(context, issuer, client.id, person=None, grants=[GrantClaim(u=client.unit_id, v=tuple(scopes))])


def _claims(
    context: Context,
    issuer: Issuer,
    subject: str,
    *,
    person: str | None,
    grants: Sequence[GrantClaim],
    portfolios: Sequence[PortfolioClaim] = (),
) -> TokenClaims:
    issued: datetime = context.now
    return TokenClaims(
        iss=issuer.name,
        sub=subject,
        person=person,
        grants=tuple(grants),
        portfolios=tuple(portfolios),
        iat=issued.timestamp(),
        exp=issued.timestamp() + ACCESS_TOKEN_SECONDS,
        jti=context.new_id(),
    )


def _signed(context: Context, store: Store, issuer: Issuer, claims: TokenClaims) -> str:
    key = key_that_signs(verifying_keys(context, store), context.now)
    if key is None:
        raise Unavailable("no signing key: run migrate, and keep timers running")
    return issuer.keys.sign(claims, key.sealed)
