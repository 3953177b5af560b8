"""Conditional requests (RFC 9110 §13): what the caller has read, and whether it still holds. ETags are versions."""

from __future__ import annotations

import re

from chassis.web.problems import ProblemRaised
from chassis.web.sent_headers import sent_header

_VERSION_TAG = re.compile(r'"([1-9][0-9]{0,17})"')


def etag(version: int) -> str:
    """The strong entity tag of a version: ``"3"``."""
    return f'"{version}"'


def expected_version() -> int | None:
    """The version in If-Match, or None when the caller sets no condition (no header, or ``*``).

    Give it to the use case; where the stored version differs, the use case raises VersionConflict and the caller is
    told 412. Raises ProblemRaised 400 for a tag that is not one of ours.
    """
    written = sent_header("HTTP_IF_MATCH")
    if written is None or written.strip() == "*":
        return None
    found = _VERSION_TAG.fullmatch(written.strip())
    if found is None:
        raise ProblemRaised(
            400,
            "bad-if-match",
            vi='Tiêu đề If-Match phải là ETag đã nhận, như "3".',
            en='If-Match must be one ETag as it was received, like "3".',
        )
    return int(found.group(1))


def already_has(version: int) -> bool:
    """Whether If-None-Match names this version: 304 is enough. Weak tags match too (RFC 9110 §13.1.2)."""
    written = sent_header("HTTP_IF_NONE_MATCH")
    if written is None:
        return False
    tags = {tag.strip().removeprefix("W/") for tag in written.split(",")}
    return "*" in tags or etag(version) in tags


def changed_meanwhile() -> ProblemRaised:
    """412: the caller's If-Match no longer holds."""
    return ProblemRaised(
        412,
        "changed-meanwhile",
        vi="Dữ liệu đã được người khác sửa sau khi bạn mở; hãy tải lại rồi sửa tiếp.",
        en="It was changed since you read it: read it again, then change it.",
    )
