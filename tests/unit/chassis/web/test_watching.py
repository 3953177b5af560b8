"""What operators and watchers see: dead letters, and who read whose data."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from chassis.failures import Unavailable
from chassis.messaging.dead_letters import DEAD_LETTERS, DeadLetter
from chassis.storage.changes import Changes
from chassis.storage.memory import MemoryStore
from chassis.web.access_log import ACCESS_LOG
from tests.support.web import ApiClient, post
from tests.unit.chassis.web.notices import NOTICES, UNIT, a_notice, notices_app

APP, STORE, OFFICE = notices_app()
OTHER_UNIT = "0190a1b2-0000-7000-8000-0000000000bb"
LETTERS = [
    DeadLetter(
        id=f"members.people.v1:0:{offset}",
        topic="members.people.v1",
        partition=0,
        offset=offset,
        key=b"p1",
        headers=(("ce_type", b"vn.nhipdoan.members.person.state.v1"),),
        value='{"full_name": "Nguyễn Thị Bí Mật"}'.encode(),
        error_class="Malformed",
        error="full_name 'Nguyễn Thị Bí Mật' …",
        failed_at=datetime(2026, 3, 26, tzinfo=UTC),
    )
    for offset in range(3)
]


@pytest.fixture(autouse=True)
def as_they_came() -> None:
    """Each test begins with all letters open."""
    for letter in STORE.find(DEAD_LETTERS, {}):
        STORE.commit(Changes().erase(DEAD_LETTERS, letter))
    STORE.commit(Changes().insert(DEAD_LETTERS, *LETTERS))


@pytest.fixture
def operator() -> ApiClient:
    return OFFICE.client(APP, person="p9", grants=[post("operator", "root")])


@pytest.fixture
def secretary() -> ApiClient:
    return OFFICE.client(APP, person="p1", grants=[post("secretary", UNIT)])


def test_an_operator_lists_open_letters_page_by_page_without_what_they_say(operator: ApiClient) -> None:
    first = operator.get("/v1/dead-letters?limit=2")
    assert first.json is not None
    assert [item["id"] for item in first.json["items"]] == [letter.id for letter in LETTERS[:2]]
    assert first.json["items"][0]["type"] == "vn.nhipdoan.members.person.state.v1"
    assert "Bí Mật" not in first.get_data(as_text=True)
    second = operator.get("/v1/dead-letters", query_string={"cursor": first.json["next_cursor"]})
    assert second.json is not None
    assert [item["id"] for item in second.json["items"]] == [LETTERS[2].id]


def test_reading_what_went_wrong_is_written_to_the_access_log(operator: ApiClient) -> None:
    before = STORE.count(ACCESS_LOG, {"what": "dead-letters.read"})
    shown = operator.get(f"/v1/dead-letters/{LETTERS[0].id}")
    assert shown.json is not None
    assert "Bí Mật" in shown.json["error"]
    assert "value" not in shown.json
    assert shown.json["size"] == len(LETTERS[0].value or b"")
    assert shown.json["headers"] == [{"name": "ce_type", "value": "vn.nhipdoan.members.person.state.v1"}]
    assert STORE.count(ACCESS_LOG, {"what": "dead-letters.read"}) == before + 1


def test_a_letter_is_released_once(operator: ApiClient) -> None:
    address = f"/v1/dead-letters/{LETTERS[1].id}/release"
    released = operator.post(address)
    assert released.status_code == 200
    assert released.json is not None
    assert released.json["state"] == "released"
    assert operator.post(address).status_code == 409


def test_a_letter_is_given_up_once_and_then_says_nothing_any_more(operator: ApiClient) -> None:
    address = f"/v1/dead-letters/{LETTERS[1].id}"
    key = {"Idempotency-Key": "0190a1b2-0000-7000-8000-00000000d0d0"}
    dropped = operator.post(f"{address}/drop", headers=key)
    assert dropped.json is not None
    assert (dropped.status_code, dropped.json["state"]) == (200, "dropped")
    assert operator.post(f"{address}/drop", headers=key).get_data() == dropped.get_data()
    shown = operator.get(address)
    assert shown.json is not None
    assert (shown.json["size"], "Bí Mật" in shown.json["error"]) == (None, False)
    assert operator.post(f"{address}/drop").status_code == 409
    assert operator.post(f"{address}/release").status_code == 409


def test_others_may_neither_read_nor_release_nor_drop(secretary: ApiClient) -> None:
    assert secretary.get("/v1/dead-letters").status_code == 403
    assert secretary.get(f"/v1/dead-letters/{LETTERS[0].id}").status_code == 403
    assert secretary.post(f"/v1/dead-letters/{LETTERS[0].id}/release").status_code == 403
    assert secretary.post(f"/v1/dead-letters/{LETTERS[0].id}/drop").status_code == 403


@pytest.mark.parametrize("id", ["members.people.v1:0:99", "x", "a:b:c"])
def test_a_letter_that_is_not_there_is_not_found(operator: ApiClient, id: str) -> None:
    assert operator.get(f"/v1/dead-letters/{id}").status_code == 404


def test_each_reading_of_personal_data_is_kept_and_shown_to_those_who_watch_over_the_unit() -> None:
    app, store, office = notices_app()
    here, there = a_notice(UNIT[:-2] + "01", "A"), a_notice(UNIT[:-2] + "02", "B", unit=OTHER_UNIT)
    store.commit(Changes().insert(NOTICES, here, there))
    reader = office.client(app, account="acc", person="p1", grants=[post("secretary", "root")])
    for notice in (here, there, here):
        reader.get(f"/v1/notices/{notice.id}")
    watcher = office.client(app, person="p2", grants=[post("secretary", UNIT)])
    answer = watcher.get("/v1/access-log")
    assert answer.json is not None
    assert [(row["account_id"], row["what"], row["people"]) for row in answer.json["items"]] == [
        ("acc", "notices.read", [here.id])
    ] * 2
    newest = [row["id"] for row in answer.json["items"]]
    assert newest == sorted(newest, reverse=True)
    of_one = watcher.get("/v1/access-log", query_string={"person": there.id})
    assert of_one.json == {"items": [], "next_cursor": None}


def test_what_cannot_be_noted_is_not_shown() -> None:
    class Full(MemoryStore):
        def commit(self, changes: Changes) -> None:
            if any(change.kind is ACCESS_LOG for change in changes.changes):
                raise Unavailable("MongoDB: NetworkTimeout")
            super().commit(changes)

    app, store, office = notices_app(Full())
    notice = a_notice(UNIT[:-2] + "01", "Kín")
    store.commit(Changes().insert(NOTICES, notice))
    answer = office.client(app, person="p1", grants=[post("secretary", UNIT)]).get(f"/v1/notices/{notice.id}")
    assert answer.status_code == 503
    assert "Kín" not in answer.get_data(as_text=True)


def test_a_request_hands_its_trace_and_its_chain_on(secretary: ApiClient) -> None:
    chain, trace = "0190a1b2-0000-7000-8000-00000000cafe", "4bf92f3577b34da6a3ce929d0e0e4736"
    headers = {"X-Correlation-Id": chain, "traceparent": f"00-{trace}-00f067aa0ba902b7-01"}
    notice = a_notice(UNIT[:-2] + "0f", "C")
    STORE.project(NOTICES, [notice])
    answer = secretary.get(f"/v1/notices/{notice.id}", headers=headers)
    assert answer.headers["X-Correlation-Id"] == chain
    (row,) = STORE.find(ACCESS_LOG, {"people": notice.id})
    assert row.correlation_id == chain
    made_up = secretary.get("/v1/notices", headers={"X-Correlation-Id": "not a uuid\t"})
    assert len(made_up.headers["X-Correlation-Id"]) == 36


def test_the_cause_of_a_request_is_a_child_of_the_callers_span() -> None:
    from chassis.web.surroundings import cause

    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    with APP.test_request_context(headers={"traceparent": f"00-{trace}-00f067aa0ba902b7-00"}):
        told = cause().traceparent or ""
    assert told.startswith(f"00-{trace}-")
    assert told.endswith("-00")
    assert "00f067aa0ba902b7" not in told
    for broken in ("", "x", f"00-{'0' * 32}-00f067aa0ba902b7-01", f"ff-{trace}-00f067aa0ba902b7-01", f"00-{trace}-01"):
        with APP.test_request_context(headers={"traceparent": broken}):
            assert trace not in (cause().traceparent or "")
