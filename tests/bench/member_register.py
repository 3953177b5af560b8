"""Members' own register of a whole country, and what its lists cost an officer of the province and of a commune."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Any

from pymongo.database import Database

from chassis.context import Context, new_uuid7
from chassis.messaging.envelope import Cause
from chassis.messaging.mongo.collections import ensure_collections, index_model
from chassis.permissions import Grant, Principal, Scope
from chassis.storage.bson_form import plain_filter, to_bson
from chassis.web.paging import _after
from members.application.collections import PEOPLE, POSTS, UNITS
from members.application.find_people import BY_GIVEN_NAME, PeopleWanted, people_in_reach, people_wanted
from members.application.find_posts import PostsWanted, posts_wanted
from members.application.find_units import BY_NAME, UnitsWanted, units_in_reach, units_wanted
from members.bootstrap import KINDS
from members.domain.names import name_sort_key, words
from members.domain.office import Basis, Post
from members.domain.person import Channel, ContactPoint, Membership, Standing, new_person
from members.domain.unit import UnitFact, new_unit
from tests.bench.district import (
    BRANCHES_PER_COMMUNE,
    ROOT,
    STARTS,
    branch_id,
    branch_of,
    commune_id,
    name_of,
    person_id,
    phone_of,
    post_states,
    unit_states,
)
from tests.bench.ground import Ground
from tests.bench.query_plans import Query, page_of, plans
from tests.bench.stored_people import NAMES, insert_all

NOW = datetime(2026, 11, 20, tzinfo=UTC)
TODAY = date(2026, 11, 20)
RARE = "Thị Hiếm"
PAGE = 51
VERBS = ("units.read", "people.read", "posts.read")


def plans_of_members(ground: Ground, communes: int, people: int) -> list[str]:
    """Fills members' database past its service (it is the owner: no topic tells it), then explains its lists."""
    database = ground.database("members")
    try:
        _fill(database, communes, people)
        return plans("members", database, list(_queries(communes, people)))
    finally:
        database.client.close()


def _fill(database: Database[dict[str, Any]], communes: int, people: int) -> None:
    """Indexes of people are made after them, in one go: that is the quickest way to have both."""
    ensure_collections(database, [kind for kind in KINDS if kind.name != PEOPLE.name])
    insert_all(database, UNITS.name, _units(communes))
    insert_all(database, POSTS.name, _posts(communes))
    insert_all(database, PEOPLE.name, _people(people, communes))
    database[PEOPLE.name].create_indexes([index_model(index) for index in PEOPLE.indexes])


def _units(communes: int) -> Iterator[dict[str, Any]]:
    for state in unit_states(communes):
        said = state.facts[-1]
        fact = UnitFact(**said.model_dump(include=set(UnitFact.model_fields)))
        yield to_bson(new_unit(state.unit_id, fact, tuple(state.path[:-1])))


def _posts(communes: int) -> Iterator[dict[str, Any]]:
    for state in post_states(communes):
        path = (ROOT, state.unit_id)
        post = Post(
            id=state.post_id,
            person_id=state.person_id,
            unit_id=state.unit_id,
            unit_path=path,
            post=state.post,
            basis=Basis.APPOINTED,
            starts=state.starts,
        )
        yield to_bson(post)


def _people(people: int, communes: int) -> Iterator[dict[str, Any]]:
    """Copies of one stored person; every 50,000th bears a name that hardly anyone else has."""
    membership = Membership(unit_id="", kind=Standing.MEMBER, starts=STARTS)
    points = (ContactPoint(channel=Channel.SMS, address=""),)
    model = to_bson(new_person("", "Nguyễn Văn An", [membership], {}, points=points, birth_year=2003))
    (stored_membership,), (stored_point,) = model["memberships"], model["points"]
    spelled = [(name, name_sort_key(name), list(words(name))) for name in map(name_of, range(NAMES))]
    rare = f"Nguyễn {RARE}"
    for number in range(people):
        name, key, said = spelled[number % NAMES]
        if number % 50_000 == 49_999:
            name, key, said = rare, name_sort_key(rare), list(words(rare))
        branch = branch_of(number, communes)
        commune = commune_id(number % (communes * BRANCHES_PER_COMMUNE) // BRANCHES_PER_COMMUNE)
        yield {
            **model,
            "_id": person_id(number),
            "full_name": name,
            "sort_key": key,
            "words": said,
            "memberships": [{**stored_membership, "unit_id": branch}],
            "points": [{**stored_point, "address": phone_of(number)}],
            "unit_ids": [branch],
            "unit_path": [ROOT, commune, branch],
        }


def _officer(unit: str, person: str) -> Context:
    """Who reads a subtree, and everywhere what everyone reads: the unit of the post, and oneself."""
    below = tuple(Grant(verb, Scope.UNIT_AND_BELOW, unit) for verb in VERBS)
    everyone = (Grant("units.read", Scope.UNIT, unit), Grant("people.read", Scope.SELF))
    return Context(NOW, Cause(new_uuid7()), Principal("account", person, (*below, *everyone)))


def _queries(communes: int, people: int) -> Iterator[Query]:
    """Of the province's officer, and of a commune's secretary who lives in another commune."""
    middle = communes // 2
    commune, branch = commune_id(middle), branch_id(middle, 0)
    province, secretary = _officer(ROOT, person_id(people // 2)), _officer(commune, person_id(people - 1))
    for whose, who in (("province", province), ("commune", secretary)):
        for what, wanted in {
            "people": PeopleWanted(TODAY),
            "people, former too": PeopleWanted(TODAY, ended=True),
            "people of a branch": PeopleWanted(TODAY, unit_id=branch),
            "people by a common name": PeopleWanted(TODAY, text="nguyen van an"),
            "people by a common given name": PeopleWanted(TODAY, text="an"),
            "people by a rare given name": PeopleWanted(TODAY, text="hiem"),
            "people by how it begins": PeopleWanted(TODAY, text="quy"),
            "people by a name nobody has": PeopleWanted(TODAY, text="xyzzy"),
            "people of a branch by name": PeopleWanted(TODAY, unit_id=branch, text="nguyen"),
        }.items():
            yield from _lists(
                f"{whose}: {what}", PEOPLE.name, people_in_reach(who), people_wanted(wanted), BY_GIVEN_NAME
            )
        everybody = people_wanted(PeopleWanted(TODAY))
        far = {"$and": [everybody, _after({"sort_key": "khanh", "_id": ""}, BY_GIVEN_NAME)]}
        yield from _lists(f"{whose}: people, far down", PEOPLE.name, people_in_reach(who), far, BY_GIVEN_NAME)
        for what, units in {
            "units": UnitsWanted(TODAY),
            "units of a kind": UnitsWanted(TODAY, kind="branch"),
            "units right under one": UnitsWanted(TODAY, parent_id=commune),
            "units by name": UnitsWanted(TODAY, text="doan xa 7"),
        }.items():
            yield from _lists(f"{whose}: {what}", UNITS.name, units_in_reach(who), units_wanted(units), BY_NAME)
        yield _list(f"{whose}: posts", POSTS.name, posts_wanted(who, PostsWanted(TODAY)), (("_id", 1),))
    yield _list("a moved commune's people", PEOPLE.name, {"unit_path": commune, "_id": {"$gt": ""}}, (("_id", 1),))


def _lists(name: str, collection: str, reach: Sequence[Any], where: Any, sort: Any) -> Iterator[Query]:
    """What a page merges: a query for each way in which the officer reaches something."""
    for way in reach:
        single = "_id" in way
        yield _list(name + ", single ones" * single, collection, {"$and": [way, where]}, () if single else sort)


def _list(name: str, collection: str, where: Any, sort: Any) -> Query:
    return page_of(name, collection, plain_filter(where), sort, PAGE)
