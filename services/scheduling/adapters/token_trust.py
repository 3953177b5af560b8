"""How the web comes to believe a token: members' public keys and accounts, as this service has read them."""

from __future__ import annotations

from collections.abc import Sequence

from chassis.storage.store import Store
from chassis.web.authentication import Standing, VerificationKey
from chassis.web.token_claims import Rights
from contracts.grammar import grammar
from scheduling.application.read_models import ACCOUNTS, SIGNING_KEYS


def verification_keys(store: Store) -> Sequence[VerificationKey]:
    """Every key known now; there are a handful."""
    return [VerificationKey(key.id, key.jwk, key.not_before, key.expires) for key in store.find(SIGNING_KEYS, {})]


def standing_of(store: Store, account_id: str) -> Standing | None:
    account = store.get(ACCOUNTS, account_id)
    return None if account is None else Standing(account.tokens_valid_from, account.disabled)


def rights() -> Rights:
    """What the grammar allows to posts, to everyone, to partners."""
    return Rights(
        posts={key: post.permissions for key, post in grammar().posts.items()},
        everyone=grammar().everyone,
        partner_scopes=grammar().partner_scopes,
    )
