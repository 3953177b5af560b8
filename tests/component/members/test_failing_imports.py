"""A row, or an import, that can't be taken over holds up nobody else's, is seen by a person and can be stopped."""

from __future__ import annotations

from typing import Any

import pytest

from chassis.storage.changes import Changes
from contracts.members_states import PersonState
from members.application.collections import IMPORT_ROWS, IMPORTS, PEOPLE
from members.domain.people_import import MOST_SET_ASIDE, RowState, row_id
from members.domain.spans import revised
from members.workers.carrying_out import Carrier
from tests.component.members.workbooks import people
from tests.component.members.world import Caller, World, made, refused


@pytest.fixture
def commune(world: World) -> str:
    return world.unit("commune", "Đoàn xã Nông Sơn", code="20656")


@pytest.fixture
def branch(world: World, commune: str) -> str:
    return world.unit("branch", "Chi đoàn thôn Trung Hạ", commune)


@pytest.fixture
def clerk(world: World, commune: str, branch: str) -> Caller:
    return world.officer("Ngô Đức Phước", branch, commune, "commune_clerk", "nongson.thuky")


def listed(number: int) -> list[tuple[Any, ...]]:
    """So many people, no two alike."""
    names = ("An", "Bình", "Châu", "Dũng", "Giang", "Hạnh", "Khánh", "Lộc", "Minh", "Nam")
    families = ("Nguyễn Văn", "Trần Thị", "Lê Minh", "Phạm Ngọc", "Võ Hữu", "Đặng Thanh")
    return [
        (
            f"{families[one // 10 % 6]} {names[one % 10]}",
            f"{one % 28 + 1:02d}/{one // 28 + 1:02d}/2003",
            f"05901{one:05d}",
            "Trung Hạ",
            "Đoàn viên",
        )
        for one in range(number)
    ]


def uploaded(world: World, client: Caller, unit: str, number: int) -> str:
    return str(made(world.upload(client, unit, people(*listed(number))))["id"])


def spoil(world: World, id: str, *positions: int) -> None:
    """Make rows ready that can't be carried out: they lack a branch, which no correction would let through."""
    for position in positions:
        row = world.store.get(IMPORT_ROWS, row_id(id, position))
        assert row is not None
        values = row.values.model_copy(update={"unit_id": None})
        world.store.commit(Changes().replace(IMPORT_ROWS, revised(row, values=values)))


def confirm(client: Caller, id: str) -> None:
    assert client.post(f"/v1/imports/{id}/confirm", json={}).status_code == 202


def test_a_row_that_fails_waits_for_a_person_and_all_others_are_taken_over(
    world: World, commune: str, clerk: Caller
) -> None:
    id = uploaded(world, clerk, commune, 40)
    spoil(world, id, 7, 31)
    confirm(clerk, id)
    world.run_timers()
    found = clerk.get(f"/v1/imports/{id}").json
    assert (found["state"], found["created"], found["set_aside"], found["waiting"]) == ("done", 38, 2, 2)
    waiting = clerk.get(f"/v1/imports/{id}/rows?state=open").json["items"]
    assert [row["position"] for row in waiting] == [7, 31]
    assert [note["code"] for note in waiting[0]["notes"]] == ["not-taken-over"]
    assert "Chưa ghi được vào hồ sơ" in waiting[0]["explanation"]
    assert len(world.told(PersonState)) == 38 + 1, "nobody was told of twice, the clerk included"


def test_a_row_set_aside_is_settled_and_taken_by_confirming_again(world: World, commune: str, clerk: Caller) -> None:
    id = uploaded(world, clerk, commune, 3)
    spoil(world, id, 2)
    confirm(clerk, id)
    world.run_timers()
    settled = clerk.patch(f"/v1/imports/{id}/rows/2", json={"cells": {"branch": "Trung Hạ"}}).json
    assert (settled["state"], settled["notes"]) == ("ready", [])
    confirm(clerk, id)
    world.run_timers()
    found = clerk.get(f"/v1/imports/{id}").json
    assert (found["state"], found["created"], found["set_aside"], found["waiting"]) == ("done", 3, 0, 0)


def test_an_import_in_which_row_after_row_fails_is_stopped_and_says_so(
    world: World, commune: str, clerk: Caller
) -> None:
    id = uploaded(world, clerk, commune, MOST_SET_ASIDE + 10)
    spoil(world, id, *range(1, MOST_SET_ASIDE + 11))
    confirm(clerk, id)
    world.run_timers()
    found = clerk.get("/v1/imports?state=stopped").json["items"][0]
    assert (found["id"], found["stopped_because"], found["set_aside"]) == (id, "failing", MOST_SET_ASIDE)
    left = clerk.get(f"/v1/imports/{id}/rows?state=ready").json["items"]
    assert len(left) == 10, "what was not tried stays as it is"


def test_an_import_that_can_not_go_on_holds_up_no_other(world: World, commune: str, branch: str, clerk: Caller) -> None:
    other = world.unit("commune", "Đoàn xã Quế Sơn", code="20641")
    there = world.unit("branch", "Chi đoàn thôn Trung Hạ", other)
    colleague = world.officer("Trần Thị Thu", there, other, "commune_clerk", "queson.thuky")
    stuck, fine = uploaded(world, clerk, commune, 30), uploaded(world, colleague, other, 5)
    spoil(world, stuck, *range(1, 31))
    confirm(clerk, stuck)
    confirm(colleague, fine)
    world.run_timers()
    assert colleague.get(f"/v1/imports/{fine}").json["state"] == "done"


def test_imports_take_turns(world: World, commune: str, clerk: Caller) -> None:
    other = world.unit("commune", "Đoàn xã Quế Sơn", code="20641")
    there = world.unit("branch", "Chi đoàn thôn Trung Hạ", other)
    colleague = world.officer("Trần Thị Thu", there, other, "commune_clerk", "queson.thuky")
    large, small = uploaded(world, clerk, commune, 250), uploaded(world, colleague, other, 5)
    confirm(clerk, large)
    confirm(colleague, small)
    ticks = iter([0.0, 0.0, 9.0])
    Carrier(world.store, world.context()).work(3.0, monotonic=lambda: next(ticks))
    states = {id: world.store.get(IMPORTS, id) for id in (large, small)}
    assert {id: found.state.value for id, found in states.items() if found} == {large: "confirmed", small: "done"}


def test_an_officer_stops_an_import_under_way_and_goes_on_later(world: World, commune: str, clerk: Caller) -> None:
    id = uploaded(world, clerk, commune, 5)
    assert refused(clerk.post(f"/v1/imports/{id}/stop", json={})) == (409, "import-not-under-way")
    confirm(clerk, id)
    stopped = clerk.post(f"/v1/imports/{id}/stop", json={}).json
    assert (stopped["state"], stopped["stopped_because"]) == ("stopped", "officer")
    world.run_timers()
    assert len(world.store.find(PEOPLE, {})) == 1, "nobody but the clerk"
    confirm(clerk, id)
    world.run_timers()
    found = clerk.get(f"/v1/imports/{id}").json
    assert (found["state"], found["stopped_because"], found["created"]) == ("done", None, 5)
    assert all(row.state is RowState.DONE for row in world.store.find(IMPORT_ROWS, {"import_id": id}))


def test_only_who_manages_the_people_stops_their_import(world: World, commune: str, branch: str, clerk: Caller) -> None:
    id = uploaded(world, clerk, commune, 2)
    confirm(clerk, id)
    other = world.unit("commune", "Đoàn xã Quế Sơn", code="20641")
    there = world.unit("branch", "Chi đoàn thôn Trung Hạ", other)
    stranger = world.officer("Trần Thị Thu", there, other, "commune_clerk", "queson.thuky")
    assert stranger.post(f"/v1/imports/{id}/stop", json={}).status_code == 404
