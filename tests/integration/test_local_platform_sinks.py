"""The stand-ins for the outside world: an SMS gateway that behaves as eSMS does, and a mail server."""

from __future__ import annotations

import json
import smtplib
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import urllib3

from deploy.local.ports import answers, free_port
from deploy.local.process_family import ProcessFamily
from tests.support.eventually import eventually, never
from tests.support.inbox_client import InboxClient

REPOSITORY = Path(__file__).parents[2]
GATEWAY = "/gateway/esms/MainService.svc/json"
QUICK = {"delivery_ms": 10, "receipt_pause_ms": 10}
INVITATION = "Moi dong chi du giao ban luc 14:00 thu Nam tai UBND xa. Tra loi 1 (du), 2 (vang)."


class Webhooks:
    """Stands for the notifications service: what the gateway told it, and how it answers."""

    def __init__(self) -> None:
        self.receipts: list[dict[str, str]] = []
        self.replies: list[dict[str, Any]] = []
        self.failures_left = 0
        self.calls = 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                query = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
                if self._takes():
                    outer.receipts.append(query)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self._takes():
                    outer.replies.append({"path": self.path, **json.loads(body)})

            def _takes(self) -> bool:
                outer.calls += 1
                fails, outer.failures_left = outer.failures_left > 0, max(outer.failures_left - 1, 0)
                self.send_response(503 if fails else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return not fails

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self._thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        self._thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self._thread.join()
        self.server.server_close()


class Sinks:
    """The running sinks process and a customer's view of the gateway."""

    def __init__(self, family: ProcessFamily, directory: Path, webhooks: Webhooks) -> None:
        self._family, self.directory, self.webhooks = family, directory, webhooks
        self.port, self.smtp_port = free_port(), free_port()
        self.inbox = InboxClient(f"http://127.0.0.1:{self.port}")
        self.http = urllib3.PoolManager(retries=False, timeout=5)
        self.start()

    def start(self) -> None:
        environment = {
            "PYTHONPATH": str(REPOSITORY),
            "INBOX_PORT": str(self.port),
            "SMTP_PORT": str(self.smtp_port),
            "SINK_DIRECTORY": str(self.directory),
            "SMS_GATEWAY_API_KEY": "key",
            "SMS_GATEWAY_SECRET_KEY": "secret",
            "SMS_BRANDNAME": "NHIPDOAN",
            "CALLBACK_URL": self.webhooks.url,
        }
        self.child = self._family.start("sinks", [sys.executable, "-m", "deploy.local.sinks"], environment)
        eventually(lambda: answers(self.port) and answers(self.smtp_port), because="the sinks listen")

    def order(self, **changes: str) -> urllib3.BaseHTTPResponse:
        body = {
            "ApiKey": "key",
            "SecretKey": "secret",
            "Phone": "0912345678",
            "Content": INVITATION,
            "Brandname": "NHIPDOAN",
            "SmsType": "2",
            "IsUnicode": "0",
            "CallbackUrl": f"{self.webhooks.url}/receipts",
            **changes,
        }
        url = f"{self.inbox.url}{GATEWAY}/SendMultipleMessage_V4_post_json/"
        return self.http.request("POST", url, json=body)

    def send(self, **changes: str) -> dict[str, Any]:
        answer: dict[str, Any] = self.order(**changes).json()
        return answer

    def status(self, sms_id: str, **changes: str) -> dict[str, Any]:
        fields = {"RefId": sms_id, "ApiKey": "key", "SecretKey": "secret", **changes}
        answer: dict[str, Any] = self.http.request(
            "GET", f"{self.inbox.url}{GATEWAY}/GetSendStatus", fields=fields
        ).json()
        return answer

    def mail(self, to: str, subject: str = "Giấy mời", attachment: bytes | None = None) -> None:
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = "Đoàn xã <doan@xa.example>", to, subject
        mail.set_content("Kính mời đồng chí")
        mail.add_alternative("<p>Kính mời <b>đồng chí</b></p>", subtype="html")
        if attachment is not None:
            mail.add_attachment(attachment, maintype="text", subtype="calendar", filename="giao ban.ics")
        with smtplib.SMTP("127.0.0.1", self.smtp_port) as smtp:
            smtp.send_message(mail)

    def close(self) -> None:
        self.inbox.close()
        self.http.clear()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sinks]:
    directory = tmp_path_factory.mktemp("sinks")
    with (
        ProcessFamily(directory / "log") as family,
        closing(Webhooks()) as webhooks,
        closing(Sinks(family, directory / "data", webhooks)) as sinks,
    ):
        yield sinks


@pytest.fixture
def sinks(running: Sinks) -> Sinks:
    running.inbox.reset()
    running.inbox.set_faults(**QUICK)
    running.webhooks.receipts.clear()
    running.webhooks.replies.clear()
    running.webhooks.failures_left = running.webhooks.calls = 0
    return running


def test_accepted_is_not_delivered_until_the_receipt_says_so(sinks: Sinks) -> None:
    sinks.inbox.set_faults(delivery_ms=300)
    answer = sinks.send(RequestId="r-1")
    assert answer["CodeResult"] == "100"
    assert sinks.status(answer["SMSID"])["SendSuccess"] == 0
    assert sinks.webhooks.receipts == []
    receipt = eventually(lambda: sinks.webhooks.receipts)[0]
    assert receipt["SMSID"] == answer["SMSID"]
    assert (receipt["SendStatus"], receipt["SendSuccess"], receipt["SendFailed"]) == ("5", "1", "0")
    assert (receipt["RequestId"], receipt["phonenumber"]) == ("r-1", "0912345678")
    assert (receipt["TotalPrice"], receipt["TypeId"]) == ("850", "2")
    assert sinks.status(answer["SMSID"])["SendSuccess"] == 1


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"SecretKey": "wrong"}, "101"),
        ({"Brandname": "OTHER"}, "104"),
        ({"Phone": "0123456789"}, "108"),
        ({"Phone": "02353650236"}, "108"),
        ({"SmsType": "99"}, "118"),
        ({"RequestId": "x" * 51}, "99"),
        ({"Phone": "0912999991"}, "99"),
        ({"Phone": "0912999993"}, "177"),
    ],
)
def test_refusals_have_the_codes_of_esms(sinks: Sinks, change: dict[str, str], code: str) -> None:
    assert sinks.send(**change)["CodeResult"] == code
    assert sinks.inbox.messages() == []
    assert sinks.inbox.summary()["refused"] == {code: 1}


def test_a_repeated_request_id_is_refused_and_nobody_gets_the_text_twice(sinks: Sinks) -> None:
    assert sinks.send(RequestId="once")["CodeResult"] == "100"
    assert sinks.send(RequestId="once")["CodeResult"] == "124"
    (message,) = sinks.inbox.messages(kind="sms")
    assert message["request_id_count"] == 2


def test_without_balance_or_registered_text_nothing_is_taken(sinks: Sinks) -> None:
    sinks.inbox.set_faults(has_balance=False)
    assert sinks.send()["CodeResult"] == "103"
    sinks.inbox.set_faults(templates=["Moi dong chi du .*"])
    assert sinks.send(Content="Vay von lai suat thap")["CodeResult"] == "146"
    assert sinks.send()["CodeResult"] == "100"


def test_parts_and_price_follow_the_alphabet(sinks: Sinks) -> None:
    text = "Mời đồng chí dự giao ban lúc 14:00 thứ Năm tại UBND xã Nông Sơn, trả lời 1 hoặc 2."
    sinks.send(Content=text, IsUnicode="1")
    sinks.send(Content=text, IsUnicode="0")
    unicode, plain = sinks.inbox.messages(kind="sms")
    assert (unicode["encoding"], unicode["parts"], unicode["price_dong"]) == ("UCS-2", 2, 1700)
    assert (plain["encoding"], plain["parts"], plain["price_dong"]) == ("GSM-7", 1, 850)
    assert plain["text"].startswith("Moi dong chi du giao ban")


def test_a_number_that_never_gets_it_is_reported_with_status_5_and_failed_1(sinks: Sinks) -> None:
    sinks.send(Phone="0912999990")
    receipt = eventually(lambda: sinks.webhooks.receipts)[0]
    assert (receipt["SendStatus"], receipt["SendSuccess"], receipt["SendFailed"]) == ("5", "0", "1")


def test_a_phone_that_is_off_is_never_reported_but_can_be_asked_for(sinks: Sinks) -> None:
    answer = sinks.send(Phone="0912999992")
    never(lambda: sinks.webhooks.calls, during=0.3)
    assert sinks.inbox.summary()["calls_unfinished"] == 0
    assert sinks.status(answer["SMSID"])["SendStatus"] == 7


def test_a_status_is_for_the_customer_alone(sinks: Sinks) -> None:
    answer = sinks.send()
    assert sinks.status(answer["SMSID"], SecretKey="wrong") == {"CodeResponse": "101", "SMSID": answer["SMSID"]}


def test_a_receipt_is_unfinished_from_the_sms_on_until_it_was_taken(sinks: Sinks) -> None:
    sinks.send(RequestId="quick")
    eventually(lambda: sinks.webhooks.receipts)
    eventually(lambda: sinks.inbox.summary()["calls_unfinished"] == 0)
    sinks.inbox.set_faults(delivery_ms=600_000)
    sinks.send(RequestId="slow")
    assert sinks.inbox.summary()["calls_unfinished"] == 1


def test_a_receipt_that_fails_is_tried_five_times_at_most(sinks: Sinks) -> None:
    sinks.webhooks.failures_left = 4
    sinks.send(RequestId="late")
    assert eventually(lambda: sinks.webhooks.receipts)[0]["RequestId"] == "late"
    assert sinks.webhooks.calls == 5

    sinks.webhooks.failures_left = 99
    sinks.send(RequestId="lost")
    eventually(lambda: sinks.webhooks.calls == 10)
    never(lambda: sinks.webhooks.calls > 10, during=0.5)


def test_a_receipt_may_come_twice_or_not_at_all(sinks: Sinks) -> None:
    sinks.inbox.set_faults(**QUICK, double_receipt_rate=1)
    sinks.send(RequestId="twice")
    eventually(lambda: [one["RequestId"] for one in sinks.webhooks.receipts] == ["twice", "twice"])
    sinks.inbox.set_faults(**QUICK, no_receipt_rate=1)
    sinks.send(RequestId="never")
    sinks.inbox.wait_for(lambda found: found[-1]["state"] == "delivered", kind="sms")
    never(lambda: sinks.webhooks.calls > 2, during=0.3)


def test_a_lost_answer_leaves_the_text_accepted(sinks: Sinks) -> None:
    sinks.inbox.set_faults(**QUICK, lost_answer_rate=1)
    with pytest.raises(urllib3.exceptions.ProtocolError):
        sinks.send(RequestId="unknown")
    sinks.inbox.set_faults(**QUICK)
    assert sinks.send(RequestId="unknown")["CodeResult"] == "124"
    assert len(sinks.inbox.messages(kind="sms")) == 1


def test_errors_and_floods_take_nothing(sinks: Sinks) -> None:
    sinks.inbox.set_faults(error_rate=1)
    assert sinks.order().status == 500
    sinks.inbox.set_faults(too_many_rate=1, retry_after_seconds=7)
    answer = sinks.order()
    assert (answer.status, answer.headers["Retry-After"]) == (429, "7")
    assert sinks.inbox.messages() == []


def test_latency_delays_one_answer_and_not_the_others(sinks: Sinks) -> None:
    sinks.inbox.set_faults(latency_ms=400)
    slow = threading.Thread(target=sinks.send)
    slow.start()
    assert sinks.inbox.summary()["sms"] == 0  # answered while the other one waits
    slow.join()
    assert sinks.inbox.summary()["sms"] == 1


def test_a_reply_reaches_the_webhook_and_no_number_is_in_its_address(sinks: Sinks) -> None:
    sinks.inbox.reply("0912 345 678", "1")
    reply = eventually(lambda: sinks.webhooks.replies)[0]
    assert reply["path"] == "/v1/gateways/esms/replies"
    assert (reply["Phone"], reply["Message"], reply["Key"]) == ("+84912345678", "1", "secret")
    assert reply["SmsId"]
    assert sinks.inbox.wait_for(lambda found: found[0]["state"] == "delivered", kind="reply")


def test_a_mail_is_shown_to_each_recipient_with_its_attachment(sinks: Sinks) -> None:
    sinks.mail("Nguyễn Thị Hà <ha@xa.example>, bao@xa.example", attachment=b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n")
    first, second = sinks.inbox.wait_for(lambda found: len(found) == 2, kind="email")
    assert (first["person"], first["name"], first["subject"]) == ("ha@xa.example", "Nguyễn Thị Hà", "Giấy mời")
    assert second["person"] == "bao@xa.example"
    assert first["text"].strip() == "Kính mời đồng chí"
    assert "<b>đồng chí</b>" in sinks.inbox.mail_html(first)
    assert first["attachments"][0]["content_type"] == "text/calendar"
    assert b"BEGIN:VCALENDAR" in sinks.inbox.attachment(first)


def test_a_mails_html_may_run_nothing_on_the_page(sinks: Sinks) -> None:
    sinks.mail("ha@xa.example")
    (mail,) = sinks.inbox.wait_for(kind="email")
    answer = sinks.http.request("GET", f"{sinks.inbox.url}/api/mails/{mail['id']}")
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "sandbox" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize(("mailbox", "code"), [("khong-ton-tai", 550), ("hop-thu-day", 452)])
def test_mailboxes_that_do_not_take_mail(sinks: Sinks, mailbox: str, code: int) -> None:
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        sinks.mail(f"{mailbox}@xa.example")
    assert refused.value.recipients[f"{mailbox}@xa.example"][0] == code


def test_a_second_start_still_shows_what_came_and_refuses_what_was_sent(sinks: Sinks) -> None:
    sinks.send(RequestId="before")
    sinks.mail("ha@xa.example")
    sinks.inbox.wait_for(lambda found: found[0]["state"] == "delivered", kind="sms")
    sinks.child.stop(5)
    sinks.start()
    sms, mail = sinks.inbox.messages()
    assert (sms["request_id"], sms["state"]) == ("before", "delivered")
    assert "<b>đồng chí</b>" in sinks.inbox.mail_html(mail)
    assert sinks.send(RequestId="before")["CodeResult"] == "124"


def test_the_page_learns_names_from_who_knows_them(sinks: Sinks) -> None:
    sinks.inbox.name_people({"+84912345678": "Nguyễn Thị Hà"})
    assert sinks.http.request("GET", f"{sinks.inbox.url}/api/people").json() == {"+84912345678": "Nguyễn Thị Hà"}
    sinks.inbox.reset()
    assert sinks.http.request("GET", f"{sinks.inbox.url}/api/people").json() == {}


def test_only_what_changed_since_a_revision_is_told(sinks: Sinks) -> None:
    sinks.send(RequestId="a")
    sinks.inbox.wait_for(lambda found: found[0]["receipts_sent"] == 1, kind="sms")
    revision = sinks.inbox.summary()["revision"]
    sinks.send(RequestId="b")
    assert [one["request_id"] for one in sinks.inbox.messages(since=revision)] == ["b"]


def test_the_page_is_there_in_vietnamese_with_all_that_it_needs(sinks: Sinks) -> None:
    page = sinks.http.request("GET", sinks.inbox.url + "/")
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "Hộp thư chạy thử" in page.data.decode()
    for name in ("style.css", "app.js"):
        assert sinks.http.request("GET", f"{sinks.inbox.url}/static/{name}").status == 200
    assert sinks.http.request("GET", f"{sinks.inbox.url}/static/..%2F__init__.py").status == 404


def test_a_broken_order_is_answered_and_does_not_stop_the_sink(sinks: Sinks) -> None:
    url = f"{sinks.inbox.url}{GATEWAY}/SendMultipleMessage_V4_post_json/"
    assert sinks.http.request("POST", url, body=b"{broken").status == 400
    assert sinks.http.request("POST", url, body=b"[]").status == 400
    assert sinks.send()["CodeResult"] == "100"
