"""Withdraw keys that became known to others: what they signed counts nowhere any more."""

from __future__ import annotations

from collections.abc import Collection

from chassis.context import Context
from chassis.failures import missing
from chassis.outcome import Outcome
from chassis.storage.changes import Changes
from chassis.storage.store import Store
from members.application.collections import SIGNING_KEYS
from members.application.ports import KeySafe
from members.application.rotate_signing_keys import new_signing_key, verifying_keys
from members.application.states import forget_signing_key, tell_signing_key
from members.domain.signing_key import SIGNS_FOR, SigningKey, key_that_signs


def withdraw_signing_keys(
    context: Context, store: Store, keys: KeySafe, ids: Collection[str]
) -> Outcome[SigningKey | None]:
    """Gone here at once, elsewhere by tombstones, which also keep them from coming back.

    Where no key would sign now, there is a new one in the same transaction: it is the result. Everybody whose token
    they signed signs in again, or renews it. Raises Refusal (missing).
    """
    known = store.get_many(SIGNING_KEYS, ids)
    if not ids or known.keys() != set(ids):
        raise missing("khóa ký", "signing key")
    changes = Changes().erase(SIGNING_KEYS, *known.values())
    for key in known.values():
        forget_signing_key(changes, context, key)
    left = [key for key in verifying_keys(context, store) if key.id not in known]
    if key_that_signs(left, context.now) is not None:
        return Outcome(None, changes)
    made = new_signing_key(context, keys, context.now, context.now + SIGNS_FOR)
    return Outcome(made, tell_signing_key(changes.insert(SIGNING_KEYS, made), context, made))
