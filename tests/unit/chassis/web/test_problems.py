"""What is answered when something is not right: problem+json, in the caller's language, without the inside."""

from __future__ import annotations

import json

import pytest
from structlog.testing import capture_logs

from tests.support.web import ApiClient, belongs_to, post
from tests.unit.chassis.web.notices import NEW, UNIT, notices_app

APP, STORE, OFFICE = notices_app()


@pytest.fixture
def secretary() -> ApiClient:
    return OFFICE.client(APP, person="p1", grants=[post("secretary", UNIT)])


def test_a_problem_has_a_stable_type_and_speaks_vietnamese_by_default(secretary: ApiClient) -> None:
    answer = secretary.get("/v1/notices/0190a1b2-0000-7000-8000-00000000ffff")
    assert answer.status_code == 404
    assert answer.content_type == "application/problem+json"
    assert answer.headers["Content-Language"] == "vi"
    assert answer.json == {
        "type": "https://nhipdoan.vn/problems/not-found",
        "title": "Không tìm thấy",
        "status": 404,
        "detail": "Không tìm thấy thông báo.",
        "instance": "/v1/notices/0190a1b2-0000-7000-8000-00000000ffff",
    }


@pytest.mark.parametrize(
    ("wanted", "language"),
    [
        ("en", "en"),
        ("en-GB,en;q=0.9,vi;q=0.1", "en"),
        ("vi-VN", "vi"),
        ("fr", "vi"),
        ("fr, en;q=0.2", "en"),
        ("", "vi"),
    ],
)
def test_the_language_follows_accept_language(secretary: ApiClient, wanted: str, language: str) -> None:
    answer = secretary.get("/v1/nowhere", headers={"Accept-Language": wanted})
    assert answer.headers["Content-Language"] == language
    assert "Accept-Language" in answer.headers["Vary"]
    assert answer.json is not None
    assert answer.json["title"] == {"vi": "Không tìm thấy", "en": "Not found"}[language]


def test_every_field_that_is_wrong_is_named_with_a_pointer_and_a_sentence(secretary: ApiClient) -> None:
    body = NEW | {"title": "x" * 81, "shown_on": "26/3", "at": "5", "colours": ["red", "green"], "weight": "1", "zz": 1}
    body.pop("unit_id")
    answer = secretary.post("/v1/notices", json=body)
    assert answer.status_code == 422
    assert answer.json is not None
    assert {error["pointer"]: error["detail"] for error in answer.json["errors"]} == {
        "/unit_id": "Thiếu thông tin này.",
        "/title": "Quá dài: tối đa 80 ký tự.",
        "/shown_on": "Ngày không hợp lệ; hãy viết như 2026-03-26.",
        "/at": "Thời điểm không hợp lệ; hãy viết như 2026-03-26T19:30:00+07:00.",
        "/colours/1": "Chỉ nhận một trong: 'red' or 'blue'.",
        "/weight": "Phải là số nguyên.",
        "/zz": "Không có mục này; hãy kiểm tra tên.",
    }


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("limit=0", "/query/limit"),
        ("limit=201", "/query/limit"),
        ("limit=x", "/query/limit"),
        ("limit=%207", "/query/limit"),
        ("limit=7.0", "/query/limit"),
        ("limit=1_0", "/query/limit"),
        ("limit=07", "/query/limit"),
        ("limit=", "/query/limit"),
        ("since=0", "/query/since"),
        ("since=2026-03-26T00:00:00", "/query/since"),
        ("pinned=yes", "/query/pinned"),
        ("pinned=1", "/query/pinned"),
        ("limit=1&limit=2", "/query/limit"),
        ("order=size", "/query/order"),
        ("lmit=1", "/query/lmit"),
        ("colour=red&colour=green", "/query/colour/1"),
        ("cursor=%00", "/query/cursor"),
    ],
)
def test_a_wrong_query_parameter_is_named(secretary: ApiClient, query: str, pointer: str) -> None:
    answer = secretary.get(f"/v1/notices?{query}")
    assert answer.status_code == 422
    assert answer.json is not None
    assert [error["pointer"] for error in answer.json["errors"]] == [pointer]


@pytest.mark.parametrize(
    "query", ["limit=7", "since=2026-03-26", "pinned=true", "pinned=false", "colour=red&colour=blue", "order=shown_on"]
)
def test_a_proper_query_parameter_is_read(secretary: ApiClient, query: str) -> None:
    assert secretary.get(f"/v1/notices?{query}").status_code == 200


@pytest.mark.parametrize("id", ["1", "%00", "0190A1B2-0000-7000-8000-000000000001", "..", "%ff", "a" * 3000])
def test_nothing_is_found_under_an_id_that_is_none(secretary: ApiClient, id: str) -> None:
    assert secretary.get(f"/v1/notices/{id}").status_code == 404


def test_a_rule_that_refuses_names_the_field_it_is_about(secretary: ApiClient) -> None:
    made = secretary.post("/v1/notices", json=NEW)
    answer = secretary.patch(made.headers["Location"], json={"title": NEW["title"]})
    assert answer.status_code == 422
    assert answer.json is not None
    assert answer.json["type"].endswith("/same-title")
    assert answer.json["errors"] == [{"pointer": "/title", "detail": "Tiêu đề không đổi.", "code": "same-title"}]


def test_a_method_that_an_address_does_not_take_is_answered_with_those_it_takes(secretary: ApiClient) -> None:
    for method in ("DELETE", "PUT", "OPTIONS", "TRACE"):
        answer = secretary.call(method, "/v1/notices")
        assert answer.status_code == 405
        assert answer.headers["Allow"] == "GET, HEAD, POST"
        assert answer.content_type == "application/problem+json"


def test_an_unknown_address_is_a_problem_with_or_without_a_token(secretary: ApiClient) -> None:
    for client in (secretary, ApiClient(APP)):
        for path in ("/v1/nowhere", "/v1/notices/", "//v1/notices", "/V1/notices"):
            assert client.get(path).status_code == 404


def test_a_body_over_the_limit_is_refused_and_a_route_for_uploads_takes_more(secretary: ApiClient) -> None:
    too_large = json.dumps(NEW | {"title": "x" * 1_000_001})
    answer = secretary.post("/v1/notices", data=too_large, content_type="application/json")
    assert (answer.status_code, answer.content_type) == (413, "application/problem+json")

    def upload(size: int) -> int:
        from io import BytesIO

        return secretary.post(f"/v1/notices/{UNIT}/sheets", data={"file": (BytesIO(b"x" * size), "a.xlsx")}).status_code

    assert upload(2_000_000) == 200
    assert upload(3_100_000) == 413


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", "multipart/form-data", ""])
def test_a_body_that_is_not_declared_as_json_is_refused(secretary: ApiClient, content_type: str) -> None:
    answer = secretary.post("/v1/notices", data=json.dumps(NEW), content_type=content_type)
    assert answer.status_code == 415


def test_an_upload_must_be_a_form_with_its_file(secretary: ApiClient) -> None:
    assert secretary.post(f"/v1/notices/{UNIT}/sheets", json={}).status_code == 415
    answer = secretary.post(f"/v1/notices/{UNIT}/sheets", data={"note": "x"}, content_type="multipart/form-data")
    assert answer.status_code == 422


def test_an_unexpected_error_tells_nothing_of_the_inside_but_an_id_that_is_in_the_log(secretary: ApiClient) -> None:
    with capture_logs() as logs:
        answer = secretary.get("/v1/broken")
    assert answer.status_code == 500
    assert b"inside" not in answer.data
    assert b"RuntimeError" not in answer.data
    assert answer.json is not None
    assert [line["error_id"] for line in logs if line["event"] == "unexpected error"] == [answer.json["error_id"]]


def test_an_unavailable_database_is_told_with_when_to_try_again(secretary: ApiClient) -> None:
    answer = secretary.get("/v1/away")
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert b"Mongo" not in answer.data


def test_too_many_tries_are_refused_for_this_key_alone() -> None:
    app, _, _ = notices_app()
    anyone = ApiClient(app)
    statuses = [anyone.post("/v1/sign-in", json={"title": "an"}).status_code for _ in range(3)]
    assert statuses == [200, 200, 429]
    assert int(anyone.post("/v1/sign-in", json={"title": "an"}).headers["Retry-After"]) in range(1, 61)
    assert anyone.post("/v1/sign-in", json={"title": "binh"}).status_code == 200


def test_answers_carry_the_headers_of_caution(secretary: ApiClient) -> None:
    answer = secretary.get("/v1/notices")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_the_log_line_of_a_request_has_the_route_but_no_query_and_no_value(secretary: ApiClient) -> None:
    with capture_logs() as logs:
        secretary.get("/v1/notices/0190a1b2-0000-7000-8000-00000000ffff?limit=5")
    (line,) = logs
    assert line["route"] == "/v1/notices/<id>"
    assert line["status"] == 404
    assert "ffff" not in str(line)
    assert "limit" not in str(line)


def test_a_member_sees_only_the_list_of_the_own_unit() -> None:
    app, _, office = notices_app()
    secretary = office.client(app, person="p1", grants=[post("secretary", "root")])
    other = "0190a1b2-0000-7000-8000-0000000000bb"
    secretary.post("/v1/notices", json=NEW)
    secretary.post("/v1/notices", json=NEW | {"unit_id": other, "title": "Chi đoàn khác"})
    member = office.client(app, person="p2", grants=[belongs_to(UNIT)])
    listed = member.get("/v1/notices").json
    assert listed is not None
    assert [item["title"] for item in listed["items"]] == ["Ra quân"]
