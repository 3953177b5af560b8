"""A stand-in for the eSMS.vn gateway: answers and calls back as eSMS documents it (developers.esms.vn).

* `POST /gateway/esms/MainService.svc/json/SendMultipleMessage_V4_post_json/`: HTTP 200 with CodeResult
  "100" and SMSID when *accepted*, which is not delivered; else "99" blocked number, "101" keys, "103"
  balance, "104" brandname, "108" phone, "118" type, "124" RequestId seen in the last 24 h, "146" text not
  registered, "177" network not registered. RequestId has at most 50 characters.
* `GET /gateway/esms/MainService.svc/json/GetSendStatus?RefId=<SMSID>&ApiKey=…&SecretKey=…`, and
  `GetSmsReceiverStatus_get` with the same parameters, as the eSMS pages “Hàm kiểm tra tin nhắn theo SMSID”
  and “… chi tiết từng số” say. Neither takes a RequestId: where the answer to a send was lost, send
  again under the same RequestId, and "124" means that the first one was accepted.
* Receipt: HTTP GET to the request's CallbackUrl, at most 5 tries. As with eSMS, SendStatus is 5 also when
  SendFailed is 1: judge by SendSuccess and SendFailed.

Numbers that end in these six digits behave in a set way, whatever the network prefix:

    999990  accepted, never reaches the phone: receipt with SendFailed=1
    999991  refused with 99 (the subscriber has blocked the sender)
    999992  accepted, no receipt ever: phone switched off, state stays "waiting for report" (7)
    999993  refused with 177 (network not registered)
    999994  accepted, reaches the phone 5 s later than others
"""

from __future__ import annotations

import asyncio
import random
import re
import time
import uuid
from collections import Counter
from collections.abc import Awaitable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from deploy.local.gateway_faults import Faults
from deploy.local.http_server import Answer, Hangup, HttpServer, Request, Response, Twice, json_response
from deploy.local.message_log import Kind, Message, MessageLog, State, now
from deploy.local.sms_text import measure, without_accents
from deploy.local.web_calls import Call, WebCaller

BASE = "/gateway/esms/MainService.svc/json"
DONG_PER_PART = 850
DONG_PER_PART_FIXED_NUMBER = 300
TYPE_CARE, TYPE_FIXED_NUMBER = "2", "8"
REQUEST_ID_SECONDS = 24 * 3600
LONGEST_REQUEST_ID = 50
LATE_SECONDS = 5.0
VIETNAMESE_MOBILE = re.compile(r"(?:\+?84|0)([35789]\d{8})")
CARRIERS = {"9": 1, "3": 1, "8": 3, "7": 2, "5": 4}  # telcoid by first digit: rough, for the look of it

NEVER_ARRIVES, BLOCKED, SILENT, UNREGISTERED, LATE = "999990", "999991", "999992", "999993", "999994"

STRANGE_ANSWERS = (b"", b"<html>502</html>", b"[]", b'{"CodeResult":"777"}', b'{"CodeResult":null,"SMSID":{}}')

STATUS_REFUSED, STATUS_DONE, STATUS_WAITING_FOR_REPORT = 4, 5, 7


@dataclass(frozen=True)
class GatewayAccount:
    """What the gateway knows of its customer; an empty `brandname` takes any."""

    api_key: str
    secret_key: str
    brandname: str = ""
    replies_url: str = ""


class SmsGateway:
    """Accepts, delivers to the message log, and reports."""

    def __init__(self, log: MessageLog, caller: WebCaller, account: GatewayAccount, faults: Faults) -> None:
        self._log = log
        self._caller = caller
        self._account = account
        self._by_sms_id: dict[str, Message] = {}
        self._seen: dict[str, tuple[float, Message]] = {}
        self.faults = faults
        self.refusals: Counter[str] = Counter()
        self.disturbed: Counter[str] = Counter()
        """How often each fault was really played, by its name."""
        self._last_reported = 0
        self.on_their_way: set[str] = set()
        """Ids of accepted messages of which it is not yet known whether they arrive: no receipt is due yet."""
        self.remember()

    def add_routes(self, server: HttpServer) -> None:
        for ending in ("", "/"):  # eSMS takes both
            server.route("POST", f"{BASE}/SendMultipleMessage_V4_post_json{ending}", self.send)
        server.route("GET", f"{BASE}/GetSendStatus", self.send_status)
        server.route("GET", f"{BASE}/GetSmsReceiverStatus_get", self.receiver_status)

    def remember(self) -> None:
        """Takes up what the log holds: from the last start, or nothing after a reset."""
        self._by_sms_id = {}
        self._seen = {}
        self.on_their_way.clear()
        self.refusals.clear()
        self.disturbed.clear()
        self._last_reported = 0
        for message in self._log.messages:
            if message.kind is Kind.SMS:
                self._by_sms_id[str(message.facts["sms_id"])] = message
                if message.facts["request_id"]:
                    self._seen[str(message.facts["request_id"])] = (time.monotonic(), message)

    def set_faults(self, faults: Faults) -> None:
        self.faults = faults
        self._caller.first_pause = faults.receipt_pause_ms / 1000

    def send(self, request: Request) -> Answer | Awaitable[Answer]:
        if self.faults.disturb_answers:
            return self._send_disturbed(request)
        return self._send(request)

    async def _send_disturbed(self, request: Request) -> Answer:
        faults = self.faults
        if faults.latency_ms:
            self.disturbed["late"] += 1
            await asyncio.sleep(faults.latency_ms / 1000)
        chance = random.random()
        if chance < faults.error_rate:
            self.disturbed["error"] += 1
            return Response(b"Service Unavailable", 500, "text/plain")
        if chance < faults.error_rate + faults.too_many_rate:
            self.disturbed["too_many"] += 1
            retry_after = {"Retry-After": str(faults.retry_after_seconds)}
            return Response(b"Too Many Requests", 429, "text/plain", retry_after)
        if random.random() < faults.strange_answer_rate:
            self.disturbed["strange_answer"] += 1
            return Response(random.choice(STRANGE_ANSWERS))
        answer = self._send(request)
        if random.random() < faults.lost_answer_rate:
            self._note_lost_answer(request)
            await asyncio.sleep(faults.lost_answer_seconds)
            return Hangup()
        if random.random() < faults.double_answer_rate:
            self.disturbed["double_answer"] += 1
            return Twice(answer)
        return answer

    def _note_lost_answer(self, request: Request) -> None:
        """On the message as well: who gets no answer may ask again under the same RequestId."""
        self.disturbed["lost_answer" if self.faults.lost_answer_seconds < 1 else "late_lost_answer"] += 1
        seen = self._seen.get(str(request.json().get("RequestId", "")))
        if seen is not None:
            seen[1].facts["answers_lost"] = int(str(seen[1].facts.get("answers_lost", 0))) + 1
            self._log.changed(seen[1])

    def _send(self, request: Request) -> Response:
        order = request.json()
        phone = VIETNAMESE_MOBILE.fullmatch(str(order.get("Phone", "")).replace(" ", ""))
        national = phone.group(1) if phone else ""
        refusal = next(self._objections(order, national), None)
        if refusal:
            code, why = refusal
            self.refusals[code] += 1
            return json_response({"CodeResult": code, "CountRegenerate": 0, "ErrorMessage": why})
        sms_id = uuid.uuid4().hex + "200"
        if str(order.get("Sandbox", "0")) != "1":
            self._accept(order, national, sms_id)
        return json_response({"CodeResult": "100", "CountRegenerate": 0, "SMSID": sms_id})

    def _objections(self, order: Mapping[str, object], national: str) -> Iterator[tuple[str, str]]:
        """Code and reason of what is wrong, in the order in which the gateway looks."""
        account, request_id = self._account, str(order.get("RequestId", ""))
        text = str(order.get("Content", ""))
        if (order.get("ApiKey"), order.get("SecretKey")) != (account.api_key, account.secret_key):
            yield "101", "Authorize Failed: wrong ApiKey or SecretKey"
        if not national:
            yield "108", "Phone is not valid"
        if str(order.get("SmsType", "")) not in (TYPE_CARE, TYPE_FIXED_NUMBER):
            yield "118", "SmsType is not supported"
        if account.brandname and order.get("Brandname") != account.brandname:
            yield "104", "Brandname code is not exist"
        if len(request_id) > LONGEST_REQUEST_ID or not text:
            yield "99", "RequestId is too long or Content is empty"
        if self._is_repeated(request_id):
            yield "124", "RequestId is duplicated"
        if not self.faults.has_balance:
            yield "103", "Balance is not enough"
        if self.faults.templates and not any(re.fullmatch(known, text) for known in self.faults.templates):
            yield "146", "Content is not matched with the registered template"
        if national.endswith(BLOCKED):
            yield "99", "Phone is in the blacklist"
        if national.endswith(UNREGISTERED):
            yield "177", "Brandname is not registered with this telco"

    def _is_repeated(self, request_id: str) -> bool:
        seen = self._seen.get(request_id) if request_id else None
        if seen is None or time.monotonic() - seen[0] > REQUEST_ID_SECONDS:
            return False
        message = seen[1]
        message.facts["request_id_count"] = int(str(message.facts["request_id_count"])) + 1
        message.facts["repeated_at"] = f"{message.facts.get('repeated_at', '')} {now()}".strip()
        self._log.changed(message)
        return True

    def _accept(self, order: Mapping[str, object], national: str, sms_id: str) -> None:
        text = str(order["Content"])
        if str(order.get("IsUnicode", "0")) != "1":
            text = without_accents(text)
        size = measure(text)
        kind = str(order["SmsType"])
        price = DONG_PER_PART if kind == TYPE_CARE else DONG_PER_PART_FIXED_NUMBER
        request_id = str(order.get("RequestId", ""))
        message = self._log.add(
            Kind.SMS,
            "+84" + national,
            text,
            State.ACCEPTED,
            {
                "sms_id": sms_id,
                "request_id": request_id,
                "request_id_count": 1,
                "encoding": size.encoding,
                "units": size.units,
                "parts": size.parts,
                "price_dong": price * size.parts,
                "sms_type": kind,
                "sender": order.get("Brandname", ""),
                "settled_at": None,
                "receipts_sent": 0,
            },
        )
        self._by_sms_id[sms_id] = message
        if request_id:
            self._seen[request_id] = (time.monotonic(), message)
        spread = random.uniform(0, self.faults.delivery_spread_ms)
        wait = (self.faults.delivery_ms + spread) / 1000 + (LATE_SECONDS if national.endswith(LATE) else 0)
        callback_url = str(order.get("CallbackUrl") or "")
        self.on_their_way.add(sms_id)
        asyncio.get_running_loop().call_later(wait, self._settle, message, callback_url)

    def _settle(self, message: Message, callback_url: str) -> None:
        sms_id = str(message.facts["sms_id"])
        if self._by_sms_id.get(sms_id) is not message:
            return  # a reset came between
        self.on_their_way.discard(sms_id)
        ending = message.person[-6:]
        if ending == SILENT:
            return
        is_lost = ending == NEVER_ARRIVES or self._happens("undelivered", self.faults.undelivered_rate)
        message.state = State.FAILED if is_lost else State.DELIVERED
        message.facts["settled_at"] = now()
        self._log.changed(message)
        if callback_url and not self._happens("no_receipt", self.faults.no_receipt_rate):
            self.disturbed["receipt_out_of_order"] += message.id < self._last_reported
            self._last_reported = message.id
            for _ in range(2 if self._happens("double_receipt", self.faults.double_receipt_rate) else 1):
                self._send_receipt(message, callback_url)

    def _happens(self, fault: str, rate: float) -> bool:
        """Whether chance has it this time; counted where it has."""
        happens = random.random() < rate
        self.disturbed[fault] += happens
        return happens

    def _send_receipt(self, message: Message, callback_url: str) -> None:
        facts = {**self._status(message), "RequestId": message.facts["request_id"]}
        facts["TypeId"] = message.facts["sms_type"]
        facts["telcoid"] = CARRIERS[message.person[3]]
        facts["phonenumber"] = "0" + message.person[3:]
        separator = "&" if "?" in callback_url else "?"

        def done(tries: int, succeeded: bool) -> None:
            if self._by_sms_id.get(str(message.facts["sms_id"])) is not message:
                return  # a reset came between: what it forgot must not come back
            message.facts["receipts_sent"] = int(str(message.facts["receipts_sent"])) + succeeded
            self._log.changed(message)

        self._caller.call(Call("GET", callback_url + separator + urlencode(facts), when_done=done))

    def send_status(self, request: Request) -> Answer:
        message = self._by_sms_id.get(request.query("RefId"))
        if not self._may_ask(request) or message is None:
            return json_response({"CodeResponse": "101" if message else "99", "SMSID": request.query("RefId")})
        return json_response({"CodeResponse": "100", **self._status(message)})

    def receiver_status(self, request: Request) -> Answer:
        message = self._by_sms_id.get(request.query("RefId"))
        if not self._may_ask(request) or message is None:
            return json_response({"CodeResult": "101" if message else "99", "ReceiverList": []})
        receiver = {
            "Phone": "0" + message.person[3:],
            "IsSent": message.state is not State.ACCEPTED,
            "SentResult": message.state is State.DELIVERED,
        }
        return json_response({"CodeResult": "100", "ReceiverList": [receiver]})

    def _may_ask(self, request: Request) -> bool:
        keys = (request.query("ApiKey"), request.query("SecretKey"))
        return keys == (self._account.api_key, self._account.secret_key)

    @staticmethod
    def _status(message: Message) -> dict[str, object]:
        is_settled = message.state is not State.ACCEPTED
        return {
            "SMSID": message.facts["sms_id"],
            "SendStatus": STATUS_DONE if is_settled else STATUS_WAITING_FOR_REPORT,
            "SendSuccess": int(message.state is State.DELIVERED),
            "SendFailed": int(message.state is State.FAILED),
            "TotalReceiver": 1,
            "TotalSent": int(is_settled),
            "TotalPrice": message.facts["price_dong"],
        }
