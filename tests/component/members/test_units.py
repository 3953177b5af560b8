"""Units through the API: made, read as of a day, renamed, moved, dissolved, and told to the others."""

from __future__ import annotations

import pytest

from contracts.members_states import UnitState
from tests.component.members.world import World, refused


@pytest.fixture
def commune(world: World) -> str:
    return world.unit("commune", "Đoàn xã Nông Sơn", code="20656")


def test_a_unit_is_made_where_the_grammar_allows_it_and_told_with_its_path(world: World, commune: str) -> None:
    branch = world.unit("branch", "Chi đoàn thôn Trung Hạ", commune, pilot=True)
    told = world.told(UnitState)[-1]
    assert told.unit_id == branch
    assert told.path == [world.root, commune, branch]
    assert told.pilot
    assert told.facts[0].short_name == "Chi đoàn thôn Trung Hạ"


@pytest.mark.parametrize(
    ("kind", "code"),
    [("branch", (422, "unit-out-of-place")), ("district", (422, "unknown-unit-kind"))],
)
def test_a_unit_is_refused_where_the_grammar_has_no_place_for_it(
    world: World, kind: str, code: tuple[int, str]
) -> None:
    body = {"kind": kind, "name": "Chi đoàn", "parent_id": world.root, "starts": "2025-07-01"}
    assert refused(world.admin.post("/v1/units", json=body)) == code


def test_a_code_is_used_by_one_unit_at_a_time(world: World, commune: str) -> None:
    body = {"kind": "commune", "name": "Khác", "code": "20656", "parent_id": world.root, "starts": "2025-08-01"}
    assert refused(world.admin.post("/v1/units", json=body)) == (409, "code-in-use")


def test_names_change_on_a_day_and_the_past_stays_readable(world: World, commune: str) -> None:
    change = {"starts": "2026-01-01", "name": "Đoàn xã Quế Trung", "code": "20657", "decision": "Số 1"}
    assert world.admin.post(f"/v1/units/{commune}/facts", json=change).status_code == 200
    assert world.admin.get(f"/v1/units/{commune}?as_of=2025-12-31").json["name"] == "Đoàn xã Nông Sơn"
    now = world.admin.get(f"/v1/units/{commune}").json
    assert (now["name"], now["code"], len(now["facts"])) == ("Đoàn xã Quế Trung", "20657", 2)
    assert [unit["id"] for unit in world.admin.get("/v1/units?code=20656&as_of=2025-12-31").json["items"]] == [commune]
    assert world.admin.get("/v1/units?code=20656").json["items"] == []


def test_a_change_must_come_after_the_latest_one(world: World, commune: str) -> None:
    answer = world.admin.post(f"/v1/units/{commune}/facts", json={"starts": "2025-07-01", "name": "Khác"})
    assert refused(answer) == (422, "not-after-last-change")


def test_what_somebody_else_changed_meanwhile_is_not_overwritten(world: World, commune: str) -> None:
    etag = world.admin.get(f"/v1/units/{commune}").headers["ETag"]
    assert world.admin.patch(f"/v1/units/{commune}", json={"pilot": True}).status_code == 200
    late = world.admin.patch(f"/v1/units/{commune}", json={"pilot": False}, headers={"If-Match": etag})
    assert refused(late) == (412, "changed-meanwhile")


def test_lists_are_sorted_naturally_searched_without_marks_and_paged(world: World, commune: str) -> None:
    for number in (10, 2, 1):
        world.unit("branch", f"Chi đoàn thôn Lộc Tây {number}", commune)
    first = world.admin.get(f"/v1/units?parent_id={commune}&limit=2").json
    rest = world.admin.get(f"/v1/units?parent_id={commune}&limit=2&cursor={first['next_cursor']}").json
    assert [unit["name"].rsplit(" ", 1)[-1] for unit in first["items"] + rest["items"]] == ["1", "2", "10"]
    assert rest["next_cursor"] is None
    found = world.admin.get("/v1/units?q=loc+tay").json["items"]
    assert len(found) == 3


def test_meeting_every_three_months_needs_the_consent_document(world: World, commune: str) -> None:
    branch = world.unit("branch", "Chi đoàn thôn Khe Rinh", commune)
    assert refused(world.admin.patch(f"/v1/units/{branch}", json={"meets_every_months": 3}))[1] == "consent-missing"
    with_consent = {"meets_every_months": 3, "meeting_consent": "Công văn số 07-CV/ĐTN ngày 12/9/2025"}
    assert world.admin.patch(f"/v1/units/{branch}", json=with_consent).json["meets_every_months"] == 3
    assert world.told(UnitState)[-1].meets_every_months == 3


def test_clusters_group_communes_without_owning_them(world: World, commune: str) -> None:
    cluster = world.unit("cluster", "Cụm Quế Sơn – Hiệp Đức", code="CUM-05")
    assert world.admin.patch(f"/v1/units/{commune}", json={"clusters": [cluster]}).json["path"] == [world.root, commune]
    assert [unit["id"] for unit in world.admin.get(f"/v1/units?cluster_id={cluster}").json["items"]] == [commune]
    assert refused(world.admin.patch(f"/v1/units/{commune}", json={"clusters": [commune]}))[1] == "not-a-cluster"


def test_moving_a_unit_takes_everything_below_along(world: World, commune: str) -> None:
    other = world.unit("commune", "Đoàn xã Quế Phước", code="20669")
    branch = world.unit("direct_branch", "Chi đoàn cơ sở Trường THPT", commune)
    group = world.unit("subgroup", "Phân đoàn 1", branch)
    person = world.person("Nguyễn Thị Hòa", group)
    world.admin.post(f"/v1/units/{branch}/facts", json={"starts": "2026-01-01", "parent_id": other})
    world.run_timers()
    assert world.admin.get(f"/v1/units/{group}").json["path"] == [world.root, other, branch, group]
    assert {state.unit_id: state.path for state in world.told(UnitState)}[group][1] == other
    listed = world.admin.get(f"/v1/people?unit_id={other}").json["items"]
    assert [one["id"] for one in listed] == [person]
    assert world.admin.get(f"/v1/people?unit_id={commune}").json["items"] == []


def test_a_move_in_the_future_happens_on_its_day(world: World, commune: str) -> None:
    other = world.unit("commune", "Đoàn xã Quế Phước", code="20669")
    branch = world.unit("branch", "Chi đoàn thôn Cấm La", commune)
    world.admin.post(f"/v1/units/{branch}/facts", json={"starts": "2026-12-01", "parent_id": other})
    world.run_timers()
    assert world.admin.get(f"/v1/units/{branch}").json["path"] == [world.root, commune, branch]
    world.now = world.now.replace(month=12)
    world.run_timers()
    world.admin = world.sign_in("quantri", "quan-tri-ban-dau")
    assert world.admin.get(f"/v1/units/{branch}").json["path"] == [world.root, other, branch]


def test_a_unit_is_dissolved_once_nothing_is_in_it(world: World, commune: str) -> None:
    branch = world.unit("branch", "Chi đoàn thôn Trung Hạ", commune)
    person = world.person("Nguyễn Thị Hòa", branch)
    end = {"on": "2026-12-01", "decision": "Số 30"}
    assert refused(world.admin.post(f"/v1/units/{commune}/dissolve", json=end)) == (409, "unit-has-units")
    assert refused(world.admin.post(f"/v1/units/{branch}/dissolve", json=end)) == (409, "unit-has-people")
    world.admin.post(f"/v1/people/{person}/memberships/end", json={"unit_id": branch, "ends": "2026-11-20"})
    assert world.admin.post(f"/v1/units/{branch}/dissolve", json=end).json["dissolved"] == "2026-12-01"
    assert world.admin.get(f"/v1/units?parent_id={commune}&as_of=2026-12-01").json["items"] == []
    ended = world.admin.get(f"/v1/units?parent_id={commune}&as_of=2026-12-01&include_ended=true").json["items"]
    assert [unit["id"] for unit in ended] == [branch]


def test_a_commune_makes_its_branches_but_does_not_change_itself(world: World, commune: str) -> None:
    branch = world.unit("branch", "Chi đoàn thôn Trung Hạ", commune)
    secretary = world.officer("Ngô Đức Phước", branch, commune, "commune_secretary", "nongson.bithu")
    body = {"kind": "branch", "name": "Chi đoàn thôn Đại Bình", "parent_id": commune, "starts": "2026-01-01"}
    assert secretary.post("/v1/units", json=body).status_code == 201
    rename = {"starts": "2026-02-01", "name": "Đoàn xã Tự Chọn"}
    assert refused(secretary.post(f"/v1/units/{commune}/facts", json=rename)) == (403, "upper-level-decides")


def test_another_commune_is_not_to_be_found(world: World, commune: str) -> None:
    branch = world.unit("branch", "Chi đoàn thôn Trung Hạ", commune)
    other = world.unit("commune", "Đoàn xã Quế Phước", code="20669")
    secretary = world.officer("Ngô Đức Phước", branch, commune, "commune_secretary", "nongson.bithu")
    for answer in (
        secretary.get(f"/v1/units/{other}"),
        secretary.patch(f"/v1/units/{other}", json={"pilot": True}),
        secretary.post(f"/v1/units/{other}/dissolve", json={"on": "2027-01-01"}),
        secretary.post(
            "/v1/units", json={"kind": "branch", "name": "Chi đoàn", "parent_id": other, "starts": "2026-01-01"}
        ),
    ):
        assert refused(answer) == (404, "not-found")
    assert {unit["id"] for unit in secretary.get("/v1/units").json["items"]} == {commune, branch}
