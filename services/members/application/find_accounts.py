"""Accounts by what they are unique by."""

from __future__ import annotations

from chassis.storage.store import Store
from members.application.collections import ACCOUNTS
from members.domain.account import Account


def account_of(store: Store, person_id: str) -> Account | None:
    """The account of a person, if they have one."""
    return next(iter(store.find(ACCOUNTS, {"kind": "person", "person_id": person_id}, sort=(), limit=1)), None)


def account_named(store: Store, username: str) -> Account | None:
    """The account that signs in with this name (in its one form)."""
    return next(iter(store.find(ACCOUNTS, {"username": username}, sort=(), limit=1)), None)
