"""The demo district's lists, whose every slip is known: each row is concluded as a good importer must conclude."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from deploy.local.district.member_lists import expectations, member_lists, write_member_lists
from deploy.local.district.offices import load_district
from members.application.collections import PEOPLE
from tests.component.members.world import World, made

DISTRICT = load_district()
EXPECTED: list[dict[str, Any]] = expectations(member_lists(DISTRICT))["lists"]  # type: ignore[assignment]  # as written


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lists")
    write_member_lists(folder)
    return folder


def commune_of(world: World, code: str) -> tuple[str, dict[str, str]]:
    """A commune of the district with its branches, and the branches' ids by their code."""
    commune = world.unit("commune", DISTRICT.commune(code).union_name, code=code)
    branches = {
        branch.code: world.unit("branch", branch.name, commune, code=branch.code)
        for branch in DISTRICT.branches_of(code)
    }
    return commune, branches


def rows_of(world: World, id: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = world.admin.get(f"/v1/imports/{id}/rows?limit=200{cursor}").json
        rows += page["items"]
        if page["next_cursor"] is None:
            return rows
        cursor = f"&cursor={page['next_cursor']}"


@pytest.mark.parametrize("expected", EXPECTED, ids=lambda one: one["file_name"])
def test_each_row_is_concluded_as_it_must_be(world: World, folder: Path, expected: dict[str, Any]) -> None:
    commune, branches = commune_of(world, expected["commune_code"])
    content = (folder / expected["file_name"]).read_bytes()
    found = made(world.upload(world.admin, commune, content))
    (sheet,) = found["sheets"]
    assert sheet["header_row"] == expected["header_row"]
    assert sheet["ignored_rows"] == list(expected["ignored_rows"])
    told = {row["row"]: row for row in rows_of(world, found["id"])}
    assert told.keys() == {row["row"] for row in expected["rows"]}
    for row in expected["rows"]:
        concluded = told[row["row"]]
        assert concluded["verdict"] == str(row["verdict"]), (row, concluded)
        assert concluded["duplicate_of_row"] == row["duplicate_of"], (row, concluded)
        assert read(concluded, branches) == truth(row["person"]), (row, concluded)
    assert found["verdicts"] == {str(name): count for name, count in expected["counts"].items()}


def read(row: dict[str, Any], branches: dict[str, str]) -> dict[str, Any]:
    values = row["values"]
    codes = {id: code for code, id in branches.items()}
    return {
        "full_name": values["full_name"] or "",
        **{name: values[name] for name in ("birth_date", "birth_year", "sex", "phone", "email", "kind")},
        "other_phones": values["other_phones"],
        "branch_code": codes.get(values["unit_id"]),
    }


def truth(person: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in person.items() if name not in ("village", "note")}
    return {
        **kept,
        "other_phones": list(person["other_phones"]),
        "sex": str(person["sex"]),
        "kind": str(person["kind"]),
    }


def test_whoever_is_on_the_lists_is_registered_once(world: World, folder: Path) -> None:
    expected = EXPECTED[0]
    commune, _ = commune_of(world, expected["commune_code"])
    lists = [one for one in EXPECTED if one["commune_code"] == expected["commune_code"]]
    for one in lists:
        found = made(world.upload(world.admin, commune, (folder / one["file_name"]).read_bytes()))
        world.admin.post(f"/v1/imports/{found['id']}/confirm", json={})
        world.run_timers()
    taken = sum(row["verdict"] in ("ok", "fixed") for one in lists for row in one["rows"])
    assert world.store.count(PEOPLE, {}) == taken


def test_the_report_has_a_line_for_each_row(world: World, folder: Path) -> None:
    expected = EXPECTED[1]
    commune, _ = commune_of(world, expected["commune_code"])
    found = made(world.upload(world.admin, commune, (folder / expected["file_name"]).read_bytes()))
    book = openpyxl.load_workbook(io.BytesIO(world.admin.get(f"/v1/imports/{found['id']}/report").data), read_only=True)
    assert book.active is not None
    assert sum(1 for _ in book.active.iter_rows()) == len(expected["rows"]) + 1
    book.close()
