"""Partner clients (ứng dụng đối tác): register one, give it a new secret, disable it."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from chassis.context import Context
from chassis.failures import Refusal, missing
from chassis.outcome import Outcome
from chassis.storage.changes import Changes
from chassis.storage.documents import Filter
from chassis.storage.store import Store
from contracts.grammar import grammar
from members.application.authority import CLIENT, UNIT, as_read, at, demand, may, of_unit, within
from members.application.collections import CLIENTS
from members.application.find_units import the_unit
from members.application.open_account import fingerprint
from members.application.states import tell_account
from members.domain.account import Client
from members.domain.names import natural_sort_key, tidied
from members.domain.spans import revised


@dataclass(frozen=True)
class WithSecret:
    """A client and its new secret, which is shown this once and kept as a hash only."""

    client: Client
    secret: str


def register_client(
    context: Context, store: Store, *, name: str, unit_id: str, scopes: Sequence[str]
) -> Outcome[WithSecret]:
    """A client on a unit and below. Raises Refusal for a scope that the grammar or the caller's own reach lacks."""
    unit = the_unit(store, unit_id)
    demand(context, "clients.manage", of_unit(unit), seen_with="units.read", what=UNIT)
    allowed = grammar().partner_scopes
    for scope in scopes:
        if scope not in allowed or not may(context, scope, of_unit(unit)):
            raise Refusal(
                "scope-not-allowed",
                vi=f"Không cấp được quyền “{scope}” cho ứng dụng đối tác.",
                en=f"The scope “{scope}” can't be given to a partner here; the grammar allows {', '.join(allowed)}.",
                pointer="/scopes",
            )
    secret = new_secret()
    client = Client(
        id=context.new_id(),
        name=tidied(name),
        sort_key=natural_sort_key(name),
        unit_id=unit.id,
        unit_path=unit.unit_path,
        scopes=tuple(dict.fromkeys(scopes)),
        secret_hash=fingerprint(secret),
        tokens_valid_from=context.now,
    )
    return Outcome(WithSecret(client, secret), tell_account(Changes().insert(CLIENTS, client), context, client))


def read_client(context: Context, store: Store, id: str) -> Client:
    client = store.get(CLIENTS, id)
    if client is None:
        raise missing(*CLIENT)
    demand(context, "clients.manage", at(client.unit_path), seen_with="clients.manage", what=CLIENT)
    return client


def clients_wanted(context: Context, under: str | None) -> Filter:
    reach = within(context, "clients.manage")
    return reach if under is None else {"$and": [reach, {"unit_path": under}]}


def renew_secret(context: Context, store: Store, id: str, expected: int | None) -> Outcome[WithSecret]:
    """A new secret; the old one and every token issued until now are void."""
    client = read_client(context, store, id)
    as_read(client, CLIENTS, expected)
    secret = new_secret()
    renewed = revised(client, secret_hash=fingerprint(secret), tokens_valid_from=context.now)
    return Outcome(WithSecret(renewed, secret), tell_account(Changes().replace(CLIENTS, renewed), context, renewed))


def set_client_disabled(
    context: Context, store: Store, id: str, *, disabled: bool, expected: int | None
) -> Outcome[Client]:
    client = read_client(context, store, id)
    as_read(client, CLIENTS, expected)
    changed = revised(client, disabled=disabled, tokens_valid_from=context.now)
    return Outcome(changed, tell_account(Changes().replace(CLIENTS, changed), context, changed))


def new_secret() -> str:
    """256 random bits."""
    return secrets.token_urlsafe(32)
