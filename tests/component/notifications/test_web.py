"""The API: who got it, who did not, and why; told to those who may know, and noted when they ask."""

from __future__ import annotations

from typing import Any

import pytest
from flask_openapi3.openapi import OpenAPI
from werkzeug.test import TestResponse

from chassis.runtime.readiness import ALWAYS_READY
from chassis.web.access_log import ACCESS_LOG
from chassis.web.token_claims import Rights
from contracts.grammar import grammar
from contracts.members_states import ContactChannel
from contracts.notifications_events import OptedOut, ReplyReceived
from notifications.adapters.delivery_counts import StoreCounter
from notifications.application.proofs import Proofs
from notifications.application.receive_reply import REPLIES
from notifications.domain.delivery import Channel, State
from notifications.web.app import Edge, notifications_app
from tests.component.notifications.world import Clock, World, cancelled, facts, scheduled
from tests.support.web import (
    ApiClient,
    TokenOffice,
    calls_without_example,
    examples_that_lie,
    in_charge_of,
    partner_verbs,
    post,
)


def uuid(number: int) -> str:
    return f"0190a1b2-0000-7000-8000-{number:012}"


PROVINCE, COMMUNE, OTHER_COMMUNE, BRANCH, OTHER_BRANCH = (uuid(n) for n in range(10, 15))
MEETING = uuid(300)
HOA, NAM, FAR = uuid(101), uuid(102), uuid(103)

SECRETARY: dict[str, Any] = {"person": uuid(201), "grants": [post("commune_secretary", COMMUNE)]}
IN_CHARGE = {
    "person": uuid(203),
    "grants": [post("standing_member", COMMUNE)],
    "portfolios": [in_charge_of(BRANCH)],
}


class Web(World):
    """A world with its web application in front."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.unit(PROVINCE, "Thành Đoàn Đà Nẵng", "Thanh Doan", "province")
        self.unit(COMMUNE, "Đoàn xã Nông Sơn", "Doan xa Nong Son", "commune", PROVINCE)
        self.unit(OTHER_COMMUNE, "Đoàn xã Quế Phước", "Doan xa Que Phuoc", "commune", PROVINCE)
        self.unit(BRANCH, "Chi đoàn thôn Trung Hạ", "CD Trung Ha", "branch", PROVINCE, COMMUNE)
        self.unit(OTHER_BRANCH, "Chi đoàn thôn Bình Yên", "CD Binh Yen", "branch", PROVINCE, COMMUNE)
        rules = grammar()
        rights = Rights(
            posts={name: one.permissions for name, one in rules.posts.items()},
            everyone=rules.everyone,
            partner_scopes=rules.partner_scopes,
        )
        self.office = TokenOffice(rights, now=self.clock)
        self.edge = Edge(
            self.desk,
            StoreCounter(self.store),
            receipts=Proofs("secret", "receipts"),
            refusals=Proofs("secret", "e-mail refusals"),
            gateway_key="agreed",
            clock=self.clock,
        )
        self.app: OpenAPI = notifications_app(
            self.store, self.office.authenticator(), ALWAYS_READY, self.edge, now=self.clock
        )
        self.nobody = ApiClient(self.app)

    def as_(self, **who: Any) -> ApiClient:
        return self.office.client(self.app, **who)

    def secretary(self) -> ApiClient:
        return self.as_(**SECRETARY)

    def invite(self) -> None:
        self.person(HOA, "Lê Thị Hoa", mail="hoa@example.vn", units=[BRANCH])
        self.person(NAM, "Lê Văn Nam", phone=None, units=[OTHER_BRANCH])
        self.person(FAR, "Trần Xa", phone="+84912345677", refused=[ContactChannel.SMS], units=[OTHER_BRANCH])
        meeting = facts().model_copy(update={"unit_id": COMMUNE})
        self.hear(scheduled([HOA, NAM, FAR], meeting_id=MEETING, meeting=meeting))
        self.deliver()
        self.deliver(Channel.EMAIL)


@pytest.fixture
def web() -> Web:
    return Web(clock=Clock())


def told_by(answer: TestResponse) -> Any:
    return answer.json


def read(client: ApiClient, path: str, status: int = 200) -> Any:
    answer = client.get(path)
    assert answer.status_code == status, answer.text
    return answer.json


def test_one_call_tells_who_got_it_who_did_not_and_why(web: Web) -> None:
    web.invite()
    told = read(web.secretary(), f"/v1/deliveries?about={MEETING}")
    assert {(one["channel"], one["state"], one["reason"], one["deliveries"]) for one in told["counts"]} == {
        ("sms", "accepted", None, 1),
        ("sms", "skipped", "no_mobile", 1),
        ("sms", "skipped", "refused", 1),
        ("email", "accepted", None, 1),
    }
    by_person = {one["person_name"]: one for one in told["items"] if one["channel"] == "sms"}
    assert by_person["Lê Văn Nam"]["reason_text"] == "Chưa có số di động."
    assert by_person["Trần Xa"]["reason_text"] == "Người nhận đã từ chối nhận tin qua kênh này."
    assert (by_person["Lê Thị Hoa"]["parts"], by_person["Lê Thị Hoa"]["price_vnd"]) == (1, 850)
    assert "+84" not in str(told)
    assert "example.vn" not in str(told)
    [noted] = web.store.find(ACCESS_LOG, {})
    assert (noted.what, set(noted.people)) == ("deliveries.read", {HOA, NAM, FAR})


def test_the_list_goes_on_page_by_page_and_narrows(web: Web) -> None:
    web.invite()
    client = web.secretary()
    first = read(client, f"/v1/deliveries?about={MEETING}&limit=3")
    second = read(client, f"/v1/deliveries?about={MEETING}&limit=3&cursor={first['next_cursor']}")
    assert len(first["items"] + second["items"]) == 4
    assert second["next_cursor"] is None
    skipped = read(client, f"/v1/deliveries?about={MEETING}&state=skipped&reason=no_mobile")
    assert [one["person_id"] for one in skipped["items"]] == [NAM]


@pytest.mark.parametrize(
    ("who", "seen"),
    [
        ({"person": uuid(202), "grants": [post("branch_secretary", BRANCH)]}, {HOA}),
        (
            {"person": uuid(203), "grants": [post("standing_member", COMMUNE)], "portfolios": [in_charge_of(BRANCH)]},
            {HOA},
        ),
        ({"person": HOA}, {HOA}),
        ({"person": uuid(204), "grants": [post("commune_secretary", OTHER_COMMUNE)]}, set()),
        ({"person": uuid(205), "grants": [post("province_administrator", PROVINCE)]}, {HOA, NAM, FAR}),
        (
            {"person": None, "account": "partner", "grants": [partner_verbs(COMMUNE, "deliveries.read")]},
            {HOA, NAM, FAR},
        ),
    ],
    ids=["branch secretary", "member in charge", "oneself", "another commune", "province", "partner"],
)
def test_each_sees_what_is_his_in_rows_and_in_counts(web: Web, who: dict[str, Any], seen: set[str]) -> None:
    web.invite()
    told = read(web.as_(**who), f"/v1/deliveries?about={MEETING}")
    assert {one["person_id"] for one in told["items"]} == seen
    assert sum(one["deliveries"] for one in told["counts"]) == len(told["items"])


def test_looking_at_ones_own_messages_is_not_noted(web: Web) -> None:
    web.invite()
    read(web.as_(person=HOA), f"/v1/deliveries?about={MEETING}")
    assert web.store.find(ACCESS_LOG, {}) == []


def test_a_message_is_shown_as_the_person_read_it(web: Web) -> None:
    web.invite()
    [sms] = [row for row in web.rows(about=MEETING) if row.person_id == HOA]
    told = read(web.secretary(), f"/v1/messages/{sms.id}")
    assert told["text"] == web.sms.texts()[0]
    assert (told["encoding"], told["units"], told["subject"]) == ("gsm7", len(told["text"]), None)
    stranger = web.as_(person=uuid(204), grants=[post("commune_secretary", OTHER_COMMUNE)])
    read(stranger, f"/v1/messages/{sms.id}", 404)
    read(web.secretary(), f"/v1/messages/{'0' * 32}", 404)


def test_parts_and_price_are_seen_before_sending(web: Web) -> None:
    meeting = {
        "kind": "briefing",
        "unit_id": COMMUNE,
        "title": "Giao ban 6 tháng đầu năm",
        "starts_at": "2026-06-13T19:30:00+07:00",
        "ends_at": "2026-06-13T21:00:00+07:00",
        "place": "Hội trường UBND xã",
    }
    answer = web.secretary().post("/v1/previews", json={"meeting": meeting, "recipients": 20})
    assert answer.status_code == 200, answer.text
    told = told_by(answer)
    assert told["without_accents"]["text"].startswith("Doan xa Nong Son moi dong chi Nguyen Thi Hong Nhung du giao ban")
    assert (told["without_accents"]["parts"], told["without_accents"]["total_vnd"]) == (1, 17_000)
    free = told_by(web.secretary().post("/v1/previews", json={"text": "Mời đồng chí dự họp 😀"}))
    assert (free["without_accents"]["text"], free["with_accents"]["encoding"]) == ("Moi dong chi du hop ", "ucs2")
    assert web.secretary().post("/v1/previews", json={}).status_code == 422
    foreign = meeting | {"unit_id": OTHER_COMMUNE}
    assert web.secretary().post("/v1/previews", json={"meeting": foreign}).status_code == 404
    assert web.as_(person=HOA).post("/v1/previews", json={"text": "a"}).status_code == 403


def test_the_templates_are_listed(web: Web) -> None:
    assert "meeting_scheduled" in read(web.secretary(), "/v1/templates")["items"]
    read(web.as_(person=HOA), "/v1/templates", 403)


def test_a_months_costs(web: Web) -> None:
    web.invite()
    client = web.secretary()
    told = read(client, f"/v1/costs?unit={COMMUNE}&month=2026-06")
    assert (told["parts"], told["price_vnd"]) == (1, 850)
    assert read(client, f"/v1/costs?unit={COMMUNE}&month=2026-12")["price_vnd"] == 0
    read(client, f"/v1/costs?unit={OTHER_COMMUNE}&month=2026-06", 404)


def test_a_reply_comes_in_with_the_agreed_key(web: Web) -> None:
    web.invite()
    said = {
        "Phone": "0912345678",
        "Message": "1",
        "ReceivedTime": "2026-06-08 12:01:00",
        "SmsId": "r-1",
        "Key": "agreed",
    }
    for _ in range(2):
        answer = web.nobody.post("/v1/gateways/esms/replies", json=said)
        assert (answer.status_code, answer.json) == (200, {"became": "answer"})
    [event] = web.published(ReplyReceived)
    assert (event.meeting_id, event.person_id) == (MEETING, HOA)
    wrong = web.nobody.post("/v1/gateways/esms/replies", json=said | {"Key": "guess"})
    assert wrong.status_code == 404


def test_officers_read_what_no_rule_understood(web: Web) -> None:
    web.invite()
    web.reply("Em đến trễ được không?")
    web.reply("1")
    told = read(web.secretary(), "/v1/replies")
    assert [(one["text"], one["people"][0]["name"]) for one in told["items"]] == [
        ("Em đến trễ được không?", "Lê Thị Hoa")
    ]
    branch = web.as_(person=uuid(202), grants=[post("branch_secretary", OTHER_BRANCH)])
    assert read(branch, "/v1/replies")["items"] == []
    assert [one["meaning"] for one in read(web.secretary(), "/v1/replies?became=answer")["items"]] == ["coming"]
    assert len(web.store.find(REPLIES, {})) == 2


def test_email_is_refused_by_one_click_and_not_by_opening_the_link(web: Web) -> None:
    web.invite()
    row = next(row for row in web.rows(about=MEETING, channel=Channel.EMAIL) if row.person_id == HOA)
    path = f"/v1/unsubscriptions/{web.edge.refusals.of(row.id)}"
    page = web.nobody.get(path)
    assert (page.status_code, page.content_type) == (200, "text/html; charset=utf-8")
    assert web.published(OptedOut) == []
    for _ in range(2):
        assert web.nobody.post(path, data={"List-Unsubscribe": "One-Click"}).status_code == 200
    assert [(event.person_id, event.channel) for event in web.published(OptedOut)] == [(HOA, "email")]
    web.mail.sent.clear()
    here = facts().model_copy(update={"unit_id": COMMUNE})
    web.hear(cancelled(meeting_id=MEETING).model_copy(update={"meeting": here}))
    web.deliver(Channel.EMAIL)
    assert web.mail.sent == []
    [cancellation] = [one for one in web.rows(about=MEETING, channel=Channel.EMAIL) if one.notice_id != row.notice_id]
    assert (cancellation.state, cancellation.reason) == (State.SKIPPED, "refused")
    assert web.nobody.get(f"/v1/unsubscriptions/{web.edge.receipts.of(row.id)}").status_code == 404


def test_everything_but_the_gateways_and_the_links_needs_a_token(web: Web) -> None:
    document = read(web.nobody, "/openapi/openapi.json")
    open_paths = {"/v1/gateways", "/v1/unsubscriptions"}
    for path, operations in document["paths"].items():
        if any(path.startswith(start) for start in open_paths) or not path.startswith("/v1/"):
            continue
        for method in operations:
            concrete = path.replace("{id}", "0" * 32)
            assert web.nobody.call(method.upper(), concrete).status_code in (401, 404), (method, path)


def test_the_document_shows_each_call_and_its_examples_fit(web: Web) -> None:
    document = read(web.nobody, "/openapi/openapi.json")
    assert document["openapi"].startswith("3.1")
    assert examples_that_lie(document) == []
    assert calls_without_example(document) == []
