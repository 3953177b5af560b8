"""Importing people: a stored preview with a verdict per row and cell, settled by a person, carried out once."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from datetime import date
from typing import Any

import openpyxl
import pytest

from chassis.messaging.outbox import OUTBOX
from contracts.members_events import PeopleImported
from contracts.members_states import ContactState, PersonState
from members.application.carry_out_import import carry_out_import, confirmed_imports
from members.application.collections import IMPORT_FILES, IMPORT_ROWS, PEOPLE
from tests.component.members.workbooks import HEADING, people, workbook
from tests.component.members.world import Caller, World, made, refused

HOA = ("Nguyễn Thị Hòa", "12/03/2004", "0590100101", "Trung Hạ", "Đoàn viên")
BINH = ("Trần Văn Bình", "05/06/2003", "0590100102", "Trung Hạ", "Thanh niên")


@pytest.fixture
def commune(world: World) -> str:
    return world.unit("commune", "Đoàn xã Nông Sơn", code="20656")


@pytest.fixture
def branch(world: World, commune: str) -> str:
    return world.unit("branch", "Chi đoàn thôn Trung Hạ", commune)


@pytest.fixture
def clerk(world: World, commune: str, branch: str) -> Caller:
    return world.officer("Ngô Đức Phước", branch, commune, "commune_clerk", "nongson.thuky")


def preview(world: World, client: Caller, unit: str, content: bytes, **fields: str) -> tuple[str, list[Any]]:
    """An upload's id and its rows."""
    found = made(world.upload(client, unit, content, **fields))
    return found["id"], client.get(f"/v1/imports/{found['id']}/rows?limit=200").json["items"]


def carry_out(world: World, client: Caller, id: str) -> Any:
    """Confirm, let the timers work, and read the import."""
    assert client.post(f"/v1/imports/{id}/confirm", json={}).status_code == 202
    world.run_timers()
    return client.get(f"/v1/imports/{id}").json


def names(world: World) -> list[str]:
    return sorted(person.full_name for person in world.store.find(PEOPLE, {}))


def test_a_list_is_read_stored_confirmed_and_carried_out(
    world: World, commune: str, branch: str, clerk: Caller
) -> None:
    id, rows = preview(world, clerk, commune, people(HOA, BINH), member_since="2025-07-01")
    assert [(row["verdict"], row["state"]) for row in rows] == [("ok", "ready")] * 2
    assert names(world) == ["Ngô Đức Phước"], "a preview registers nobody"
    done = carry_out(world, clerk, id)
    assert (done["state"], done["created"], done["changed"], done["left_out"]) == ("done", 2, 0, 0)
    event = world.told(PeopleImported)[-1]
    assert (event.import_id, event.unit_id, event.created) == (id, commune, 2)
    states = {state.full_name: state for state in world.told(PersonState)}
    assert states["Trần Văn Bình"].memberships[0].model_dump(mode="json") == {
        "unit_id": branch,
        "kind": "youth",
        "starts": "2025-07-01",
        "ends": None,
    }
    contacts = {contact.full_name: contact for contact in world.told(ContactState)}
    assert [point.address for point in contacts["Nguyễn Thị Hòa"].points] == ["+84590100101"]


def test_the_heading_is_found_under_titles_and_the_footer_is_not_people(
    world: World, commune: str, clerk: Caller
) -> None:
    content = workbook(
        [
            ("ĐOÀN XÃ NÔNG SƠN",),
            ("***",),
            (),
            ("DANH SÁCH ĐOÀN VIÊN, THANH NIÊN NĂM 2026",),
            ("TT", "HỌ TÊN", "NĂM SINH", "Điện thoại\nliên hệ", "Thôn", "ĐV/TN", "Dân tộc"),
            ("(1)", "(2)", "(3)", "(4)", "(5)", "(6)", "(7)"),
            (1, *HOA, "Kinh"),
            (),
            (2, *BINH, "Kinh"),
            ("Tổng cộng: 2 người",),
            (None, "NGƯỜI LẬP BIỂU", None, None, "BÍ THƯ"),
            (None, "Trần Thị Thu", None, None, "Lê Văn Sáu"),
        ]
    )
    found = made(world.upload(clerk, commune, content))
    sheet = found["sheets"][0]
    assert (sheet["header_row"], sheet["people"], sheet["ignored_columns"]) == (5, 2, ["Dân tộc"])
    assert sheet["ignored_rows"] == [1, 2, 3, 4, 6, 8, 10, 11, 12]
    assert sheet["columns"]["birth"] == "NĂM SINH"


def test_birth_under_nam_and_nu_and_a_name_in_two_columns(world: World, commune: str, clerk: Caller) -> None:
    content = workbook(
        [
            ("STT", "Họ và tên", None, "Ngày sinh", None, "Thôn"),
            (None, None, None, "Nam", "Nữ", None),
            (1, "Nguyễn Thị", "Hòa", None, "12/03/2004", "Trung Hạ"),
            (2, "Trần Văn", "Bình", "05/06/2003", None, "Trung Hạ"),
        ]
    )
    _, rows = preview(world, clerk, commune, content)
    values = [(row["values"]["full_name"], row["values"]["sex"], row["values"]["birth_date"]) for row in rows]
    assert values == [("Nguyễn Thị Hòa", "female", "2004-03-12"), ("Trần Văn Bình", "male", "2003-06-05")]


def test_a_list_without_a_branch_column_goes_by_sections_sheet_names_and_its_own_unit(
    world: World, commune: str, branch: str, clerk: Caller
) -> None:
    other = world.unit("branch", "Chi đoàn thôn Đại Bình", commune)
    heading = ("STT", "Họ và tên", "Ngày sinh")
    sections = workbook(
        [heading, ("Chi đoàn thôn Trung Hạ",), (1, *HOA[:2]), ("Chi đoàn thôn Đại Bình",), (2, *BINH[:2])]
    )
    _, rows = preview(world, clerk, commune, sections)
    assert [row["values"]["unit_id"] for row in rows] == [branch, other]
    sheets = workbook(
        [heading, (1, *HOA[:2])], sheet="Thôn Trung Hạ", more={"Thôn Đại Bình": [heading, (1, *BINH[:2])]}
    )
    _, rows = preview(world, clerk, commune, sheets)
    assert [row["values"]["unit_id"] for row in rows] == [branch, other]
    _, rows = preview(world, clerk, branch, workbook([heading, (1, *HOA[:2])]))
    assert rows[0]["values"]["unit_id"] == branch


def test_dirt_is_cleaned_and_told_cell_by_cell(world: World, commune: str, clerk: Caller) -> None:
    _, rows = preview(
        world, clerk, commune, people(("NGUYỄN  THỊ HÒA ", 38058, "0120.100.0101", "THÔN TRUNG HẠ", "ĐV"))
    )
    (row,) = rows
    assert row["verdict"] == "fixed"
    assert {name: [note["code"] for note in cell["notes"]] for name, cell in row["cells"].items()} == {
        "name": ["name-spaces", "name-case"],
        "birth": ["birth-serial"],
        "phone": ["phone-separators", "phone-migrated"],
        "branch": [],
        "kind": [],
    }
    assert row["values"]["phone"] == "+84701000101"
    assert row["values"]["birth_date"] == "2004-03-12"
    assert "đã đổi sang đầu số mới" in row["explanation"]


def test_remarks_are_told_in_the_language_asked_for(world: World, commune: str, clerk: Caller) -> None:
    id, _ = preview(world, clerk, commune, people(("Nguyễn Thị Hòa", 2004, None, "Trung Hạ", "ĐV")))
    rows = clerk.get(f"/v1/imports/{id}/rows", headers={"Accept-Language": "en"}).json["items"]
    assert rows[0]["cells"]["birth"]["notes"] == [
        {"code": "birth-year-only", "text": "only the year of birth is known"}
    ]


@pytest.mark.parametrize(
    ("row", "verdict_and_code"),
    [
        ((None, *HOA[1:]), ("rejected", "name-missing")),
        (("Hòa", *HOA[1:]), ("review", "name-odd")),
        (("Nguyễn Bé Tí", "12/05/2019", None, "Trung Hạ", "TN"), ("rejected", "too-young")),
        (("Nguyễn Văn Cựu", "12/05/1961", None, "Trung Hạ", "TN"), ("review", "too-old")),
        (("Nguyễn Thị Hòa", "31/06/2004", None, "Trung Hạ", "ĐV"), ("review", "birth-no-such-day")),
        (("Nguyễn Thị Hòa", "hôm nọ", None, "Trung Hạ", "ĐV"), ("review", "birth-unreadable")),
        (("Nguyễn Thị Hòa", "12/03/2004", "059010010", "Trung Hạ", "ĐV"), ("review", "phone-length")),
        (("Nguyễn Thị Hòa", "12/03/2004", "+81 90 1234 5678", "Trung Hạ", "ĐV"), ("review", "phone-foreign")),
        (("Nguyễn Thị Hòa", "12/03/2004", None, "Tân Lập", "ĐV"), ("review", "branch-unknown")),
        (("Nguyễn Thị Hòa", "12/03/2004", None, None, "ĐV"), ("review", "branch-missing")),
        (("Nguyễn Thị Hòa", "12/03/2004", None, "Trung Hạ", "cán bộ"), ("review", "kind-unknown")),
    ],
)
def test_what_only_a_person_can_decide_is_neither_taken_nor_lost(
    world: World, commune: str, clerk: Caller, row: tuple[Any, ...], verdict_and_code: tuple[str, str]
) -> None:
    id, rows = preview(world, clerk, commune, people(row, BINH))
    verdict, code = verdict_and_code
    assert rows[0]["verdict"] == verdict
    assert code in [note["code"] for cell in rows[0]["cells"].values() for note in cell["notes"]]
    done = carry_out(world, clerk, id)
    assert (done["created"], done["waiting"] + done["left_out"]) == (1, 1)
    assert "Trần Văn Bình" in names(world)


def test_an_open_row_is_corrected_and_taken_by_confirming_again(world: World, commune: str, clerk: Caller) -> None:
    id, _ = preview(world, clerk, commune, people(("Nguyễn Thị Hòa", "12/03/2004", "059010", "Tân Lập", "ĐV"), BINH))
    carry_out(world, clerk, id)
    (waiting,) = clerk.get(f"/v1/imports/{id}/rows?state=open").json["items"]
    address = f"/v1/imports/{id}/rows/{waiting['position']}"
    halfway = clerk.patch(address, json={"cells": {"branch": "Trung Hạ"}}).json
    assert (halfway["verdict"], halfway["state"]) == ("review", "open")
    settled = clerk.patch(address, json={"cells": {"phone": "0590100101"}}).json
    assert (settled["verdict"], settled["state"]) == ("ok", "ready")
    done = carry_out(world, clerk, id)
    assert (done["created"], done["waiting"]) == (2, 0)
    assert refused(clerk.patch(address, json={"choice": "leave_out"})) == (409, "row-done")


def test_a_row_may_be_taken_as_far_as_it_can_be_read(world: World, commune: str, clerk: Caller) -> None:
    id, rows = preview(world, clerk, commune, people(("Nguyễn Thị Hòa", "31/06/2004", "059010", "Trung Hạ", "ĐV")))
    address = f"/v1/imports/{id}/rows/{rows[0]['position']}"
    assert clerk.patch(address, json={"choice": "new"}).json["state"] == "ready"
    carry_out(world, clerk, id)
    (hoa,) = world.store.find(PEOPLE, {"full_name": "Nguyễn Thị Hòa"})
    assert (hoa.birth_date, hoa.birth_year, hoa.points) == (None, 2004, ())


def test_a_row_without_a_branch_can_not_just_be_taken(world: World, commune: str, clerk: Caller) -> None:
    id, rows = preview(world, clerk, commune, people(("Nguyễn Thị Hòa", "12/03/2004", None, "Tân Lập", "ĐV")))
    address = f"/v1/imports/{id}/rows/{rows[0]['position']}"
    assert refused(clerk.patch(address, json={"choice": "new"})) == (422, "row-incomplete")
    assert refused(clerk.patch(address, json={"choice": "merge"})) == (422, "nothing-to-merge-with")


def test_the_same_person_twice_in_a_list_becomes_one(world: World, commune: str, clerk: Caller) -> None:
    again = ("Nguyễn Thị Hoà", date(2004, 3, 12), "0590 100 109", "Trung Hạ", "Đoàn viên")
    id, rows = preview(world, clerk, commune, people(HOA, BINH, again))
    assert (rows[2]["verdict"], rows[2]["duplicate_of_row"], rows[2]["state"]) == ("duplicate", 2, "ready")
    done = carry_out(world, clerk, id)
    assert (done["created"], done["changed"]) == (2, 1)
    (hoa,) = world.store.find(PEOPLE, {"full_name": "Nguyễn Thị Hòa"})
    assert ([point.address for point in hoa.points], hoa.other_phones) == (["+84590100101"], ("+84590100109",))


def test_perhaps_the_same_person_is_asked_about(world: World, commune: str, clerk: Caller) -> None:
    vague = ("Nguyễn Thị Hòa", 2004, None, "Trung Hạ", "Đoàn viên")
    id, rows = preview(world, clerk, commune, people(HOA, vague))
    assert (rows[1]["verdict"], rows[1]["state"], rows[1]["duplicate_of_row"]) == ("review", "open", 2)
    address = f"/v1/imports/{id}/rows/2"
    assert clerk.patch(address, json={"choice": "new"}).json["state"] == "ready"
    assert clerk.patch(address, json={"choice": "leave_out"}).json["state"] == "out"
    assert clerk.patch(address, json={"choice": "merge"}).json["state"] == "ready"
    assert carry_out(world, clerk, id)["created"] == 1


def test_one_letter_off_on_the_same_birthday_is_asked_about(world: World, commune: str, clerk: Caller) -> None:
    slip = ("Nguyễn Thị Hào", *HOA[1:])
    _, rows = preview(world, clerk, commune, people(HOA, slip))
    assert [note["code"] for note in rows[1]["notes"]] == ["maybe-same-person"]


def test_brothers_on_one_phone_are_two_people(world: World, commune: str, clerk: Caller) -> None:
    brother = ("Nguyễn Văn Hùng", "01/02/2001", HOA[2], "Trung Hạ", "Thanh niên")
    id, rows = preview(world, clerk, commune, people(HOA, brother))
    assert [row["verdict"] for row in rows] == ["fixed", "fixed"]
    assert all("phone-shared" in [note["code"] for note in row["cells"]["phone"]["notes"]] for row in rows)
    assert carry_out(world, clerk, id)["created"] == 2


def test_who_is_registered_already_is_completed_and_never_overwritten(
    world: World, commune: str, branch: str, clerk: Caller
) -> None:
    person = world.person("Nguyễn Thị Hòa", branch, birth_date="2004-03-12")
    id, rows = preview(world, clerk, commune, people(HOA))
    assert (rows[0]["verdict"], rows[0]["duplicate_of_person"]) == ("duplicate", person)
    done = carry_out(world, clerk, id)
    assert (done["created"], done["changed"]) == (0, 1)
    assert clerk.get(f"/v1/people/{person}").json["contacts"]["points"][0]["address"] == "+84590100101"
    id, _ = preview(world, clerk, commune, people((*HOA[:2], "0590100555", *HOA[3:])))
    carry_out(world, clerk, id)
    contacts = clerk.get(f"/v1/people/{person}").json["contacts"]
    assert ([point["address"] for point in contacts["points"]], contacts["other_phones"]) == (
        ["+84590100101"],
        ["+84590100555"],
    )


def test_the_same_file_again_is_told_and_does_nothing(world: World, commune: str, clerk: Caller) -> None:
    content = people(HOA, BINH)
    id, _ = preview(world, clerk, commune, content)
    carry_out(world, clerk, id)
    answer = world.upload(clerk, commune, content)
    assert refused(answer) == (409, "same-file")
    assert id in answer.json["detail"]
    assert refused(clerk.post(f"/v1/imports/{id}/discard", json={})) == (409, "import-not-discardable")
    assert len(names(world)) == 3


def test_a_discarded_file_may_come_again(world: World, commune: str, clerk: Caller) -> None:
    content = people(HOA)
    id, _ = preview(world, clerk, commune, content)
    assert clerk.post(f"/v1/imports/{id}/discard", json={}).json["state"] == "discarded"
    assert refused(clerk.post(f"/v1/imports/{id}/confirm", json={})) == (409, "import-discarded")
    assert world.upload(clerk, commune, content).status_code == 201


def test_carrying_out_goes_on_after_a_crash_and_makes_nobody_twice(world: World, commune: str, clerk: Caller) -> None:
    rows = [
        (f"Nguyễn Văn {name}", f"{day:02d}/03/2004", None, "Trung Hạ", "ĐV") for day, name in enumerate(_words(), 1)
    ]
    id, _ = preview(world, clerk, commune, people(*rows))
    clerk.post(f"/v1/imports/{id}/confirm", json={})
    (found,) = confirmed_imports(world.store)
    world.store.commit(carry_out_import(world.context(), world.store, found, chunk=10).changes)
    (found,) = confirmed_imports(world.store)
    carry_out_import(world.context(), world.store, found, chunk=10)  # killed before its commit
    world.run_timers()
    assert clerk.get(f"/v1/imports/{id}").json["created"] == len(rows)
    assert len(names(world)) == len(rows) + 1
    versions = [row.sequence for row in world.store.find(OUTBOX, {"type": PersonState.TYPE})]
    assert set(versions) == {1}, "each person was told once"


def _words() -> Iterator[str]:
    yield from re.findall(
        r"\w+", "An Bình Chi Dũng Em Giang Hà Khoa Lan Minh Nam Oanh Phú Quân Sơn Tú Uyên Vy Yến Đạt Ân"
    )


def test_an_import_on_its_way_is_not_confirmed_twice(world: World, commune: str, clerk: Caller) -> None:
    id, _ = preview(world, clerk, commune, people(HOA))
    assert clerk.post(f"/v1/imports/{id}/confirm", json={}).status_code == 202
    assert refused(clerk.post(f"/v1/imports/{id}/confirm", json={})) == (409, "import-under-way")


def test_the_report_says_in_vietnamese_what_became_of_each_row(world: World, commune: str, clerk: Caller) -> None:
    nasty = ('=HYPERLINK("http://x")', "12/03/2004", None, "Trung Hạ", "ĐV")
    id, _ = preview(world, clerk, commune, people(HOA, nasty))
    carry_out(world, clerk, id)
    answer = clerk.get(f"/v1/imports/{id}/report")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    sheet = openpyxl.load_workbook(io.BytesIO(answer.data)).active
    assert sheet is not None
    lines = list(sheet.iter_rows())
    assert [cell.value for cell in lines[1]][-4:-1] == ["Được", "Đã nhập", "Thêm mới"]
    assert lines[2][2].data_type == "s", "what a stranger wrote is no formula"
    assert [cell.value for cell in lines[2]][-4] == "Cần xem lại"


def test_the_original_file_is_kept_byte_by_byte(world: World, commune: str, clerk: Caller) -> None:
    content = people(HOA)
    id, _ = preview(world, clerk, commune, content)
    assert clerk.get(f"/v1/imports/{id}/file").data == content


def test_erasing_a_person_blanks_their_row_and_takes_the_file_away(world: World, commune: str, clerk: Caller) -> None:
    id, _ = preview(world, clerk, commune, people(HOA, BINH))
    carry_out(world, clerk, id)
    (hoa,) = world.store.find(PEOPLE, {"full_name": "Nguyễn Thị Hòa"})
    assert world.admin.delete(f"/v1/people/{hoa.id}").status_code == 204
    assert "Hòa" not in str(world.store.find(IMPORT_ROWS, {}))
    assert world.store.find(IMPORT_FILES, {}) == []
    assert refused(clerk.get(f"/v1/imports/{id}/file")) == (404, "not-found")


def test_another_communes_imports_are_not_to_be_found(world: World, commune: str, branch: str, clerk: Caller) -> None:
    other = world.unit("commune", "Đoàn xã Quế Phước", code="20669")
    id, _ = preview(world, clerk, commune, people(HOA))
    stranger = world.officer("Lê Văn An", branch, other, "commune_clerk", "quephuoc.thuky")
    for answer in (
        stranger.get(f"/v1/imports/{id}"),
        stranger.get(f"/v1/imports/{id}/rows"),
        stranger.get(f"/v1/imports/{id}/report"),
        stranger.post(f"/v1/imports/{id}/confirm", json={}),
        world.upload(stranger, commune, people(BINH)),
    ):
        assert refused(answer) == (404, "not-found")
    assert stranger.get("/v1/imports").json["items"] == []


def test_a_list_is_for_a_commune_or_a_branch(world: World) -> None:
    assert refused(world.upload(world.admin, world.root, people(HOA))) == (422, "import-level")


def test_twenty_thousand_people_at_most(world: World, commune: str, clerk: Caller) -> None:
    rows = [HEADING, *((n, f"Nguyễn Văn {chr(65 + n % 26)}", 2004, None, "Trung Hạ", "ĐV") for n in range(20_001))]
    assert refused(world.upload(clerk, commune, workbook(rows))) == (422, "file-too-many-rows")
