"""Turns whatever ends a request early into a problem. Nothing of the inside is told; an error id leads to the log."""

from __future__ import annotations

import structlog
from flask import Flask, Response
from werkzeug.exceptions import HTTPException, MethodNotAllowed, RequestEntityTooLarge

from chassis.context import new_uuid7
from chassis.failures import AlreadyExists, Refusal, Unavailable, VersionConflict
from chassis.web.commands import told_conflict
from chassis.web.languages import Sentence
from chassis.web.problems import TITLES, ProblemRaised, Told, of_refusal, problem_response

RETRY_AFTER_SECONDS = 3
_log = structlog.get_logger("web")

_CODES = {404: "not-found", 405: "method-not-allowed", 413: "too-large", 415: "unsupported-media-type"}


def tell_refusals(app: Flask) -> None:
    """Handle every exception of the app's requests."""
    app.register_error_handler(ProblemRaised, lambda raised: problem_response(raised.told))
    app.register_error_handler(Refusal, lambda refusal: problem_response(of_refusal(refusal)))
    app.register_error_handler(VersionConflict, lambda conflict: problem_response(told_conflict(conflict).told))
    app.register_error_handler(AlreadyExists, lambda conflict: problem_response(told_conflict(conflict).told))
    app.register_error_handler(Unavailable, _unavailable)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unexpected)


def _unavailable(error: Unavailable) -> Response:
    _log.warning("unavailable", reason=str(error))
    return problem_response(
        Told(
            503,
            "unavailable",
            Sentence("Hệ thống tạm thời chưa phục vụ được; hãy thử lại sau ít giây.", "Try again in a few seconds."),
            headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
        )
    )


def _http(error: HTTPException) -> Response:
    status = error.code or 500
    headers: dict[str, str] = {}
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        headers["Allow"] = ", ".join(sorted(error.valid_methods))
    return problem_response(Told(status, _CODES.get(status, f"http-{status}"), _said(error, status), headers=headers))


def _said(error: HTTPException, status: int) -> Sentence:
    if status == 404:
        return Sentence("Không có gì ở địa chỉ này.", "There is nothing at this address.")
    if status == 405:
        return Sentence("Địa chỉ này không nhận cách gọi đó.", "This address does not take this method.")
    if isinstance(error, RequestEntityTooLarge):
        return Sentence("Nội dung gửi lên vượt giới hạn cho phép.", "The body is larger than this route takes.")
    return TITLES.get(status, Sentence("Không thực hiện được.", "It can't be done."))


def _unexpected(error: Exception) -> Response:
    id = new_uuid7()
    _log.error("unexpected error", error_id=id, exc_info=error)
    return problem_response(
        Told(
            500,
            "internal",
            Sentence(
                "Hệ thống gặp lỗi; hãy báo mã lỗi này cho người quản trị.",
                "Something broke here; tell an operator this error id.",
            ),
            error_id=id,
        )
    )
