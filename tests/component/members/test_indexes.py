"""On a real MongoDB, no list and no query of members scans a collection or sorts in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Any

import pytest
from pymongo.database import Database

from chassis.context import Context, new_uuid7
from chassis.messaging.envelope import Cause
from chassis.messaging.mongo.collections import ensure_collections
from chassis.permissions import Grant, Portfolio, Principal, Scope
from chassis.storage.changes import Changes
from chassis.storage.documents import Filter, Kind, Sort
from chassis.storage.mongo import MongoStore, open_database
from chassis.web.access_log import ACCESS_LOG
from members.application import collections as stored
from members.application.find_imports import imports_wanted, rows_wanted
from members.application.find_people import BY_GIVEN_NAME, PeopleWanted, people_in_reach, people_wanted
from members.application.find_posts import PostsWanted, posts_wanted
from members.application.find_units import BY_NAME, UnitsWanted, units_in_reach, units_wanted
from members.application.give_portfolio import PortfoliosWanted, portfolios_wanted
from members.application.open_account import accounts_wanted
from members.application.register_client import clients_wanted
from members.bootstrap import KINDS
from members.domain.notes import Verdict
from members.domain.people_import import ImportState, RowState
from members.domain.person import Membership, Standing, new_person
from members.domain.unit import UnitFact, new_unit
from tests.support.platform import Namespace

NOW = datetime(2026, 11, 20, tzinfo=UTC)
TODAY = date(2026, 11, 20)
BY_ID: Sort = (("_id", 1),)
LATEST: Sort = (("_id", -1),)
VERBS = (
    "units.read", "people.read", "people.manage", "posts.read", "accounts.manage", "clients.manage", "access-log.read",
)  # fmt: skip


def context(*scopes: tuple[Scope, str | None]) -> Context:
    grants = tuple(Grant(verb, scope, unit) for verb in VERBS for scope, unit in scopes)
    who = Principal("account", "p-1", grants, (Portfolio("b-1"),))
    return Context(NOW, Cause(new_uuid7()), who)


OFFICER = context((Scope.UNIT_AND_BELOW, "c-1"))
IN_CHARGE = context((Scope.PORTFOLIO, None))
AND_ONESELF = context((Scope.UNIT_AND_BELOW, "c-1"), (Scope.UNIT, "c-1"), (Scope.SELF, None))
ABOVE_ALL = context((Scope.UNIT_AND_BELOW, "root"), (Scope.UNIT, "root"), (Scope.SELF, None))
IN_TWO_PLACES = context((Scope.UNIT_AND_BELOW, "c-1"), (Scope.UNIT, "c-2"), (Scope.PORTFOLIO, None), (Scope.SELF, None))
"""Those who see a subtree and, elsewhere in the order of names, single units or themselves."""


Asked = tuple[Kind[Any], Filter, Sort]


def people(who: Context, **narrowed: Any) -> Asked:
    """The list of people for somebody who is in reach of them in one way."""
    (way,) = people_in_reach(who)
    return stored.PEOPLE, {"$and": [way, people_wanted(PeopleWanted(TODAY, **narrowed))]}, BY_GIVEN_NAME


def units(who: Context, **narrowed: Any) -> Asked:
    """The list of units, likewise."""
    (way,) = units_in_reach(who)
    return stored.UNITS, {"$and": [way, units_wanted(UnitsWanted(TODAY, **narrowed))]}, BY_NAME


def ordered(ways: Sequence[Filter]) -> list[Filter]:
    """Of the queries that a page merges those that have an order; single documents are asked for by their ids."""
    return [way for way in ways if "_id" not in way]


QUERIES: list[tuple[str, Kind[Any], Filter, Sort]] = [
    ("units", *units(OFFICER)),
    ("units of a parent", *units(OFFICER, parent_id="c-1")),
    ("units by kind", *units(OFFICER, under="c-1", kind="branch")),
    ("units by code", stored.UNITS, {"facts.code": "20656"}, BY_ID),
    ("units by name", *units(OFFICER, text="trung ha")),
    ("units of a cluster", *units(OFFICER, cluster_id="x")),
    ("people", *people(OFFICER)),
    ("people of a branch", *people(OFFICER, unit_id="b-1")),
    ("people by name", *people(OFFICER, text="nguyen hoa")),
    ("people by given name", *people(OFFICER, text="hoa")),
    ("people in one's charge", *people(IN_CHARGE)),
    *(
        (f"{what} {whose} {number}", stored.PEOPLE, {"$and": [way, people_wanted(wanted)]}, BY_GIVEN_NAME)
        for whose, who in (("and oneself", AND_ONESELF), ("of all", ABOVE_ALL), ("in two places", IN_TWO_PLACES))
        for what, wanted in (
            ("people", PeopleWanted(TODAY)),
            ("former people", PeopleWanted(TODAY, ended=True)),
            ("people away", PeopleWanted(TODAY, works_away=True)),
            ("people of a branch", PeopleWanted(TODAY, unit_id="c-1-b")),
            ("people by name", PeopleWanted(TODAY, text="nguyen hoa")),
            ("people by given name", PeopleWanted(TODAY, text="hoa")),
        )
        for number, way in enumerate(ordered(people_in_reach(who)))
    ),
    *(
        (f"units {whose} {number}", stored.UNITS, {"$and": [way, units_wanted(UnitsWanted(TODAY))]}, BY_NAME)
        for whose, who in (("and one's own", AND_ONESELF), ("of all", ABOVE_ALL), ("in two places", IN_TWO_PLACES))
        for number, way in enumerate(ordered(units_in_reach(who)))
    ),
    *(
        (f"{kind.name} of a moved unit", kind, {"unit_path": "c-1", "_id": {"$gt": ""}}, BY_ID)
        for kind in (stored.UNITS, stored.PEOPLE, stored.POSTS, stored.PORTFOLIOS, stored.ACCOUNTS, stored.CLIENTS,
                     stored.IMPORTS)
    ),
    ("whether people are left in a unit", stored.PEOPLE, {"unit_ids": "b-1"}, BY_GIVEN_NAME),
    ("posts", stored.POSTS, posts_wanted(OFFICER, PostsWanted(TODAY)), BY_ID),
    ("posts of a unit", stored.POSTS, posts_wanted(OFFICER, PostsWanted(TODAY, unit_id="b-1")), BY_ID),
    ("posts in some units", stored.POSTS, {"unit_id": {"$in": ["a", "b"]}}, (("unit_id", 1), ("post", 1), ("_id", 1))),
    ("posts of a person", stored.POSTS, {"person_id": "p-1"}, BY_ID),
    ("portfolios", stored.PORTFOLIOS, portfolios_wanted(OFFICER, PortfoliosWanted(TODAY)), BY_ID),
    ("who had a branch", stored.PORTFOLIOS, portfolios_wanted(OFFICER, PortfoliosWanted(TODAY, branch_id="b")), BY_ID),
    ("accounts", stored.ACCOUNTS, accounts_wanted(OFFICER, "c-1"), (("username", 1), ("_id", 1))),
    ("an account by its name", stored.ACCOUNTS, {"username": "hoa"}, ()),
    ("an account by its person", stored.ACCOUNTS, {"kind": "person", "person_id": "p-1"}, ()),
    ("clients", stored.CLIENTS, clients_wanted(OFFICER, None), BY_NAME),
    ("refresh tokens of a family", stored.REFRESH_TOKENS, {"family": "f"}, BY_ID),
    ("imports", stored.IMPORTS, imports_wanted(OFFICER, under=None, state=None), LATEST),
    ("imports to carry out", stored.IMPORTS, {"state": ImportState.CONFIRMED.value}, (("state", 1), ("_id", 1))),
    ("the same file", stored.IMPORTS, {"unit_id": "c-1", "sha256": "x", "active": True}, ()),
    ("rows", stored.IMPORT_ROWS, rows_wanted("i", state=None, verdict=None), BY_ID),
    ("rows to settle", stored.IMPORT_ROWS, rows_wanted("i", state=RowState.OPEN, verdict=None), BY_ID),
    ("rows by verdict", stored.IMPORT_ROWS, rows_wanted("i", state=None, verdict=Verdict.REVIEW), BY_ID),
    ("rows after a row", stored.IMPORT_ROWS, {"import_id": "i", "_id": {"$gt": "i:000001"}}, BY_ID),
    ("rows of a person", stored.IMPORT_ROWS, {"person_id": "p-1"}, BY_ID),
    ("paths due", stored.PATH_CHANGES, {"due": {"$lte": "2026-11-20"}}, (("due", 1), ("_id", 1))),
    ("rows of the same year", stored.IMPORT_ROWS, {"import_id": "i", "values.birth_year": 2004}, BY_ID),
    ("keys", stored.SIGNING_KEYS, {"expires": {"$gt": NOW}}, (("expires", 1), ("_id", 1))),
    ("the access log", ACCESS_LOG, {"unit_path": {"$in": ["c-1"]}}, LATEST),
    ("reads by an account", ACCESS_LOG, {"$and": [{"unit_path": {"$in": ["c-1"]}}, {"account_id": "a"}]}, LATEST),
]  # fmt: skip


@pytest.fixture(scope="module")
def database(namespace: Namespace) -> Iterator[Database[Any]]:
    """A database as `migrate` makes it, with two communes in it."""
    environment = namespace.mongo("members").environment()
    database = open_database(environment["MONGODB_URI"], environment["MONGODB_DATABASE"], app="tests")
    ensure_collections(database, KINDS)
    MongoStore(database).commit(_two_communes())
    yield database
    database.client.close()


def _two_communes() -> Changes:
    changes = Changes()
    for commune in ("c-1", "c-2"):
        fact = UnitFact(name="Đoàn xã", short_name="Đoàn xã", kind="commune", parent_id="root", starts=date(2025, 7, 1))
        changes.insert(stored.UNITS, new_unit(commune, fact, ("root",)))
        for number in range(50):
            id = f"{commune}-p{number:03d}"
            membership = Membership(unit_id=f"{commune}-b", kind=Standing.MEMBER, starts=date(2025, 7, 1))
            person = new_person(
                id, f"Nguyễn Văn {chr(65 + number % 26)}", [membership], {f"{commune}-b": ("root", commune)}
            )
            changes.insert(stored.PEOPLE, person)
    return changes


@pytest.mark.embedded
@pytest.mark.parametrize(
    ("kind", "where", "sort"), [query[1:] for query in QUERIES], ids=[query[0] for query in QUERIES]
)
def test_a_query_is_answered_in_the_order_of_an_index(
    database: Database[Any], kind: Kind[Any], where: Filter, sort: Sort
) -> None:
    command = {"find": kind.name, "filter": dict(where), "sort": dict(sort), "limit": 51}
    plan = database.command("explain", command, verbosity="queryPlanner")["queryPlanner"]["winningPlan"]
    stages = list(_stages(plan))
    assert not {"COLLSCAN", "SORT"} & {stage["stage"] for stage in stages}, plan
    for stage in stages:
        if stage["stage"] == "IXSCAN":
            first = next(iter(stage["indexBounds"].values()))
            assert first != ["[MinKey, MaxKey]"], f"the whole index is read: {plan}"


def _stages(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in [*plan.get("inputStages", []), *([plan["inputStage"]] if "inputStage" in plan else [])]:
        yield from _stages(inner)
