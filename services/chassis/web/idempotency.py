"""The same POST sent again has its effect once and the same answer again.

A row per principal and Idempotency-Key is committed in the transaction of the effect, first of all: of ten at once,
one commits, the others meet the row and give its answer. Refusals change nothing and are not kept.
"""

from __future__ import annotations

import hashlib
import re
from datetime import datetime

import orjson
from flask import Response, request

from chassis.permissions import Principal
from chassis.storage.documents import Document, Index, Kind
from chassis.storage.store import Store
from chassis.web.problems import ProblemRaised
from chassis.web.sent_headers import sent_header

KEPT_FOR = 48 * 3600
"""Seconds that an answer can be had again."""

_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_KEPT_HEADERS = ("Location", "ETag")


class StoredAnswer(Document):
    """The answer to a request that was carried out, and a fingerprint of the request."""

    fingerprint: str
    status: int
    body: bytes
    content_type: str | None
    headers: dict[str, str]
    at: datetime


IDEMPOTENCY: Kind[StoredAnswer] = Kind("idempotency", StoredAnswer, (Index((("at", 1),), expires_after=KEPT_FOR),))


def idempotency_key() -> str | None:
    """The request's key. Raises ProblemRaised 400 where a POST has none, or where it is not 1–255 visible ASCII."""
    key = sent_header("HTTP_IDEMPOTENCY_KEY")
    if key is None:
        if request.method != "POST":
            return None
        raise ProblemRaised(
            400,
            "idempotency-key-missing",
            vi="Thiếu tiêu đề Idempotency-Key: mỗi việc cần một mã riêng, gửi lại cùng mã khi thử lại.",
            en="The Idempotency-Key header is missing: give each command its own, and the same one when you try again.",
        )
    if _KEY.fullmatch(key) is None:
        raise ProblemRaised(
            400,
            "idempotency-key-malformed",
            vi="Idempotency-Key phải gồm 1 đến 255 ký tự ASCII nhìn thấy được.",
            en="Idempotency-Key must be 1 to 255 visible ASCII characters.",
        )
    return key


def row_id(principal: Principal, key: str) -> str:
    return hashlib.sha256(f"{principal.account_id}\0{key}".encode()).hexdigest()


def fingerprint() -> str:
    """What makes two requests the same: method, path and query, and what the body says (not how it is written)."""
    environ = request.environ
    address = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}?{environ.get('QUERY_STRING', '')}"
    said = hashlib.sha256(f"{address}\0".encode("utf-8", "replace"))
    if request.mimetype == "multipart/form-data":  # its boundary differs each time
        said.update(repr(sorted(request.form.items(multi=True), key=repr)).encode("utf-8", "replace"))
        for name, file in sorted(request.files.items(multi=True), key=lambda item: repr(item[0])):
            said.update(f"{name}\0{file.filename}\0".encode("utf-8", "replace"))
            file.stream.seek(0)
            said.update(hashlib.file_digest(file.stream, "sha256").digest())  # type: ignore[arg-type]  # a binary file
            file.stream.seek(0)
    else:
        said.update(_canonical(request.get_data(cache=True)))
    return said.hexdigest()


def _canonical(body: bytes) -> bytes:
    try:
        return orjson.dumps(orjson.loads(body), option=orjson.OPT_SORT_KEYS)
    except orjson.JSONDecodeError:
        return body


def to_store(response: Response, *, id: str, at: datetime) -> StoredAnswer:
    return StoredAnswer(
        id=id,
        fingerprint=fingerprint(),
        status=response.status_code,
        body=response.get_data(),
        content_type=response.content_type,
        headers={name: value for name, value in response.headers if name in _KEPT_HEADERS},
        at=at,
    )


def replayed(store: Store, id: str) -> Response | None:
    """The kept answer, or None. Raises ProblemRaised 422 when the key was used for another request."""
    kept = store.get(IDEMPOTENCY, id)
    if kept is None:
        return None
    if kept.fingerprint != fingerprint():
        raise ProblemRaised(
            422,
            "idempotency-key-reused",
            vi="Idempotency-Key này đã dùng cho một yêu cầu khác; hãy tạo mã mới.",
            en="This Idempotency-Key was used for another request: make a new one.",
        )
    response = Response(kept.body, status=kept.status, content_type=kept.content_type)
    response.headers.extend(kept.headers)
    response.headers["Idempotent-Replayed"] = "true"
    return response
