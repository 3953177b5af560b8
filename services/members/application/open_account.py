"""Accounts: open one for a person, give a new password, sign it out everywhere, disable it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from chassis.context import Context
from chassis.failures import Refusal, missing
from chassis.outcome import Outcome
from chassis.storage.changes import Changes
from chassis.storage.documents import Filter
from chassis.storage.store import Store
from members.application.authority import ACCOUNT, as_read, at, may, within
from members.application.collections import ACCOUNTS, POSTS
from members.application.find_accounts import account_named, account_of
from members.application.find_people import person_to
from members.application.ports import Passwords
from members.application.states import tell_account
from members.domain.account import Account, check_password, read_username, signed_out


@dataclass(frozen=True)
class NewAccount:
    person_id: str
    username: str
    password: str


def open_account(context: Context, store: Store, passwords: Passwords, wanted: NewAccount) -> Outcome[Account]:
    """An account for a person. Raises Refusal when the person has one, or the username is taken."""
    person, _ = person_to(context, store, wanted.person_id, "accounts.manage")
    _demand_over_posts(context, store, person.id)
    username = read_username(wanted.username)
    check_password(wanted.password, username)
    if account_of(store, person.id) is not None:
        raise Refusal(
            "account-exists",
            vi="Người này đã có tài khoản.",
            en="This person has an account already.",
            because="conflict",
            pointer="/person_id",
        )
    if account_named(store, username) is not None:
        raise Refusal(
            "username-taken",
            vi="Tên đăng nhập này đã có người dùng; hãy chọn tên khác.",
            en="This username is taken; choose another.",
            because="conflict",
            pointer="/username",
        )
    account = Account(
        id=context.new_id(),
        username=username,
        person_id=person.id,
        password_hash=passwords.hashed(wanted.password),
        tokens_valid_from=context.now,
        sessions_valid_from=context.now,
        unit_ids=person.unit_ids,
        unit_path=person.unit_path,
    )
    return Outcome(account, tell_account(Changes().insert(ACCOUNTS, account), context, account))


def read_account(context: Context, store: Store, id: str) -> Account:
    return _account_to(context, store, id)


def accounts_wanted(context: Context, under: str | None) -> Filter:
    reach = within(context, "accounts.manage", unit="unit_ids")
    return reach if under is None else {"$and": [reach, {"unit_path": under}]}


def reset_password(
    context: Context, store: Store, passwords: Passwords, id: str, *, password: str, expected: int | None
) -> Outcome[Account]:
    """A new password by an officer of the unit; everything signed in with the old one is signed out."""
    account = _account_to(context, store, id)
    as_read(account, ACCOUNTS, expected)
    return _with_password(context, passwords, account, password)


def change_own_password(
    context: Context, store: Store, passwords: Passwords, *, account_id: str, current: str, password: str
) -> Outcome[Account]:
    """A new password by whoever knows the old one. Raises Refusal when it is not the old one."""
    account = store.get(ACCOUNTS, account_id)
    if account is None or not passwords.match(current, account.password_hash):
        raise Refusal(
            "wrong-password",
            vi="Mật khẩu hiện tại không đúng.",
            en="The current password is not right.",
            pointer="/current",
        )
    return _with_password(context, passwords, account, password)


def revoke_account(context: Context, store: Store, id: str, expected: int | None) -> Outcome[Account]:
    """Every token issued until now is void, access and refresh; signing in again is possible."""
    account = _account_to(context, store, id)
    as_read(account, ACCOUNTS, expected)
    return _kept(context, signed_out(account, context.now))


def set_disabled(context: Context, store: Store, id: str, *, disabled: bool, expected: int | None) -> Outcome[Account]:
    """The account closed, or open again; it is never deleted."""
    account = _account_to(context, store, id)
    as_read(account, ACCOUNTS, expected)
    return _kept(context, signed_out(account, context.now, disabled=disabled))


def fingerprint(secret: str) -> str:
    """How random secrets (refresh tokens, client secrets) are kept: SHA-256, since they can't be guessed."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _with_password(context: Context, passwords: Passwords, account: Account, password: str) -> Outcome[Account]:
    check_password(password, account.username)
    return _kept(context, signed_out(account, context.now, password_hash=passwords.hashed(password)))


def _kept(context: Context, account: Account) -> Outcome[Account]:
    return Outcome(account, tell_account(Changes().replace(ACCOUNTS, account), context, account))


def _account_to(context: Context, store: Store, id: str) -> Account:
    """An account whose person is the caller's to manage. The first administrator's is nobody's but his own."""
    account = store.get(ACCOUNTS, id)
    if account is None or account.person_id is None:
        raise missing(*ACCOUNT)
    person, _ = person_to(context, store, account.person_id, "accounts.manage", what=ACCOUNT)
    _demand_over_posts(context, store, person.id)
    return account


def _demand_over_posts(context: Context, store: Store, person_id: str) -> None:
    """Who manages an account could act through it: so it takes the same right over every unit it has a post in."""
    for post in store.find(POSTS, {"person_id": person_id}):
        over = post.ends is not None and post.ends <= context.today
        if not over and not may(context, "accounts.manage", at(post.unit_path)):
            raise Refusal(
                "holds-a-higher-post",
                vi="Người này giữ chức vụ ở đơn vị ngoài phạm vi của bạn; hãy nhờ cấp trên quản lý tài khoản.",
                en="The person holds a post beyond your reach: the level above manages this account.",
                because="forbidden",
            )
