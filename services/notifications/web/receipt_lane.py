"""A lane of their own for receipts: the one call that comes once for each SMS, thousands a minute.

What is usual about such a call — a good proof, a final report, nothing odd — is read and answered here, before Flask.
Everything else goes on to the route in gateways.py, which says what is wrong. The lane decides nothing that the route
would not decide, and answers with the same headers.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl

from flask import Flask

from chassis.context import new_uuid7
from chassis.failures import Unavailable
from chassis.web.observed import REQUESTS, SECONDS
from notifications.adapters.esms_gateway import parse_receipt
from notifications.adapters.receipt_box import ReceiptBox
from notifications.application.proofs import Proofs
from notifications.application.receipts import receipt_row
from notifications.domain.receipt import Receipt
from notifications.web.gateways import CALLS, Kept, ReceiptQuery

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PREFIX: Final = "/v1/gateways/esms/receipts/"
ROUTE: Final = PREFIX + "<proof>"

_PROOF = re.compile(r"[0-9a-f]{64}")
_QUERY = re.compile(r"[A-Za-z0-9_.%&=+:-]{1,1000}")
_VALUE = re.compile(r"[ -~]{0,64}")
_READ = frozenset(ReceiptQuery.model_fields)
_KEPT = Kept(status="kept").model_dump_json().encode()
_HEADERS = [
    ("Content-Type", "application/json"),
    ("Content-Length", str(len(_KEPT))),
    ("Cache-Control", "no-cache"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
]
_COUNTED = REQUESTS.labels("GET", ROUTE, "200")
_TIMED = SECONDS.labels("GET", ROUTE)
_CALLS: Mapping[bool, Callable[[], None]] = {
    True: CALLS.labels("receipt", "arrived").inc,
    False: CALLS.labels("receipt", "lost").inc,
}


class ReceiptLane:
    """A WSGI application before `app`'s own. The box writes the log line: one for all that it keeps together."""

    def __init__(self, app: Flask, proofs: Proofs, box: ReceiptBox, now: Callable[[], datetime]) -> None:
        self._app, self._rest = app, app.wsgi_app
        self._proofs, self._box, self._now = proofs, box, now

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        began = time.perf_counter()
        receipt = self._usual_receipt(environ)
        if receipt is None:
            return self._rest(environ, start_response)
        try:
            self._box.put(receipt_row(receipt, self._now()))
        except Unavailable as unavailable:
            return self._told(unavailable)(environ, start_response)
        _CALLS[receipt.arrived]()
        _COUNTED.inc()
        _TIMED.observe(time.perf_counter() - began)
        start_response("200 OK", [*_HEADERS, ("X-Correlation-Id", new_uuid7())])
        return (_KEPT,)

    def _usual_receipt(self, environ: WSGIEnvironment) -> Receipt | None:
        """The receipt, where the route would read the same one without a word."""
        path = environ["PATH_INFO"]
        if not path.startswith(PREFIX) or environ["REQUEST_METHOD"] != "GET" or "HTTP_X_CORRELATION_ID" in environ:
            return None
        proof, query = path[len(PREFIX) :], environ["QUERY_STRING"]
        if not _PROOF.fullmatch(proof) or not _QUERY.fullmatch(query):
            return None
        said = [pair for pair in parse_qsl(query, keep_blank_values=True) if pair[0] in _READ]
        values = dict(said)
        if len(values) != len(said) or not all(map(_VALUE.fullmatch, values.values())):
            return None
        delivery_id = self._proofs.delivery(proof)
        return None if delivery_id is None else parse_receipt(delivery_id, values)

    def _told(self, unavailable: Unavailable) -> WSGIApplication:
        """The app's own answer to it."""

        def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            with self._app.request_context(environ):
                self._app.preprocess_request()
                response = self._app.make_response(self._app.handle_user_exception(unavailable))
                return self._app.process_response(response)(environ, start_response)

        return answer
