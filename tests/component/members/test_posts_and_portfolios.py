"""Posts and portfolios through the API: the grammar's limits, vacancies, exactly one in charge of a branch."""

from __future__ import annotations

import pytest

from contracts.members_events import PortfolioGiven, PostEnded, PostFilled
from contracts.members_states import PortfolioState, PostState
from tests.component.members.world import World, refused


@pytest.fixture
def commune(world: World) -> str:
    return world.unit("commune", "Đoàn xã Nông Sơn", code="20656")


@pytest.fixture
def branch(world: World, commune: str) -> str:
    return world.unit("branch", "Chi đoàn thôn Trung Hạ", commune)


@pytest.fixture
def hoa(world: World, branch: str) -> str:
    return world.person("Nguyễn Thị Hòa", branch)


@pytest.fixture
def binh(world: World, branch: str) -> str:
    return world.person("Trần Văn Bình", branch)


def appointment(person: str, unit: str, post: str, **more: str) -> dict[str, str]:
    return {"person_id": person, "unit_id": unit, "post": post, "basis": "elected", "starts": "2025-09-15", **more}


def test_a_filled_post_is_told_as_state_and_as_event(world: World, branch: str, hoa: str) -> None:
    post = world.post(hoa, branch, "branch_secretary", decision="09-QĐ/ĐTN ngày 15/9/2025")
    state, event = world.told(PostState)[-1], world.told(PostFilled)[-1]
    assert (state.post_id, state.person_id, state.decision) == (post, hoa, "09-QĐ/ĐTN ngày 15/9/2025")
    assert (event.post_id, event.unit_id, event.post) == (post, branch, "branch_secretary")


def test_one_secretary_at_a_time(world: World, branch: str, hoa: str, binh: str) -> None:
    first = world.post(hoa, branch, "branch_secretary")
    following = appointment(binh, branch, "branch_secretary", starts="2026-06-01")
    assert refused(world.admin.post("/v1/posts", json=following)) == (409, "post-taken")
    world.admin.post(f"/v1/posts/{first}/end", json={"ends": "2026-06-01", "decision": "18-QĐ/ĐTN"})
    assert world.admin.post("/v1/posts", json=following).status_code == 201
    assert world.told(PostEnded)[-1].ends.isoformat() == "2026-06-01"


def test_the_same_person_does_not_hold_the_same_post_twice(world: World, commune: str, hoa: str) -> None:
    world.post(hoa, commune, "standing_member")
    again = world.admin.post("/v1/posts", json=appointment(hoa, commune, "standing_member"))
    assert refused(again) == (409, "post-held-already")


@pytest.mark.parametrize(("post", "code"), [("commune_secretary", "post-not-in-this-unit"), ("king", "unknown-post")])
def test_units_have_the_posts_that_the_grammar_gives_their_kind(
    world: World, branch: str, hoa: str, post: str, code: str
) -> None:
    assert refused(world.admin.post("/v1/posts", json=appointment(hoa, branch, post))) == (422, code)


def test_posts_are_listed_as_of_a_day_with_names(world: World, commune: str, branch: str, hoa: str, binh: str) -> None:
    first = world.post(hoa, branch, "branch_secretary")
    world.admin.post(f"/v1/posts/{first}/end", json={"ends": "2026-06-01"})
    world.post(binh, branch, "branch_secretary", starts="2026-06-01")
    for day, name in (("2026-05-31", "Nguyễn Thị Hòa"), ("2026-06-01", "Trần Văn Bình")):
        held = world.admin.get(f"/v1/posts?under={commune}&as_of={day}").json["items"]
        assert [post["person_name"] for post in held] == [name]


def test_vacant_posts_are_a_normal_state_and_listed(world: World, commune: str, branch: str, hoa: str) -> None:
    world.post(hoa, branch, "branch_secretary")
    vacant = world.admin.get(f"/v1/posts/vacant?under={commune}&kind=branch").json["items"]
    assert [one["post"] for one in vacant] == ["branch_deputy", "branch_officer"]
    assert vacant[0]["unit_name"] == "Chi đoàn thôn Trung Hạ"


def test_a_branch_is_in_exactly_one_members_charge(
    world: World, commune: str, branch: str, hoa: str, binh: str
) -> None:
    for person in (hoa, binh):
        world.post(person, commune, "standing_member")
    assert [one["id"] for one in world.admin.get(f"/v1/portfolios/ungiven?under={commune}").json["items"]] == [branch]
    give = {"branch_id": branch, "decision": "04-TB/ĐTN"}
    world.admin.post("/v1/portfolios", json={**give, "person_id": hoa, "starts": "2025-10-01"})
    world.admin.post("/v1/portfolios", json={**give, "person_id": binh, "starts": "2026-10-01"})
    for day, name in (("2026-09-30", "Nguyễn Thị Hòa"), ("2026-10-01", "Trần Văn Bình")):
        found = world.admin.get(f"/v1/portfolios?under={commune}&as_of={day}").json["items"]
        assert [one["person_name"] for one in found] == [name]
    assert world.admin.get(f"/v1/portfolios/ungiven?under={commune}").json["items"] == []
    ended, given = world.told(PortfolioState)[-2:]
    assert (ended.person_id, str(ended.ends), ended.version) == (hoa, "2026-10-01", 2)
    assert (given.person_id, given.commune_id, given.ends) == (binh, commune, None)
    assert [event.person_id for event in world.told(PortfolioGiven)] == [hoa, binh]


def test_only_the_standing_committee_is_put_in_charge(world: World, commune: str, branch: str, hoa: str) -> None:
    body = {"person_id": hoa, "branch_id": branch, "starts": "2025-10-01"}
    assert refused(world.admin.post("/v1/portfolios", json=body)) == (409, "not-of-the-committee")
    world.post(hoa, commune, "committee_member")
    assert refused(world.admin.post("/v1/portfolios", json=body)) == (409, "not-of-the-committee")


def test_a_branch_is_not_given_into_the_past_of_another(
    world: World, commune: str, branch: str, hoa: str, binh: str
) -> None:
    for person in (hoa, binh):
        world.post(person, commune, "standing_member")
    world.admin.post("/v1/portfolios", json={"person_id": hoa, "branch_id": branch, "starts": "2026-01-01"})
    earlier = {"person_id": binh, "branch_id": branch, "starts": "2025-10-01"}
    assert refused(world.admin.post("/v1/portfolios", json=earlier)) == (409, "portfolio-given-later")


def test_a_portfolio_ends_without_a_successor(world: World, commune: str, branch: str, hoa: str) -> None:
    world.post(hoa, commune, "standing_member")
    body = {"person_id": hoa, "branch_id": branch, "starts": "2025-10-01"}
    given = world.admin.post("/v1/portfolios", json=body).json
    assert (
        world.admin.post(f"/v1/portfolios/{given['id']}/end", json={"ends": "2026-06-01"}).json["ends"] == "2026-06-01"
    )
    assert [one["id"] for one in world.admin.get(f"/v1/portfolios/ungiven?under={commune}").json["items"]] == [branch]
    assert world.admin.get(f"/v1/portfolios?branch_id={branch}").json["items"] == []
