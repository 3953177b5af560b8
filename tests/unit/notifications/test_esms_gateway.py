"""What eSMS says, and what it means for a message."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from notifications.adapters.esms_gateway import CODES, EsmsGateway
from notifications.application.ports import Outgoing
from notifications.application.proofs import Proofs
from notifications.domain.delivery import Channel, Delivery
from notifications.domain.notice import CODE, GREETING, NAME, Notice, Personal, Texts
from notifications.domain.phone import e164, national
from notifications.domain.reasons import VIETNAMESE
from notifications.domain.sending import (
    Accepted,
    Answer,
    Arrived,
    InDoubt,
    NeverSeen,
    Permanent,
    Standing,
    Temporary,
)

NOW = datetime(2026, 6, 8, 5, tzinfo=UTC)


class Gateway:
    """Answers as it is told and remembers what it was asked."""

    def __init__(self) -> None:
        self.orders: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self.status, self.body = 200, b"{}"
        self.headers: dict[str, str] = {}
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                outer.orders.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self._answer()

            def do_GET(self) -> None:
                self._answer()

            def _answer(self) -> None:
                outer.paths.append(self.path)
                if outer.status == 0:
                    self.close_connection = True
                    return
                self.send_response(outer.status)
                for name, value in outer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(outer.body)))
                self.end_headers()
                self.wfile.write(outer.body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True

    def says(self, status: int = 200, headers: dict[str, str] | None = None, **body: Any) -> None:
        self.status, self.headers, self.body = status, headers or {}, json.dumps(body).encode()


@contextmanager
def running() -> Iterator[tuple[Gateway, EsmsGateway]]:
    gateway = Gateway()
    thread = Thread(target=gateway.server.serve_forever, args=(0.02,))
    thread.start()
    client = client_of(f"http://127.0.0.1:{gateway.server.server_address[1]}/gateway/esms")
    try:
        yield gateway, client
    finally:
        client.close()
        gateway.server.shutdown()
        thread.join()
        gateway.server.server_close()


def client_of(url: str) -> EsmsGateway:
    return EsmsGateway(
        url,
        api_key="key",
        secret_key="secret",
        brandname="NHIPDOAN",
        callback_url="http://127.0.0.1:8103/",
        proofs=Proofs("secret", "receipts"),
        timeout_seconds=2,
    )


def outgoing(name: str = "Le Thi Hoa") -> Outgoing:
    delivery = Delivery(
        id="d" * 32,
        notice_id="n-1",
        about="m-1",
        person_id="p-1",
        channel=Channel.SMS,
        created=NOW,
        unit_path=("u-1",),
        unit_ids=("u-1",),
    )
    texts = Texts(sms=f"Moi {GREETING} {NAME} du hop. Tra loi 1{CODE}", subject="", text="", html="")
    notice = Notice(
        id="n-1",
        template="meeting_scheduled",
        about="m-1",
        unit_id="u-1",
        unit_path=("u-1",),
        created=NOW,
        valid_until=NOW,
        texts=texts,
    )
    return Outgoing(delivery, notice, texts, "+84912345678", Personal(name, "ban", "K7"))


def test_an_order_is_as_esms_wants_it() -> None:
    with running() as (gateway, client):
        gateway.says(CodeResult="100", SMSID="s-1")
        assert client.send(outgoing()) == Accepted("s-1")
        [order] = gateway.orders
        assert gateway.paths == ["/gateway/esms/MainService.svc/json/SendMultipleMessage_V4_post_json/"]
        callback = order.pop("CallbackUrl")
        assert order == {
            "ApiKey": "key",
            "SecretKey": "secret",
            "Brandname": "NHIPDOAN",
            "SmsType": "2",
            "Sandbox": "0",
            "Phone": "0912345678",
            "Content": "Moi ban Le Thi Hoa du hop. Tra loi 1 K7",
            "IsUnicode": "0",
            "RequestId": "d" * 32,
        }
        assert len(order["RequestId"]) <= 50
        prefix = "http://127.0.0.1:8103/v1/gateways/esms/receipts/"
        assert callback.startswith(prefix)
        assert Proofs("secret", "receipts").delivery(callback.removeprefix(prefix)) == "d" * 32


def test_accents_are_announced() -> None:
    with running() as (gateway, client):
        gateway.says(CodeResult="100", SMSID="s-1")
        client.send(outgoing("Lê Thị Hoa"))
        assert gateway.orders[0]["IsUnicode"] == "1"


@pytest.mark.parametrize(
    ("code", "answer"),
    [
        ("100", Accepted()),
        ("124", Accepted()),
        ("99", Permanent("blocked_number")),
        ("101", Temporary("gateway_account", asked=60.0, counts=False)),
        ("103", Temporary("no_balance", asked=60.0, counts=False)),
        ("104", Permanent("brandname_unknown")),
        ("108", Permanent("bad_number")),
        ("118", Permanent("unsupported")),
        ("120", Temporary("over_limit", asked=60.0)),
        ("140", Temporary("gateway_account", asked=60.0, counts=False)),
        ("146", Permanent("template_mismatch")),
        ("177", Permanent("network_unregistered")),
        ("999", Temporary("gateway_busy")),
    ],
)
def test_each_code_of_esms(code: str, answer: Answer) -> None:
    with running() as (gateway, client):
        gateway.says(CodeResult=code)
        assert client.send(outgoing()) == answer


def test_every_reason_has_its_sentence() -> None:
    reasons = {answer.reason for answer in CODES.values() if isinstance(answer, (Permanent, Temporary))}
    assert reasons <= set(VIETNAMESE)


@pytest.mark.parametrize(
    ("status", "headers", "answer"),
    [
        (429, {"Retry-After": "7"}, Temporary("gateway_busy", asked=7.0)),
        (429, {}, Temporary("gateway_busy")),
        (503, {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, Temporary("gateway_busy")),
        (401, {}, Temporary("gateway_account", asked=60.0, counts=False)),
        (500, {}, InDoubt()),
        (0, {}, InDoubt()),
    ],
)
def test_failures_of_http(status: int, headers: dict[str, str], answer: Answer) -> None:
    with running() as (gateway, client):
        gateway.says(status, headers)
        assert client.send(outgoing()) == answer


def test_an_answer_that_cannot_be_read_leaves_it_open() -> None:
    with running() as (gateway, client):
        gateway.body = b"<html>"
        assert client.send(outgoing()) == InDoubt()


def test_where_nobody_listens_nothing_was_sent() -> None:
    client = client_of("http://127.0.0.1:9/gateway/esms")
    assert client.send(outgoing()) == Temporary("gateway_unreachable", counts=False)
    client.close()


@pytest.mark.parametrize(
    ("said", "standing"),
    [
        (
            {"CodeResponse": "100", "SMSID": "s-1", "SendSuccess": 1, "SendFailed": 0, "TotalPrice": 850},
            Arrived("s-1", 850),
        ),
        ({"CodeResponse": "100", "SMSID": "s-1", "SendSuccess": 0, "SendFailed": 1}, Permanent("not_delivered")),
        ({"CodeResponse": "100", "SMSID": "s-1", "SendStatus": 7, "SendSuccess": 0, "SendFailed": 0}, Accepted("s-1")),
        ({"CodeResponse": "99"}, NeverSeen()),
    ],
)
def test_what_esms_says_when_asked(said: dict[str, Any], standing: Standing) -> None:
    with running() as (gateway, client):
        gateway.says(**said)
        delivery = outgoing().delivery.model_copy(update={"gateway_id": "s-1"})
        assert client.ask(delivery) == standing


def test_without_its_smsid_esms_cannot_be_asked() -> None:
    client = client_of("http://127.0.0.1:9/gateway/esms")
    assert client.ask(outgoing().delivery) == NeverSeen()
    client.close()


@pytest.mark.parametrize("forged", ["", "0" * 64, "d" * 32, "d" * 32 + "0" * 32])
def test_an_address_that_we_did_not_make_opens_nothing(forged: str) -> None:
    assert Proofs("secret", "receipts").delivery(forged) is None
    assert Proofs("secret", "receipts").delivery(Proofs("secret", "e-mail refusals").of("d" * 32)) is None


def test_phones_in_both_writings() -> None:
    assert national("+84912345678") == "0912345678"
    assert [e164(written) for written in ("0912345678", "84912345678", "+84 912 345 678", "02353650236", "abc")] == [
        "+84912345678",
        "+84912345678",
        "+84912345678",
        None,
        None,
    ]
