"""Signing in: people with passwords, partners with secrets; what a token carries, and how it ends."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import ECKey

from chassis.web.idempotency import IDEMPOTENCY
from contracts.members_states import AccountState, SigningKeyState
from members.application.collections import ACCOUNTS, CLIENTS, REFRESH_TOKENS, SIGNING_KEYS
from tests.component.members.world import PASSWORD, World, refused


@pytest.fixture
def commune(world: World) -> str:
    return world.unit("commune", "Đoàn xã Nông Sơn", code="20656")


@pytest.fixture
def branch(world: World, commune: str) -> str:
    return world.unit("branch", "Chi đoàn thôn Trung Hạ", commune)


@pytest.fixture
def hoa(world: World, branch: str) -> str:
    return world.person("Nguyễn Thị Hòa", branch)


def claims(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    said: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return said


def test_a_token_carries_posts_branches_and_portfolios_with_their_days(
    world: World, commune: str, branch: str, hoa: str
) -> None:
    world.post(hoa, commune, "standing_member", starts="2025-07-01", ends="2027-01-01")
    world.admin.post("/v1/portfolios", json={"person_id": hoa, "branch_id": branch, "starts": "2025-10-01"})
    account = world.account(hoa, "nongson.btv1")
    answer = world.token(grant_type="password", username=" NongSon.BTV1 ", password=PASSWORD).json
    said = claims(answer["access_token"])
    assert said["grants"] == [
        {"u": commune, "p": "standing_member", "f": "2025-07-01", "t": "2027-01-01"},
        {"u": branch},
    ]
    assert said["portfolios"] == [{"b": branch, "f": "2025-10-01"}]
    assert (said["sub"], said["person"], said["aud"], said["exp"] - said["iat"]) == (account, hoa, "nhipdoan", 600)


def test_anyone_verifies_a_token_with_the_published_keys(world: World, hoa: str) -> None:
    world.account(hoa, "hoa.nguyen")
    token = world.token(grant_type="password", username="hoa.nguyen", password=PASSWORD).json["access_token"]
    answer = world.caller().get("/.well-known/jwks.json")
    (key,) = answer.json["keys"]
    assert "d" not in key
    assert jws.deserialize_compact(token, ECKey.import_key(key), algorithms=["ES256"]).payload
    assert world.told(SigningKeyState)[-1].jwk == key


def test_private_keys_are_sealed_at_rest(world: World) -> None:
    (key,) = world.store.find(SIGNING_KEYS, {})
    assert key.sealed.count(".") == 4, "a JWE in compact form"
    assert "d" not in key.public


def test_a_wrong_name_and_a_wrong_password_get_the_same_answer(world: World, hoa: str) -> None:
    world.account(hoa, "hoa.nguyen")
    answers = [
        world.token(grant_type="password", username=name, password=password)
        for name, password in (("hoa.nguyen", "khong-phai"), ("nobody.here", PASSWORD))
    ]
    assert [refused(answer) for answer in answers] == [(401, "invalid-grant")] * 2
    assert answers[0].json == answers[1].json


def test_guessing_is_bounded_per_name(world: World, hoa: str) -> None:
    world.account(hoa, "hoa.nguyen")
    tries = [world.token(grant_type="password", username="hoa.nguyen", password="sai-roi") for _ in range(51)]
    assert refused(tries[-1]) == (429, "too-many-requests")
    assert int(tries[-1].headers["Retry-After"]) > 0
    assert world.token(grant_type="password", username="quantri", password="sai-roi").status_code == 401


def test_whoever_knows_the_password_is_not_told_to_wait(world: World, hoa: str) -> None:
    """As the many devices of one account, or the many workers of one partner, when all their tokens end at once."""
    world.account(hoa, "hoa.nguyen")
    for _ in range(49):
        assert world.token(grant_type="password", username="hoa.nguyen", password="sai-roi").status_code == 401
    right = [world.token(grant_type="password", username="hoa.nguyen", password=PASSWORD) for _ in range(60)]
    assert {answer.status_code for answer in right} == {200}


@pytest.mark.parametrize(
    ("fields", "pointers"),
    [
        ({"grant_type": "password"}, ["/username", "/password"]),
        ({"grant_type": "refresh_token"}, ["/refresh_token"]),
        ({"grant_type": "client_credentials", "client_id": "x"}, ["/client_secret"]),
        ({"grant_type": "implicit"}, ["/grant_type"]),
    ],
)
def test_what_is_missing_is_named(world: World, fields: dict[str, str], pointers: list[str]) -> None:
    answer = world.token(**fields)
    assert refused(answer)[0] == 422
    assert [error["pointer"] for error in answer.json["errors"]] == pointers


def test_refresh_tokens_rotate_and_a_copied_one_ends_the_family(world: World, hoa: str) -> None:
    world.account(hoa, "hoa.nguyen")
    first = world.token(grant_type="password", username="hoa.nguyen", password=PASSWORD).json["refresh_token"]
    second = world.token(grant_type="refresh_token", refresh_token=first).json["refresh_token"]
    assert first not in json.dumps([row.model_dump(mode="json") for row in world.store.find(REFRESH_TOKENS, {})])
    assert world.token(grant_type="refresh_token", refresh_token=first).status_code == 401
    assert world.token(grant_type="refresh_token", refresh_token=second).status_code == 401


def test_a_refresh_token_dies_of_age(world: World, hoa: str) -> None:
    world.account(hoa, "hoa.nguyen")
    token = world.token(grant_type="password", username="hoa.nguyen", password=PASSWORD).json["refresh_token"]
    world.pass_time(days=15)
    assert world.token(grant_type="refresh_token", refresh_token=token).status_code == 401


def test_revoking_signs_out_everywhere_and_is_told(world: World, hoa: str) -> None:
    account = world.account(hoa, "hoa.nguyen")
    answer = world.token(grant_type="password", username="hoa.nguyen", password=PASSWORD).json
    herself = world.caller(answer["access_token"])
    world.pass_time(seconds=3)
    assert herself.get("/v1/me").json["full_name"] == "Nguyễn Thị Hòa"
    assert world.admin.post(f"/v1/accounts/{account}/revoke", json={}).status_code == 200
    assert world.told(AccountState)[-1].tokens_valid_from == world.now
    world.pass_time(seconds=3)
    assert refused(herself.get("/v1/me")) == (401, "unauthenticated")
    assert world.token(grant_type="refresh_token", refresh_token=answer["refresh_token"]).status_code == 401
    assert world.sign_in("hoa.nguyen").get("/v1/me").status_code == 200


def test_an_ended_post_ends_tokens_but_not_the_session(world: World, branch: str, hoa: str) -> None:
    post = world.post(hoa, branch, "branch_secretary")
    world.account(hoa, "hoa.nguyen")
    answer = world.token(grant_type="password", username="hoa.nguyen", password=PASSWORD).json
    world.pass_time(seconds=3)
    world.admin.post(f"/v1/posts/{post}/end", json={"ends": "2026-11-20"})
    world.pass_time(seconds=3)
    assert refused(world.caller(answer["access_token"]).get("/v1/me")) == (401, "unauthenticated")
    renewed = world.token(grant_type="refresh_token", refresh_token=answer["refresh_token"]).json
    assert claims(renewed["access_token"])["grants"] == [{"u": branch}]


def test_a_new_password_of_ones_own_needs_the_old_one(world: World, hoa: str) -> None:
    world.account(hoa, "hoa.nguyen")
    herself = world.sign_in("hoa.nguyen")
    wrong = {"current": "khong-phai-dau", "password": "mot-mat-khau-khac"}
    assert refused(herself.post("/v1/me/password", json=wrong)) == (422, "wrong-password")
    for password, code in (("ngan", "password-length"), ("hoa.nguyen", "password-is-username")):
        answer = herself.post("/v1/me/password", json={"current": PASSWORD, "password": password})
        assert refused(answer) == (422, code)
    assert herself.post("/v1/me/password", json={**wrong, "current": PASSWORD}).status_code == 200
    assert world.token(grant_type="password", username="hoa.nguyen", password=PASSWORD).status_code == 401
    assert world.sign_in("hoa.nguyen", "mot-mat-khau-khac")


def test_an_officer_gives_a_new_password_and_closes_an_account(world: World, hoa: str) -> None:
    account = world.account(hoa, "hoa.nguyen")
    world.admin.post(f"/v1/accounts/{account}/password", json={"password": "cap-lai-2026"})
    assert world.sign_in("hoa.nguyen", "cap-lai-2026")
    world.admin.post(f"/v1/accounts/{account}/disable", json={})
    assert world.told(AccountState)[-1].disabled
    assert world.token(grant_type="password", username="hoa.nguyen", password="cap-lai-2026").status_code == 401
    world.admin.post(f"/v1/accounts/{account}/enable", json={})
    assert world.sign_in("hoa.nguyen", "cap-lai-2026")


def test_one_account_a_person_and_one_person_a_name(world: World, branch: str, hoa: str) -> None:
    world.account(hoa, "hoa.nguyen")
    again = {"person_id": hoa, "username": "hoa.khac", "password": PASSWORD}
    assert refused(world.admin.post("/v1/accounts", json=again)) == (409, "account-exists")
    other = world.person("Trần Văn Bình", branch)
    taken = {"person_id": other, "username": "Hoa.Nguyen", "password": PASSWORD}
    assert refused(world.admin.post("/v1/accounts", json=taken)) == (409, "username-taken")
    marks = {"person_id": other, "username": "hòa", "password": PASSWORD}
    assert refused(world.admin.post("/v1/accounts", json=marks)) == (422, "username-malformed")


def test_who_manages_accounts_gains_no_higher_post_by_it(world: World, commune: str, branch: str, hoa: str) -> None:
    world.post(hoa, world.root, "province_secretary")
    world.account(hoa, "thanhdoan.bithu")
    secretary = world.officer("Ngô Đức Phước", branch, commune, "commune_secretary", "nongson.bithu")
    (account,) = [one for one in world.store.find(ACCOUNTS, {}) if one.username == "thanhdoan.bithu"]
    answer = secretary.post(f"/v1/accounts/{account.id}/password", json={"password": "chiem-quyen-nhe"})
    assert refused(answer) == (403, "holds-a-higher-post")


def test_the_first_administrator_is_nobodys_to_manage(world: World) -> None:
    (account,) = world.store.find(ACCOUNTS, {"username": "quantri"})
    assert refused(world.admin.post(f"/v1/accounts/{account.id}/disable", json={})) == (404, "not-found")


def test_a_partner_gets_a_token_for_its_scopes_and_no_more(world: World, commune: str) -> None:
    body = {"name": "Cổng thông tin xã", "unit_id": commune, "scopes": ["units.read", "meetings.read"]}
    client = world.admin.post("/v1/clients", json=body).json
    sign_in = {"grant_type": "client_credentials", "client_id": client["id"], "client_secret": client["secret"]}
    answer = world.token(**sign_in, scope="units.read people.read").json
    assert (answer["scope"], answer["refresh_token"]) == ("units.read", None)
    said = claims(answer["access_token"])
    assert (said["grants"], "person" in said) == ([{"u": commune, "v": ["units.read"]}], False)
    portal = world.caller(answer["access_token"])
    assert [unit["id"] for unit in portal.get("/v1/units").json["items"]] == [commune]
    assert refused(portal.get(f"/v1/units/{world.root}")) == (404, "not-found")
    assert refused(portal.get("/v1/people")) == (403, "not-permitted")


def test_a_partners_secret_is_shown_once_and_kept_nowhere(world: World, commune: str) -> None:
    body = {"name": "Cổng thông tin xã", "unit_id": commune, "scopes": ["units.read"]}
    headers = {"Idempotency-Key": "partner-1"}
    first = world.admin.post("/v1/clients", json=body, headers=headers)
    again = world.admin.post("/v1/clients", json=body, headers=headers)
    assert (again.json["id"], again.json["secret"]) == (first.json["id"], None)
    kept = b"".join(row.body or b"" for row in world.store.find(IDEMPOTENCY, {}))
    assert first.json["secret"].encode() not in kept
    assert first.json["secret"] not in str(world.store.find(CLIENTS, {}))


def test_a_partner_with_a_new_secret_has_lost_the_old(world: World, commune: str) -> None:
    body = {"name": "Cổng thông tin xã", "unit_id": commune, "scopes": ["units.read"]}
    client = world.admin.post("/v1/clients", json=body).json
    renewed = world.admin.post(f"/v1/clients/{client['id']}/secret", json={}).json
    sign_in = {"grant_type": "client_credentials", "client_id": client["id"]}
    assert refused(world.token(**sign_in, client_secret=client["secret"])) == (401, "invalid-grant")
    assert world.token(**sign_in, client_secret=renewed["secret"]).status_code == 200
    world.admin.post(f"/v1/clients/{client['id']}/disable", json={})
    assert refused(world.token(**sign_in, client_secret=renewed["secret"])) == (401, "invalid-grant")


@pytest.mark.parametrize("scope", ["people.read", "units.manage", "everything"])
def test_scopes_beyond_the_grammar_are_not_given_to_partners(world: World, commune: str, scope: str) -> None:
    body = {"name": "Cổng thông tin xã", "unit_id": commune, "scopes": [scope]}
    assert refused(world.admin.post("/v1/clients", json=body)) == (422, "scope-not-allowed")


def test_keys_follow_one_another_with_an_overlap(world: World, hoa: str) -> None:
    world.account(hoa, "hoa.nguyen")
    world.pass_time(days=29)
    world.run_timers()
    keys = world.caller().get("/.well-known/jwks.json").json["keys"]
    assert len(keys) == 2, "the next key is known before it signs"
    world.pass_time(days=1, minutes=-5)
    before = world.sign_in("hoa.nguyen")
    world.pass_time(minutes=6)
    after = world.sign_in("hoa.nguyen")
    assert (before.get("/v1/me").status_code, after.get("/v1/me").status_code) == (200, 200)
    world.pass_time(hours=2)
    assert len(world.caller().get("/.well-known/jwks.json").json["keys"]) == 1


def test_who_am_i_says_posts_and_what_they_allow(world: World, branch: str, hoa: str) -> None:
    world.post(hoa, branch, "branch_secretary")
    world.account(hoa, "nongson.trungha")
    me = world.sign_in("nongson.trungha").get("/v1/me").json
    assert (me["name"], me["posts"][0]["name"], me["branches"]) == ("nongson.trungha", "Bí thư chi đoàn", [branch])
    assert {"verb": "people.read", "scope": "unit_and_below", "unit_id": branch} in me["grants"]


def test_passwords_are_kept_as_argon2(world: World, hoa: str) -> None:
    world.account(hoa, "hoa.nguyen")
    assert all(one.password_hash.startswith("$argon2id$") for one in world.store.find(ACCOUNTS, {}))
