"""The sinks' misbehaviour does what it says, and is counted, so that who asked for it can prove that it took place."""

from __future__ import annotations

import asyncio
import json
import smtplib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from deploy.local.gateway_faults import Faults
from deploy.local.http_server import Answer, Hangup, HttpServer, Request, Response, Twice, json_response
from deploy.local.message_log import MessageLog
from deploy.local.ports import LOOPBACK, free_port
from deploy.local.sms_gateway import STRANGE_ANSWERS, GatewayAccount, SmsGateway
from deploy.local.smtp_sink import MailStore, SmtpSink
from deploy.local.web_calls import Call, WebCaller

MANY = 40


class Caller(WebCaller):
    """Keeps the calls instead of making them."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[Call] = []

    def call(self, call: Call) -> None:
        self.calls.append(call)


class Gateway:
    """The gateway within a running event loop, and what it was asked and told."""

    def __init__(self, directory: Path, **faults: Any) -> None:
        self.log, self.caller = MessageLog(directory), Caller()
        self.sms = SmsGateway(self.log, self.caller, GatewayAccount("key", "secret"), Faults(**faults))

    async def send(self, request_id: str) -> Answer:
        order = {"ApiKey": "key", "SecretKey": "secret", "Phone": "0912345678", "Content": "Moi hop", "SmsType": "2"}
        order |= {"RequestId": request_id, "CallbackUrl": "http://127.0.0.1:9/receipts"}
        answer = self.sms.send(Request("POST", "/", "", json.dumps(order).encode()))
        return await answer if isinstance(answer, Awaitable) else answer

    def reported(self) -> list[str]:
        """The RequestIds of the receipts, in the order in which they left."""
        return [call.url.partition("RequestId=")[2].partition("&")[0] for call in self.caller.calls]


def played(directory: Path, act: Callable[[Gateway], Awaitable[None]], **faults: Any) -> Gateway:
    """`act` on a gateway with these faults; the gateway as it was left."""

    async def run() -> Gateway:
        gateway = Gateway(directory, **faults)
        await act(gateway)
        gateway.log.close()
        return gateway

    return asyncio.run(run())


async def until(condition: Callable[[], object]) -> None:
    """Lets the loop go on until the condition holds, at most five seconds."""
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.01)


def test_a_strange_answer_is_no_answer_and_takes_nothing(tmp_path: Path) -> None:
    async def act(gateway: Gateway) -> None:
        for number in range(MANY):
            answer = await gateway.send(f"r-{number}")
            assert isinstance(answer, Response)
            assert answer.body in STRANGE_ANSWERS
            assert answer.status == 200

    gateway = played(tmp_path, act, strange_answer_rate=1)
    assert not gateway.log.messages
    assert gateway.sms.disturbed["strange_answer"] == MANY


def test_a_spread_delivery_reports_in_another_order_than_it_was_sent(tmp_path: Path) -> None:
    async def act(gateway: Gateway) -> None:
        for number in range(MANY):
            await gateway.send(f"r-{number}")
        await until(lambda: len(gateway.caller.calls) == MANY)

    gateway = played(tmp_path, act, delivery_ms=0, delivery_spread_ms=300)
    sent = [f"r-{number}" for number in range(MANY)]
    assert gateway.reported() != sent
    assert sorted(gateway.reported()) == sorted(sent)
    assert gateway.sms.disturbed["receipt_out_of_order"] > 0


def test_receipts_come_twice_or_never_as_often_as_is_counted(tmp_path: Path) -> None:
    async def act(gateway: Gateway) -> None:
        for number in range(MANY):
            await gateway.send(f"r-{number}")
        await until(lambda: gateway.log.revision == 2 * MANY)

    gateway = played(tmp_path, act, delivery_ms=0, double_receipt_rate=0.5, no_receipt_rate=0.5)
    twice, never = gateway.sms.disturbed["double_receipt"], gateway.sms.disturbed["no_receipt"]
    assert len(gateway.caller.calls) == MANY - never + twice
    assert twice
    assert never


def test_a_lost_answer_is_noted_on_the_message_and_so_is_its_repetition(tmp_path: Path) -> None:
    async def act(gateway: Gateway) -> None:
        assert isinstance(await gateway.send("r-1"), Hangup)
        gateway.sms.set_faults(Faults())
        answer = await gateway.send("r-1")
        assert isinstance(answer, Response)
        assert json.loads(answer.body)["CodeResult"] == "124"

    gateway = played(tmp_path, act, lost_answer_rate=1)
    (message,) = gateway.log.messages
    assert (message.facts["request_id_count"], message.facts["answers_lost"]) == (2, 1)
    assert len(str(message.facts["repeated_at"]).split()) == 1
    assert gateway.sms.disturbed["lost_answer"] == 1


def test_other_disturbances_are_counted_by_their_name(tmp_path: Path) -> None:
    async def act(gateway: Gateway) -> None:
        await gateway.send("r-0")
        await until(lambda: gateway.sms.disturbed["undelivered"])
        for number, faults in enumerate(({"error_rate": 1}, {"too_many_rate": 1}, {"latency_ms": 1})):
            gateway.sms.set_faults(Faults(**faults))
            await gateway.send(f"r-{number}")

    gateway = played(tmp_path, act, delivery_ms=0, undelivered_rate=1)
    counted = {name: times for name, times in gateway.sms.disturbed.items() if times}
    assert counted == {"error": 1, "too_many": 1, "late": 1, "undelivered": 1}


def test_an_answer_may_come_twice_on_the_same_connection() -> None:
    async def asked() -> bytes:
        server, port = HttpServer(), free_port()
        server.route("GET", "/", lambda request: Twice(json_response({"CodeResult": "100"})))
        listening = await server.listen(LOOPBACK, port)
        reader, writer = await asyncio.open_connection(LOOPBACK, port)
        writer.write(b"GET / HTTP/1.1\r\n\r\n")
        one = json_response({"CodeResult": "100"}).encoded()
        said = await reader.readexactly(2 * len(one))
        writer.close()
        listening.close()
        return said.replace(one, b"!")

    assert asyncio.run(asked()) == b"!!"


@pytest.mark.parametrize(("rate", "hung_up"), [(1.0, True), (0.0, False)])
def test_a_mail_server_that_hangs_up_has_kept_the_mail_and_noted_it(tmp_path: Path, rate: float, hung_up: bool) -> None:
    def mail(port: int) -> bool:
        """Whether the server said yes."""
        with smtplib.SMTP(LOOPBACK, port, timeout=5) as client:
            try:
                client.sendmail("a@doan.example", ["b@xa.example"], b"Message-ID: <m-1@doan.example>\r\n\r\nMoi hop")
            except smtplib.SMTPServerDisconnected:
                return False
            return True

    async def run() -> tuple[bool, list[dict[str, object]]]:
        log, port = MessageLog(tmp_path), free_port()
        listening = await SmtpSink(log, MailStore(tmp_path), lambda: Faults(mail_hangup_rate=rate)).listen(
            LOOPBACK, port
        )
        said_yes = await asyncio.to_thread(mail, port)
        listening.close()
        log.close()
        return said_yes, [message.facts for message in log.messages]

    said_yes, [facts] = asyncio.run(run())
    assert said_yes is not hung_up
    assert facts["message_id"] == "<m-1@doan.example>"
    assert facts.get("hung_up", False) is hung_up
