"""What an earlier release left behind is told, and taken away when an operator says so; never anything else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from typing import Any

import pytest
from pymongo.collection import Collection
from pymongo.database import Database

from chassis.failures import Refusal
from chassis.messaging.migrating import migrated
from chassis.messaging.mongo.collections import ensure_collections
from chassis.messaging.mongo.unused_indexes import declared, unused_indexes
from chassis.messaging.operator_commands import unused_indexes_left
from chassis.runtime.command_line import WrongCall
from chassis.runtime.settings import ServiceSettings
from chassis.storage.documents import Document, Index, Kind
from chassis.storage.mongo import open_database
from deploy.local.access import SERVICES
from members.application.collections import PEOPLE
from members.bootstrap import KINDS
from tests.support.platform import Namespace

pytestmark = pytest.mark.embedded

GONE_NAME = "unit_path_1_sort_key_1__id_1"
LATER = tuple(replace(kind, indexes=kind.indexes[1:]) if kind.name == PEOPLE.name else kind for kind in KINDS)
"""As if a later release of members no longer asked for people in this order."""


@pytest.fixture
def settings(namespace: Namespace, monkeypatch: pytest.MonkeyPatch) -> ServiceSettings:
    for name, value in namespace.environment("members", as_admin=True).items():
        monkeypatch.setenv(name, value)
    return ServiceSettings()


@pytest.fixture
def database(namespace: Namespace) -> Iterator[Database[dict[str, Any]]]:
    access = namespace.mongo("members")
    database = open_database(access.uri, access.database, app="tests")
    yield database
    for name in database.list_collection_names():
        database.drop_collection(name)
    database.client.close()


def indexes(database: Database[dict[str, Any]]) -> set[tuple[str, str]]:
    names = database.list_collection_names()
    return {(name, index) for name in names for index in database[name].index_information()}


def asked(settings: ServiceSettings, *arguments: str, kinds: tuple[Kind[Any], ...] = LATER) -> list[str]:
    return list(unused_indexes_left("members", settings, arguments, kinds=kinds))


def test_an_index_that_a_release_no_longer_declares_is_left_by_migrate_and_dropped_by_an_operator(
    database: Database[dict[str, Any]], settings: ServiceSettings
) -> None:
    migrated("members", settings, kinds=KINDS, topics=())
    database[PEOPLE.name].create_index([("operators_own", 1)])
    before = indexes(database)
    assert migrated("members", settings, kinds=LATER, topics=()).endswith(
        "; indexes that only earlier releases use: 1 (see `unused-indexes`)"
    )
    assert indexes(database) == before, "processes of the earlier release may still run"
    assert asked(settings, "list") == [f"people {GONE_NAME}", "indexes that only earlier releases use: 1"]
    assert asked(settings, "drop") == [f"dropped: people {GONE_NAME}", "indexes dropped: 1"]
    assert indexes(database) == before - {("people", GONE_NAME)}
    assert asked(settings, "drop") == ["indexes dropped: 0"]
    assert "indexes" not in migrated("members", settings, kinds=LATER, topics=())


def test_who_goes_back_to_the_earlier_release_has_its_indexes_again_by_its_migrate(
    database: Database[dict[str, Any]], settings: ServiceSettings
) -> None:
    ensure_collections(database, LATER)
    ensure_collections(database, KINDS)
    assert ("people", GONE_NAME) in indexes(database)
    assert asked(settings, "list", kinds=KINDS) == ["indexes that only earlier releases use: 0"]


def test_nothing_is_dropped_before_this_release_has_made_its_own(
    database: Database[dict[str, Any]], settings: ServiceSettings
) -> None:
    ensure_collections(database, [PEOPLE])
    before = indexes(database)
    with pytest.raises(Refusal, match="Run its `migrate` first"):
        asked(settings, "drop")
    assert indexes(database) == before


@pytest.mark.parametrize("arguments", [(), ("all",), ("drop", "list")])
def test_a_wrong_call_is_told(settings: ServiceSettings, arguments: tuple[str, ...]) -> None:
    with pytest.raises(WrongCall, match=r"unused-indexes list \| drop"):
        asked(settings, *arguments)


THINGS = Kind("things", Document, (Index((("name", 1),), unique=True), Index((("expires", 1),), expires_after=60)))


@pytest.mark.parametrize(
    "own",
    [
        {"keys": [("name", 1)]},
        {"keys": [("name", 1)], "unique": True, "sparse": True},
        {"keys": [("expires", 1)], "expireAfterSeconds": 61},
        {"keys": [("other", 1)], "name": "name_1", "unique": True},
        {"keys": [("name", -1)], "unique": True},
    ],
    ids=["not unique", "sparse", "another time", "another key under the name", "another direction"],
)
def test_an_index_that_is_not_exactly_as_ours_was_is_an_operators_own(
    database: Database[dict[str, Any]], own: dict[str, Any]
) -> None:
    options = {name: value for name, value in own.items() if name != "keys"}
    database["things"].create_index(own["keys"], **options)
    assert unused_indexes(database, [], declared([THINGS])) == []


@pytest.mark.parametrize("service", SERVICES)
def test_whatever_migrate_made_is_recognised_again_and_left_as_it_is_by_the_next(
    database: Database[dict[str, Any]], service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kinds = import_module(f"{service}.bootstrap").KINDS
    ensure_collections(database, kinds)
    assert unused_indexes(database, [], declared(kinds)) == sorted(declared(kinds))
    dropped: list[str] = []
    monkeypatch.setattr(Collection, "drop_index", lambda _, name: dropped.append(name))
    ensure_collections(database, kinds)
    assert dropped == [], "processes at work live from it"


def test_an_index_of_a_collection_that_is_no_longer_declared_is_one_that_is_left(
    database: Database[dict[str, Any]],
) -> None:
    ensure_collections(database, [THINGS])
    assert unused_indexes(database, [], declared([THINGS])) == sorted(declared([THINGS]))
    assert unused_indexes(database, [THINGS], declared([THINGS])) == []


def test_an_index_whose_options_changed_is_used(database: Database[dict[str, Any]]) -> None:
    """`migrate` makes it anew under its name; until then it is not to be dropped either."""
    ensure_collections(database, [THINGS])
    now = Kind("things", Document, (Index((("name", 1),)), THINGS.indexes[1]))
    assert unused_indexes(database, [now], declared([THINGS, now])) == []
