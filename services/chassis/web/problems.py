"""Every answer that is not a success: `application/problem+json` (RFC 9457) with a stable type, in two languages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from flask import Response, request
from pydantic import BaseModel, ConfigDict, Field

from chassis.failures import Refusal
from chassis.web.languages import Sentence, chosen_language

PROBLEM_TYPE_BASE = "https://nhipdoan.vn/problems/"
"""`type` is this and the code; it names the kind of problem and never changes."""

PROBLEM_MEDIA_TYPE = "application/problem+json"

STATUS_OF_REFUSAL = {"invalid": 422, "conflict": 409, "missing": 404, "forbidden": 403}

TITLES: dict[int, Sentence] = {
    400: Sentence("Yêu cầu không đọc được", "The request can't be read"),
    401: Sentence("Cần đăng nhập", "Sign in first"),
    403: Sentence("Không có quyền", "Not permitted"),
    404: Sentence("Không tìm thấy", "Not found"),
    405: Sentence("Không dùng được cách gọi này", "Method not allowed here"),
    406: Sentence("Không có định dạng này", "Not available in this form"),
    408: Sentence("Gửi quá chậm", "Sent too slowly"),
    409: Sentence("Không làm được lúc này", "Not possible as things stand"),
    412: Sentence("Dữ liệu đã thay đổi", "Changed since it was read"),
    413: Sentence("Gửi quá nhiều dữ liệu", "Too much data"),
    414: Sentence("Địa chỉ quá dài", "The address is too long"),
    415: Sentence("Sai kiểu dữ liệu", "Wrong media type"),
    416: Sentence("Không có phần này", "No such range"),
    417: Sentence("Không đáp ứng được", "Expectation failed"),
    422: Sentence("Dữ liệu chưa đúng", "The data is not right"),
    428: Sentence("Thiếu điều kiện", "A condition is required"),
    429: Sentence("Gọi quá nhiều lần", "Too many requests"),
    431: Sentence("Tiêu đề quá dài", "The headers are too long"),
    500: Sentence("Lỗi hệ thống", "Something broke here"),
    503: Sentence("Hệ thống đang bận", "Not available just now"),
}

_ANYTHING_ELSE = Sentence("Không thực hiện được", "It can't be done")


class ProblemError(BaseModel):
    """One thing that is wrong with one field."""

    pointer: str = Field(description="JSON pointer of the field, e.g. `/starts_at`; `/query/limit` for a parameter")
    detail: str = Field(description="What is wrong with it, for the one who must mend it")
    code: str = Field(description="Stable code of the kind of error")


class Problem(BaseModel):
    """A problem (RFC 9457). `type` is stable; `title` and `detail` follow Accept-Language."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": PROBLEM_TYPE_BASE + "not-found",
                    "title": "Không tìm thấy",
                    "status": 404,
                    "detail": "Không tìm thấy cuộc họp.",
                    "instance": "/v1/meetings/0190a1b2-0000-7000-8000-000000000001",
                }
            ]
        }
    )

    type: str
    title: str
    status: int
    detail: str
    instance: str
    errors: list[ProblemError] | None = Field(default=None, description="Per field, where the data was not right")
    error_id: str | None = Field(default=None, description="What to quote to an operator; it is in the log")


@dataclass(frozen=True, slots=True)
class FieldError:
    """One field's error in both languages."""

    pointer: str
    code: str
    detail: Sentence


class ProblemRaised(Exception):
    """Ends a request with a problem. `code` is stable and part of the API."""

    def __init__(
        self,
        status: int,
        code: str,
        *,
        vi: str,
        en: str,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(en)
        self.told = Told(status, code, Sentence(vi, en), tuple(errors), dict(headers or {}))


@dataclass(frozen=True, slots=True)
class Told:
    """What a problem says, before it is put into a language."""

    status: int
    code: str
    detail: Sentence
    errors: tuple[FieldError, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    error_id: str | None = None


def of_refusal(refusal: Refusal) -> Told:
    """The problem that a rule's refusal becomes."""
    detail = Sentence(refusal.vi, refusal.en)
    errors = (FieldError(refusal.pointer, refusal.code, detail),) if refusal.pointer else ()
    return Told(STATUS_OF_REFUSAL[refusal.because], refusal.code, detail, errors)


def problem_response(told: Told) -> Response:
    """The answer in the language that the caller prefers."""
    language = chosen_language()
    body: dict[str, Any] = {
        "type": PROBLEM_TYPE_BASE + told.code,
        "title": TITLES.get(told.status, _ANYTHING_ELSE).said_in(language),
        "status": told.status,
        "detail": told.detail.said_in(language),
        "instance": request.path.encode("utf-8", "replace").decode(),
    }
    if told.errors:
        body["errors"] = [
            {"pointer": error.pointer, "detail": error.detail.said_in(language), "code": error.code}
            for error in told.errors
        ]
    if told.error_id:
        body["error_id"] = told.error_id
    response = Response(orjson.dumps(body), status=told.status, content_type=PROBLEM_MEDIA_TYPE)
    response.headers["Content-Language"] = language
    response.vary.add("Accept-Language")
    for name, value in told.headers.items():
        response.headers[name] = value
    return response
