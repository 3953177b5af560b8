"""Each service knows every index that a release of it ever declared, so that it can take away what is unused."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from chassis.messaging.mongo.unused_indexes import NamedIndex, declared, ever_declared
from chassis.storage.documents import Document, Index, Kind
from deploy.declared_indexes import lists
from deploy.local.access import SERVICES

FILES: Mapping[Path, str] = lists()


@pytest.mark.parametrize("file", sorted(FILES), ids=lambda file: file.parent.name)
def test_what_is_declared_now_is_on_the_list(file: Path) -> None:
    assert file.read_text(encoding="utf-8") == FILES[file], "run `python -m deploy.declared_indexes`"


@pytest.mark.parametrize("service", SERVICES)
def test_every_kind_with_indexes_is_covered(service: str) -> None:
    kinds: tuple[Kind[Any], ...] = import_module(f"{service}.bootstrap").KINDS
    assert {one.collection for one in declared(kinds)} == {kind.name for kind in kinds if kind.indexes}
    assert len(declared(kinds)) == sum(len(kind.indexes) for kind in kinds)


@pytest.mark.parametrize("service", SERVICES)
def test_a_line_says_an_index_whole(service: str) -> None:
    for index in ever_declared(service):
        assert NamedIndex.of_line(str(index)) == index


def test_what_an_index_promises_is_part_of_it() -> None:
    def lines(*indexes: Index) -> set[str]:
        return {str(index) for index in declared([Kind("things", Document, indexes)])}

    assert lines(
        Index((("name", 1), ("_id", -1))),
        Index((("code", 1),), unique=True, only={"active": True}),
        Index((("expires", 1),), expires_after=0),
    ) == {
        "things name_1__id_-1",
        'things code_1 {"partialFilterExpression": {"active": true}, "unique": true}',
        'things expires_1 {"expireAfterSeconds": 0}',
    }
