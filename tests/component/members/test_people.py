"""People through the API: registered, found, changed, erased, and told to the others on two topics."""

from __future__ import annotations

import pytest

from chassis.messaging.outbox import OUTBOX
from chassis.web.access_log import ACCESS_LOG
from contracts.members_states import ContactChannel, ContactState, PersonState
from members.application.collections import ERASURES
from tests.component.members.world import Caller, World, refused


@pytest.fixture
def commune(world: World) -> str:
    return world.unit("commune", "Đoàn xã Nông Sơn", code="20656")


@pytest.fixture
def branch(world: World, commune: str) -> str:
    return world.unit("branch", "Chi đoàn thôn Trung Hạ", commune)


@pytest.fixture
def secretary(world: World, commune: str, branch: str) -> Caller:
    return world.officer("Ngô Đức Phước", branch, commune, "commune_secretary", "nongson.bithu")


def test_a_person_is_told_without_and_with_the_ways_to_reach_them(world: World, branch: str) -> None:
    points = [{"channel": "sms", "address": "0120 100.0101"}, {"channel": "email", "address": " Hoa@Thanhnien.EXAMPLE"}]
    person = world.person("Nguyễn Thị Hòa", branch, points=points)
    state, contact = world.told(PersonState)[-1], world.told(ContactState)[-1]
    assert (state.person_id, state.full_name, state.sort_key) == (person, "Nguyễn Thị Hòa", "hoa nguyen thi")
    assert "+84701000101" not in state.model_dump_json()
    assert [(point.channel, point.address) for point in contact.points] == [
        (ContactChannel.SMS, "+84701000101"),
        (ContactChannel.EMAIL, "hoa@thanhnien.example"),
    ]
    assert (contact.greeting, contact.unit_ids) == ("đồng chí", (branch,))
    assert state.version == contact.version == 1


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("full_name", "Hòa", "name-odd"),
        ("birth_date", "2030-01-01", "birth-implausible"),
        ("points", [{"channel": "sms", "address": "0912 345"}], "phone-unreadable"),
        ("points", [{"channel": "email", "address": "hoa(at)x"}], "email-unreadable"),
    ],
)
def test_what_cannot_be_right_is_refused_with_its_place(
    world: World, branch: str, field: str, value: object, code: str
) -> None:
    body = {"full_name": "Nguyễn Thị Hòa", "unit_id": branch, "kind": "member", "starts": "2025-07-01", field: value}
    answer = world.admin.post("/v1/people", json=body)
    assert refused(answer) == (422, code)
    assert answer.json["errors"][0]["pointer"].startswith(f"/{field}")


def test_a_landline_is_kept_but_not_used_for_messages(world: World, branch: str) -> None:
    person = world.person("Nguyễn Thị Hòa", branch, points=[{"channel": "sms", "address": "0235 3000 101"}])
    contacts = world.admin.get(f"/v1/people/{person}").json["contacts"]
    assert (contacts["points"], contacts["other_phones"]) == ([], ["+842353000101"])


def test_people_belong_to_branches_not_to_a_commune(world: World, commune: str) -> None:
    body = {"full_name": "Nguyễn Thị Hòa", "unit_id": commune, "kind": "member", "starts": "2025-07-01"}
    assert refused(world.admin.post("/v1/people", json=body)) == (422, "unit-holds-no-people")


def test_lists_are_sorted_by_given_name_and_paged(world: World, branch: str) -> None:
    for name in ("Trần Văn Bình", "Nguyễn Thị Ánh", "Lê Văn An", "Đỗ Thị Đào"):
        world.person(name, branch)
    first = world.admin.get(f"/v1/people?unit_id={branch}&limit=3").json
    rest = world.admin.get(f"/v1/people?unit_id={branch}&limit=3&cursor={first['next_cursor']}").json
    names = [one["full_name"] for one in first["items"] + rest["items"]]
    assert names == ["Lê Văn An", "Nguyễn Thị Ánh", "Trần Văn Bình", "Đỗ Thị Đào"]


@pytest.mark.parametrize("text", ["hoà", "Hòa", "ho", "nguyễn hoa", "nguyen thi hoa"])
def test_names_are_found_however_they_are_spelt(world: World, branch: str, text: str) -> None:
    person = world.person("Nguyễn Thị Hòa", branch)
    world.person("Trần Văn Bình", branch)
    found = world.admin.post("/v1/people-search", json={"q": text}).json["items"]
    assert [one["id"] for one in found] == [person]


def test_members_of_the_past_are_listed_as_of_their_time(world: World, branch: str) -> None:
    person = world.person("Nguyễn Thị Hòa", branch)
    world.admin.post(f"/v1/people/{person}/memberships/end", json={"unit_id": branch, "ends": "2026-06-01"})
    assert world.admin.get(f"/v1/people?unit_id={branch}").json["items"] == []
    then = world.admin.get(f"/v1/people?unit_id={branch}&as_of=2026-05-31").json["items"]
    assert [one["id"] for one in then] == [person]


def test_admission_keeps_the_time_before_it(world: World, branch: str) -> None:
    person = world.person("Nguyễn Thị Hòa", branch, kind="youth")
    admitted = {"unit_id": branch, "kind": "member", "starts": "2026-03-26"}
    memberships = world.admin.post(f"/v1/people/{person}/memberships/standing", json=admitted).json["memberships"]
    assert [(one["kind"], one["ends"]) for one in memberships] == [("youth", "2026-03-26"), ("member", None)]
    assert [contact.greeting for contact in world.told(ContactState)[-2:]] == ["bạn", "đồng chí"]


def test_a_transfer_moves_whose_the_person_is(world: World, commune: str, branch: str, secretary: Caller) -> None:
    other = world.unit("commune", "Đoàn xã Quế Phước", code="20669")
    there = world.unit("branch", "Chi đoàn thôn Cấm La", other)
    person = world.person("Nguyễn Thị Hòa", branch)
    assert secretary.get(f"/v1/people/{person}").status_code == 200
    joined = {"unit_id": there, "kind": "member", "starts": "2026-01-01"}
    assert refused(secretary.post(f"/v1/people/{person}/memberships", json=joined)) == (404, "not-found")
    world.admin.post(f"/v1/people/{person}/memberships", json=joined)
    world.admin.post(f"/v1/people/{person}/memberships/end", json={"unit_id": branch, "ends": "2026-01-01"})
    assert refused(secretary.get(f"/v1/people/{person}")) == (404, "not-found")


def test_refusals_reach_who_sends(world: World, branch: str) -> None:
    person = world.person("Nguyễn Thị Hòa", branch)
    world.admin.put(f"/v1/people/{person}/refusals", json={"refused": ["sms"]})
    assert world.told(ContactState)[-1].refused == (ContactChannel.SMS,)


def test_everyone_may_change_their_own_number_and_nobody_elses(world: World, branch: str) -> None:
    person, other = world.person("Nguyễn Thị Hòa", branch), world.person("Trần Văn Bình", branch)
    world.account(person, "hoa.nguyen")
    herself = world.sign_in("hoa.nguyen")
    body = {"points": [{"channel": "sms", "address": "0590100777"}]}
    answer = herself.put(f"/v1/people/{person}/contact-points", json=body)
    assert answer.json["contacts"]["points"][0]["address"] == "+84590100777"
    assert refused(herself.put(f"/v1/people/{other}/contact-points", json=body)) == (404, "not-found")
    assert [one["id"] for one in herself.get("/v1/people").json["items"]] == [person]
    assert refused(herself.patch(f"/v1/people/{person}", json={"full_name": "Nguyễn Thị Khác"})) == (
        403,
        "not-permitted",
    )


def test_a_member_in_charge_sees_names_of_his_branches_but_not_how_to_reach_them(
    world: World, commune: str, branch: str
) -> None:
    other = world.unit("branch", "Chi đoàn thôn Đại Bình", commune)
    hers, not_his = world.person("Nguyễn Thị Hòa", branch), world.person("Trần Văn Bình", other)
    member = world.person("Lê Văn An", other)
    world.post(member, commune, "standing_member")
    world.admin.post("/v1/portfolios", json={"person_id": member, "branch_id": branch, "starts": "2025-10-01"})
    world.account(member, "nongson.btv1")
    him = world.sign_in("nongson.btv1")
    assert him.get(f"/v1/people/{hers}").json["contacts"] is None
    assert refused(him.get(f"/v1/people/{not_his}")) == (404, "not-found")


def test_erasing_leaves_tombstones_and_nothing_to_find(world: World, commune: str, branch: str) -> None:
    person = world.person("Nguyễn Thị Hòa", branch)
    post = world.post(person, branch, "branch_secretary")
    world.account(person, "hoa.nguyen")
    herself = world.sign_in("hoa.nguyen")
    assert world.admin.delete(f"/v1/people/{person}").status_code == 204
    assert refused(world.admin.get(f"/v1/people/{person}")) == (404, "not-found")
    assert world.told(PersonState)[-1] is None
    assert world.told(ContactState)[-1] is None
    versions = [row.sequence for row in world.store.find(OUTBOX, {"aggregateid": person})]
    assert versions[-1] == max(versions)
    (kept,) = world.store.find(ERASURES, {})
    assert (kept.id, kept.version) == (person, versions[-1]), "enough to tell the tombstones again, and no more"
    assert world.admin.get(f"/v1/posts/{post}").json["ends"] == "2026-11-20"
    world.pass_time(seconds=3)
    assert refused(herself.get("/v1/me")) == (401, "unauthenticated")
    assert world.token(grant_type="password", username="hoa.nguyen", password="mat-khau-dau-tien").status_code == 401


def test_every_read_of_personal_data_is_written_down(
    world: World, commune: str, branch: str, secretary: Caller
) -> None:
    person = world.person("Nguyễn Thị Hòa", branch)
    secretary.get(f"/v1/people/{person}")
    secretary.get(f"/v1/people?unit_id={branch}")
    rows = world.store.find(ACCESS_LOG, {"people": person})
    assert [(row.what, row.unit_path) for row in rows] == [
        ("contacts.read", (world.root, commune, branch)),
        ("people.read", (world.root, commune, branch)),
    ]
    shown = secretary.get(f"/v1/access-log?person_id={person}").json["items"]
    assert [row["what"] for row in shown] == ["people.read", "contacts.read"]


def test_names_stand_in_no_address(world: World) -> None:
    paths = world.caller().get("/openapi/openapi.json").json["paths"]
    searching = [parameter["name"] for parameter in paths["/v1/people"]["get"]["parameters"]]
    assert not {"q", "name", "phone", "email"} & set(searching)
