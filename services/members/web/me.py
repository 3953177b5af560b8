"""`/v1/me`: who am I, what may I do; and `/v1/grammar`: what the organisation is made of."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Response
from pydantic import BaseModel, Field

from chassis.context import Context
from chassis.permissions import Principal
from chassis.web.app import blueprint, example
from chassis.web.commands import Reply, run_command, run_query
from contracts.grammar import grammar
from members.application.authority import actor
from members.application.collections import ACCOUNTS, CLIENTS, PEOPLE, PORTFOLIOS, POSTS
from members.application.find_units import units_by_id
from members.application.open_account import change_own_password
from members.domain.spans import holds_on
from members.web.accounts import ACCOUNT_EXAMPLE, AccountView
from members.web.parts import ACCOUNT, BRANCH, PERSON, Body, Password, outside, store

me = blueprint("me", "/v1/me", tag="sign-in", about="Đăng nhập")
grammar_routes = blueprint("grammar", "/v1/grammar", tag="grammar", about="Loại đơn vị, chức vụ, quyền")


class GrantView(BaseModel):
    """One verb and how far it goes: `self`, `portfolio`, `unit`, `unit_and_below`."""

    verb: str
    scope: str
    unit_id: str | None


class HeldView(BaseModel):
    """A post or a branch in one's charge."""

    unit_id: str
    unit_name: str | None
    post: str | None
    name: str | None = Field(description="The post in Vietnamese")
    starts: date
    ends: date | None


class MeView(BaseModel):
    """The caller, as this token says and as things stand today."""

    account_id: str
    name: str | None = Field(description="Username, or the partner client's name")
    person_id: str | None
    full_name: str | None
    posts: list[HeldView]
    portfolios: list[HeldView] = Field(description="Branches in one's charge (phụ trách)")
    branches: list[str] = Field(description="Ids of the branches one belongs to")
    grants: list[GrantView] = Field(description="What the token carries; sign in again after a new appointment")


class OwnPasswordBody(Body):
    current: Password
    password: Password


class GrammarView(BaseModel):
    """Kinds of units, posts and what they may do, as data (contracts/grammar.yaml)."""

    unit_kinds: dict[str, Any]
    posts: dict[str, Any]
    everyone: list[str] = Field(description="What every account of a person may do, as verb@scope")
    partner_scopes: list[str]


_ME_EXAMPLE = MeView(
    account_id=ACCOUNT,
    name="nongson.trungha",
    person_id=PERSON,
    full_name="Nguyễn Thị Hòa",
    posts=[
        HeldView(
            unit_id=BRANCH,
            unit_name="Chi đoàn thôn Trung Hạ",
            post="branch_secretary",
            name="Bí thư chi đoàn",
            starts=date(2025, 9, 15),
            ends=None,
        )
    ],
    portfolios=[],
    branches=[BRANCH],
    grants=[GrantView(verb="people.read", scope="unit_and_below", unit_id=BRANCH)],
)
_GRAMMAR_EXAMPLE = {
    "unit_kinds": {"branch": {"vi": "Chi đoàn", "under": ["commune"], "groups_only": False}},
    "posts": {
        "branch_secretary": {
            "vi": "Bí thư chi đoàn",
            "in": ["branch"],
            "at_most": 1,
            "standing": False,
            "committee": False,
            "permissions": ["people.read@unit_and_below"],
        }
    },
    "everyone": ["tasks.read@self"],
    "partner_scopes": ["units.read"],
}


@me.get("", summary="Who am I", responses={200: MeView})
@example(response=_ME_EXAMPLE)
def who_am_i() -> Response:
    """The caller's account, person, posts, branches and grants."""
    return run_query(lambda context: Reply(_me(context)))


@me.post("/password", summary="Change one's own password", responses={200: AccountView})
@example(request={"current": "mat-khau-dau-tien", "password": "mot-mat-khau-khac"}, response=ACCOUNT_EXAMPLE)
def change_password(body: OwnPasswordBody) -> Response:
    """Everything signed in with the old one is signed out, this token included."""

    def decide(context: Context) -> Any:
        account_id = actor(context).account_id
        outside().by_name.spend(account_id)
        return change_own_password(
            context,
            store(),
            outside().passwords,
            account_id=account_id,
            current=body.current,
            password=body.password,
        )

    return run_command(decide, lambda account: Reply(AccountView.of(account), version=account.version))


@grammar_routes.get("", summary="The organisation's grammar", responses={200: GrammarView})
@example(response=_GRAMMAR_EXAMPLE)
def read_grammar() -> Response:
    """Which kinds of units there are and where they stand, which posts each has, and what a post may do."""
    found = grammar()
    view = GrammarView(
        unit_kinds={name: kind.model_dump() for name, kind in found.unit_kinds.items()},
        posts={name: post.model_dump(by_alias=True) for name, post in found.posts.items()},
        everyone=found.everyone,
        partner_scopes=found.partner_scopes,
    )
    return run_query(lambda _: Reply(view))


def _me(context: Context) -> MeView:
    who, today = actor(context), context.today
    person = store().get(PEOPLE, who.person_id) if who.person_id else None
    posts, portfolios = _held(who, today) if person else ([], [])
    return MeView(
        account_id=who.account_id,
        name=_name(who),
        person_id=person.id if person else None,
        full_name=person.full_name if person else None,
        posts=posts,
        portfolios=portfolios,
        branches=list(person.units_on(today)) if person else [],
        grants=[
            GrantView(verb=grant.verb, scope=grant.scope.value, unit_id=grant.unit_id)
            for grant in who.grants
            if grant.holds_on(today)
        ],
    )


def _held(who: Principal, today: date) -> tuple[list[HeldView], list[HeldView]]:
    posts = [one for one in store().find(POSTS, {"person_id": who.person_id}) if holds_on(one, today)]
    given = [one for one in store().find(PORTFOLIOS, {"person_id": who.person_id}) if holds_on(one, today)]
    units = units_by_id(store(), [*(one.unit_id for one in posts), *(one.branch_id for one in given)])
    names = {id: unit.nearest(today).name for id, unit in units.items()}
    return (
        [
            HeldView(
                unit_id=one.unit_id,
                unit_name=names.get(one.unit_id),
                post=one.post,
                name=grammar().posts[one.post].vi,
                starts=one.starts,
                ends=one.ends,
            )
            for one in posts
        ],
        [
            HeldView(
                unit_id=one.branch_id,
                unit_name=names.get(one.branch_id),
                post=None,
                name=None,
                starts=one.starts,
                ends=one.ends,
            )
            for one in given
        ],
    )


def _name(who: Principal) -> str | None:
    account = store().get(ACCOUNTS, who.account_id)
    if account is not None:
        return account.username
    client = store().get(CLIENTS, who.account_id)
    return client.name if client else None
