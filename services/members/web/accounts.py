"""`/v1/accounts`: accounts of people, managed by officers of their units."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Self

from flask import Response
from pydantic import BaseModel, ConfigDict, Field

from chassis.context import Context
from chassis.web.app import blueprint, example
from chassis.web.commands import Reply, run_command, run_query
from chassis.web.conditions import expected_version
from chassis.web.identifiers import Id, IdPath
from chassis.web.paging import Listing, PageQuery, page
from members.application.collections import ACCOUNTS
from members.application.open_account import (
    NewAccount,
    accounts_wanted,
    open_account,
    read_account,
    reset_password,
    revoke_account,
    set_disabled,
)
from members.domain.account import Account
from members.web.parts import ACCOUNT, PERSON, Body, NoBody, Password, outside, store

accounts = blueprint("accounts", "/v1/accounts", tag="accounts", about="Tài khoản người dùng")


class AccountView(BaseModel):
    """An account. Nothing that lets anybody sign in is in it."""

    id: Id
    version: int
    username: str
    person_id: str | None
    disabled: bool
    tokens_valid_from: datetime = Field(description="Access tokens issued before do not count")

    @classmethod
    def of(cls, account: Account) -> Self:
        return cls(**account.model_dump(include=set(cls.model_fields)))


class AccountBody(Body):
    person_id: Id
    username: str = Field(
        min_length=3, max_length=40, description="Letters without diacritics, digits, dots, hyphens, underscores"
    )
    password: Password

    def wanted(self) -> NewAccount:
        return NewAccount(**dict(self))


class PasswordBody(Body):
    password: Password


class AccountsQuery(PageQuery):
    model_config = ConfigDict(extra="forbid")

    under: Id | None = Field(default=None, description="Of people of this unit and everything below it")


ACCOUNT_EXAMPLE = AccountView(
    id=ACCOUNT,
    version=1,
    username="nongson.trungha",
    person_id=PERSON,
    disabled=False,
    tokens_valid_from=datetime(2026, 11, 20, 2, 0, tzinfo=UTC),
)


@accounts.post("", summary="Open an account for a person", responses={201: AccountView})
@example(
    request={"person_id": PERSON, "username": "nongson.trungha", "password": "mat-khau-dau-tien"},
    response=ACCOUNT_EXAMPLE,
)
def open_one(body: AccountBody) -> Response:
    """One account a person. The officer tells them the first password; they change it at POST /v1/me/password."""
    return run_command(
        lambda context: open_account(context, store(), outside().passwords, body.wanted()),
        lambda account: Reply(
            AccountView.of(account), status=201, location=f"/v1/accounts/{account.id}", version=account.version
        ),
    )


@accounts.get("", summary="Accounts, by username", responses={200: Listing[AccountView]})
@example(response=Listing[AccountView](items=[ACCOUNT_EXAMPLE]))
def list_accounts(query: AccountsQuery) -> Response:
    """Of the people whose accounts the caller manages."""

    def answer(context: Context) -> Reply:
        where = accounts_wanted(context, query.under)
        found = page(
            store(), ACCOUNTS, where, sort=(("username", 1), ("_id", 1)), limit=query.limit, cursor=query.cursor
        )
        return Reply(found.listed(Listing[AccountView], AccountView.of))

    return run_query(answer)


@accounts.get("/<id>", summary="One account", responses={200: AccountView})
@example(response=ACCOUNT_EXAMPLE)
def read(path: IdPath) -> Response:
    """An account whose person's accounts the caller manages."""
    return run_query(lambda context: _told(read_account(context, store(), path.id)))


@accounts.post("/<id>/password", summary="Give a new password", responses={200: AccountView})
@example(request={"password": "mat-khau-moi-2026"}, response=ACCOUNT_EXAMPLE)
def give_password(path: IdPath, body: PasswordBody) -> Response:
    """For who forgot theirs. Everything signed in with the old one is signed out."""
    return run_command(
        lambda context: reset_password(
            context, store(), outside().passwords, path.id, password=body.password, expected=expected_version()
        ),
        _told,
    )


@accounts.post("/<id>/revoke", summary="Sign an account out everywhere", responses={200: AccountView})
@example(request={}, response=ACCOUNT_EXAMPLE)
def revoke(path: IdPath, body: NoBody) -> Response:
    """Every token issued until now is void, in all services within seconds."""
    return run_command(lambda context: revoke_account(context, store(), path.id, expected_version()), _told)


@accounts.post("/<id>/disable", summary="Close an account", responses={200: AccountView})
@example(request={}, response=ACCOUNT_EXAMPLE)
def disable(path: IdPath, body: NoBody) -> Response:
    """Nobody can sign in with it until it is opened again."""
    return run_command(
        lambda context: set_disabled(context, store(), path.id, disabled=True, expected=expected_version()), _told
    )


@accounts.post("/<id>/enable", summary="Open a closed account again", responses={200: AccountView})
@example(request={}, response=ACCOUNT_EXAMPLE)
def enable(path: IdPath, body: NoBody) -> Response:
    """With the password it had."""
    return run_command(
        lambda context: set_disabled(context, store(), path.id, disabled=False, expected=expected_version()), _told
    )


def _told(account: Account) -> Reply:
    return Reply(AccountView.of(account), version=account.version)
