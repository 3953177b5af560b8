"""Make the next signing key while the present one still signs, and tell everyone its public part."""

from __future__ import annotations

from datetime import datetime, timedelta

from chassis.context import Context
from chassis.outcome import Outcome
from chassis.storage.changes import Changes
from chassis.storage.store import Store
from members.application.collections import SIGNING_KEYS
from members.application.ports import KeySafe
from members.application.states import tell_signing_key
from members.domain.account import ACCESS_TOKEN_SECONDS
from members.domain.signing_key import VERIFIES_AFTER, SigningKey, next_span

assert timedelta(seconds=ACCESS_TOKEN_SECONDS) < VERIFIES_AFTER, "a key must verify longer than its tokens live"


def rotate_signing_keys(context: Context, store: Store, keys: KeySafe) -> Outcome[SigningKey | None]:
    """The next key, or None while one is ready for long enough. Run it at least daily."""
    span = next_span(verifying_keys(context, store), context.now)
    if span is None:
        return Outcome(None)
    key = new_signing_key(context, keys, *span)
    return Outcome(key, tell_signing_key(Changes().insert(SIGNING_KEYS, key), context, key))


def new_signing_key(context: Context, keys: KeySafe, signs_from: datetime, signs_until: datetime) -> SigningKey:
    public, sealed = keys.new_key(context.new_id())
    return SigningKey(
        id=public["kid"],
        public=public,
        sealed=sealed,
        signs_from=signs_from,
        signs_until=signs_until,
        not_before=context.now,
        expires=signs_until + VERIFIES_AFTER,
    )


def verifying_keys(context: Context, store: Store) -> list[SigningKey]:
    """Keys whose signatures count now, or will."""
    return store.find(SIGNING_KEYS, {"expires": {"$gt": context.now}}, sort=(("expires", 1), ("_id", 1)))
