"""Where the SMS gateway calls: its receipts, one call for each SMS, thousands a minute, are answered without a thread.

What is usual about a receipt — a good proof, a final report, nothing odd — is read and answered here. Everything else
goes on to the application, whose routes in gateways.py say what is wrong. The receiver decides nothing that the route
would not decide, and answers with the same headers.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import parse_qsl

from flask import Flask

from chassis.context import new_uuid7
from chassis.failures import Unavailable
from chassis.web.asgi import Answer, InThreads, Receive, Scope, Send, refusal
from chassis.web.observed import REQUESTS, SECONDS
from notifications.adapters.esms_gateway import parse_receipt
from notifications.adapters.receipt_box import ReceiptBox
from notifications.application.proofs import Proofs
from notifications.domain.receipt import Receipt
from notifications.web.gateways import CALLS, Kept, ReceiptQuery

PREFIX: Final = "/v1/gateways/esms/receipts/"
ROUTE: Final = PREFIX + "<proof>"

_PROOF = re.compile(r"[0-9a-f]{64}")
_QUERY = re.compile(r"[A-Za-z0-9_.%&=+:-]{1,1000}")
_VALUE = re.compile(r"[ -~]{0,64}")
_READ = frozenset(ReceiptQuery.model_fields)
_BODY = Kept(status="kept").model_dump_json().encode()
_KEPT = Answer(
    200,
    [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(_BODY)).encode()),
        (b"cache-control", b"no-cache"),
        (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"no-referrer"),
    ],
    _BODY,
)
_ANSWERED = REQUESTS.labels("GET", ROUTE, "200")
_TIMED = SECONDS.labels("GET", ROUTE)
_CALLS: Mapping[bool, Callable[[], None]] = {
    True: CALLS.labels("receipt", "arrived").inc,
    False: CALLS.labels("receipt", "lost").inc,
}


class Receiver:
    """An ASGI application before the service's own, `rest`. The box writes one log line for all it keeps together."""

    def __init__(self, app: Flask, rest: InThreads, proofs: Proofs, box: ReceiptBox) -> None:
        self._app, self._rest, self._proofs, self._box = app, rest, proofs, box

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = time.perf_counter()
        receipt = self._usual_receipt(scope)
        if receipt is None:
            await self._rest(scope, receive, send)
            return
        try:
            await self._box.put(receipt)
        except Unavailable as error:
            await refusal(self._app, scope, error).send(send)
            return
        _CALLS[receipt.arrived]()
        _ANSWERED.inc()
        _TIMED.observe(time.perf_counter() - began)
        await _KEPT.send(send, (b"x-correlation-id", new_uuid7().encode()))

    def _usual_receipt(self, scope: Scope) -> Receipt | None:
        """The receipt, where the route would read the same one without a word."""
        if scope["type"] != "http" or scope["method"] != "GET" or not scope["path"].startswith(PREFIX):
            return None
        if any(name == b"x-correlation-id" for name, _ in scope["headers"]):
            return None
        proof, query = scope["path"][len(PREFIX) :], scope["query_string"].decode("latin-1")
        if not _PROOF.fullmatch(proof) or not _QUERY.fullmatch(query):
            return None
        said = [pair for pair in parse_qsl(query, keep_blank_values=True) if pair[0] in _READ]
        values = dict(said)
        if len(values) != len(said) or not all(map(_VALUE.fullmatch, values.values())):
            return None
        delivery_id = self._proofs.delivery(proof)
        return None if delivery_id is None else parse_receipt(delivery_id, values)
