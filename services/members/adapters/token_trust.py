"""How the web believes a token: this service's own keys and accounts, as they are stored now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from chassis.storage.store import Store
from chassis.web.authentication import Standing, VerificationKey
from chassis.web.token_claims import Rights
from contracts.grammar import grammar
from members.application.collections import ACCOUNTS, CLIENTS, SIGNING_KEYS


def verification_keys(store: Store) -> Sequence[VerificationKey]:
    """Every key that verifies now or will; there are a handful."""
    found = store.find(SIGNING_KEYS, {"expires": {"$gt": datetime.now(UTC)}}, sort=(("expires", 1), ("_id", 1)))
    return [VerificationKey(key.id, key.public, key.not_before, key.expires) for key in found]


def standing_of(store: Store, account_id: str) -> Standing | None:
    account = store.get(ACCOUNTS, account_id) or store.get(CLIENTS, account_id)
    return None if account is None else Standing(account.tokens_valid_from, account.disabled)


def rights() -> Rights:
    """What the grammar allows to posts, to everyone, to partners."""
    return Rights(
        posts={key: post.permissions for key, post in grammar().posts.items()},
        everyone=grammar().everyone,
        partner_scopes=grammar().partner_scopes,
    )
