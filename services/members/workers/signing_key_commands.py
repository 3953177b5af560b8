"""`signing-keys list | withdraw <id>… | withdraw all`: what an operator does when a private key became known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from chassis.context import Context
from chassis.runtime.command_line import WrongCall
from chassis.storage.store import Store
from members.application.ports import KeySafe
from members.application.rotate_signing_keys import verifying_keys
from members.application.withdraw_signing_keys import withdraw_signing_keys
from members.domain.signing_key import SigningKey

USAGE = "signing-keys list | withdraw <id>… | withdraw all"


def signing_key_commands(context: Context, store: Store, keys: KeySafe, arguments: Sequence[str]) -> Iterator[str]:
    """The lines to print. Raises WrongCall, and Refusal for a key that is not there."""
    match list(arguments):
        case [] | ["list"]:
            yield from map(_line, verifying_keys(context, store))
        case ["withdraw", *ids] if ids:
            named = [key.id for key in verifying_keys(context, store)] if ids == ["all"] else ids
            outcome = withdraw_signing_keys(context, store, keys, named)
            store.commit(outcome.changes)
            yield from (f"{id} is withdrawn: what it signed counts nowhere any more" for id in named)
            if outcome.result is not None:
                yield _line(outcome.result)
        case _:
            raise WrongCall(USAGE)


def _line(key: SigningKey) -> str:
    starts, ends, expires = (at.isoformat(timespec="seconds") for at in (key.signs_from, key.signs_until, key.expires))
    return f"{key.id}  signs {starts} to {ends}, verifies until {expires}"
