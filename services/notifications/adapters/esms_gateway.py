"""eSMS.vn (developers.esms.vn): SendMultipleMessage_V4_post_json, GetSendStatus and the receipt it calls back with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import orjson

from notifications.adapters.gateway_base import Answered, HttpGateway
from notifications.application.ports import Outgoing
from notifications.application.proofs import Proofs
from notifications.domain.delivery import Delivery
from notifications.domain.phone import national
from notifications.domain.receipt import Receipt
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
from notifications.domain.sms_text import Encoding, size_of

SEND = "/MainService.svc/json/SendMultipleMessage_V4_post_json/"
STATUS = "/MainService.svc/json/GetSendStatus"
_LARGEST = 1_000_000_000
"""đồng for one SMS, and more."""
CARE = "2"  # SmsType of brandname messages to one's own people

CODES: dict[str, Answer] = {
    "100": Accepted(),
    "124": Accepted(),  # this RequestId was taken before: our own earlier attempt
    "99": Permanent("blocked_number"),
    "101": Temporary("gateway_account", asked=60.0, counts=False),
    "103": Temporary("no_balance", asked=60.0, counts=False),
    "104": Permanent("brandname_unknown"),
    "108": Permanent("bad_number"),
    "118": Permanent("unsupported"),
    "120": Temporary("over_limit", asked=60.0),
    "140": Temporary("gateway_account", asked=60.0, counts=False),
    "146": Permanent("template_mismatch"),
    "177": Permanent("network_unregistered"),
}
"""CodeResult → what it means for the message. A code that is not listed is tried again, and bounded by attempts."""


class EsmsGateway(HttpGateway):
    """`Carrier` for SMS. The delivery's id is the RequestId: eSMS refuses a second one with it for 24 hours."""

    name = "esms"

    def __init__(
        self,
        base_url: str,
        *,
        api_key: str,
        secret_key: str,
        brandname: str,
        callback_url: str,
        proofs: Proofs,
        timeout_seconds: float = 10.0,
    ) -> None:
        super().__init__(base_url, timeout_seconds=timeout_seconds)
        self._keys = {"ApiKey": api_key, "SecretKey": secret_key}
        self._order = {**self._keys, "Brandname": brandname, "SmsType": CARE, "Sandbox": "0"}
        self._receipts = callback_url.rstrip("/") + "/v1/gateways/esms/receipts/"
        self._proofs = proofs

    def send(self, outgoing: Outgoing) -> Answer:
        id = outgoing.delivery.id
        text = outgoing.personal.fill(outgoing.texts.sms)
        order = {
            **self._order,
            "Phone": national(outgoing.address),
            "Content": text,
            "IsUnicode": "0" if text.isascii() or size_of(text).encoding is Encoding.GSM7 else "1",
            "RequestId": id,
            "CallbackUrl": self._receipts + self._proofs.of(id),
        }
        answered = self.call("POST", SEND, orjson.dumps(order))
        if not isinstance(answered, Answered):
            return answered
        code = str(answered.said.get("CodeResult", ""))
        self.count(code if code in CODES else "other")
        answer = CODES.get(code, Temporary("gateway_busy"))
        return Accepted(_text(answered.said, "SMSID")) if isinstance(answer, Accepted) else answer

    def ask(self, delivery: Delivery) -> Standing:
        """eSMS is asked by its SMSID. Without one the message is sent again under its RequestId, and `124` tells."""
        if delivery.gateway_id is None:
            return NeverSeen()
        query = urlencode({"RefId": delivery.gateway_id, **self._keys})
        answered = self.call("GET", f"{STATUS}?{query}")
        if not isinstance(answered, Answered):
            return InDoubt()
        if str(answered.said.get("CodeResponse", "")) != "100":
            return NeverSeen()
        receipt = parse_receipt(delivery.id, answered.said)
        if receipt is None:
            return Accepted(delivery.gateway_id)
        return Arrived(receipt.gateway_id, receipt.price_vnd) if receipt.arrived else Permanent("not_delivered")


def parse_receipt(delivery_id: str, query: Mapping[str, Any]) -> Receipt | None:
    """The receipt in a callback's query or a status answer; None while nothing is final.

    SendSuccess and SendFailed decide: eSMS reports SendStatus 5 (“done”) for failures too.
    """
    succeeded, failed = _number(query, "SendSuccess"), _number(query, "SendFailed")
    if not succeeded and not failed:
        return None
    return Receipt(
        delivery_id=delivery_id,
        arrived=bool(succeeded),
        gateway_id=_text(query, "SMSID"),
        price_vnd=_number(query, "TotalPrice"),
    )


def _text(said: Mapping[str, Any], name: str) -> str | None:
    value = said.get(name)
    return str(value)[:64] if value else None


def _number(said: Mapping[str, Any], name: str) -> int | None:
    """A count or a price; what can be neither counts as not said."""
    try:
        number = int(float(said[name]))
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    return number if 0 <= number <= _LARGEST else None
