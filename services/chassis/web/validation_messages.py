"""What pydantic found wrong, as sentences for the person who must mend it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from chassis.web.json_bodies import escaped
from chassis.web.languages import Sentence
from chassis.web.problems import FieldError

Says = Callable[[Mapping[str, Any]], Sentence]


def _plain(vi: str, en: str) -> Says:
    return lambda context: Sentence(vi.format_map(_Lenient(context)), en.format_map(_Lenient(context)))


class _Lenient(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "?"


_DATE = _plain("Ngày không hợp lệ; hãy viết như 2026-03-26.", "Not a date; write it like 2026-03-26.")
_INSTANT = _plain(
    "Thời điểm không hợp lệ; hãy viết như 2026-03-26T19:30:00+07:00.",
    "Not an instant; write it like 2026-03-26T19:30:00+07:00.",
)
_TIME = _plain("Giờ không hợp lệ; hãy viết như 19:30.", "Not a time of day; write it like 19:30.")
_TEXT = _plain("Phải là chữ.", "It must be text.")
_WHOLE = _plain("Phải là số nguyên.", "It must be a whole number.")
_NUMBER = _plain("Phải là số.", "It must be a number.")
_YES_NO = _plain("Phải là true hoặc false.", "It must be true or false.")
_OBJECT = _plain("Phải là một đối tượng JSON.", "It must be a JSON object.")
_LIST = _plain("Phải là danh sách.", "It must be a list.")
_UUID = _plain("Mã định danh không hợp lệ.", "Not a valid identifier.")
_ADDRESS = _plain("Địa chỉ web không hợp lệ.", "Not a valid web address.")

_EXACT: dict[str, Says] = {
    "missing": _plain("Thiếu thông tin này.", "This is missing."),
    "extra_forbidden": _plain("Không có mục này; hãy kiểm tra tên.", "There is no such field; check its name."),
    "string_too_short": _plain(
        "Quá ngắn: cần ít nhất {min_length} ký tự.", "Too short: at least {min_length} characters."
    ),
    "string_too_long": _plain("Quá dài: tối đa {max_length} ký tự.", "Too long: at most {max_length} characters."),
    "string_pattern_mismatch": _plain("Không đúng dạng quy định.", "It does not have the required form."),
    "too_short": _plain("Cần ít nhất {min_length} mục.", "At least {min_length} items are needed."),
    "too_long": _plain("Tối đa {max_length} mục.", "At most {max_length} items."),
    "enum": _plain("Chỉ nhận một trong: {expected}.", "It must be one of: {expected}."),
    "literal_error": _plain("Chỉ nhận một trong: {expected}.", "It must be one of: {expected}."),
    "greater_than": _plain("Phải lớn hơn {gt}.", "It must be more than {gt}."),
    "greater_than_equal": _plain("Phải từ {ge} trở lên.", "It must be {ge} or more."),
    "less_than": _plain("Phải nhỏ hơn {lt}.", "It must be less than {lt}."),
    "less_than_equal": _plain("Phải từ {le} trở xuống.", "It must be {le} or less."),
    "multiple_of": _plain("Phải là bội số của {multiple_of}.", "It must be a multiple of {multiple_of}."),
    "timezone_aware": _plain(
        "Thiếu múi giờ; hãy viết như 2026-03-26T19:30:00+07:00.",
        "The time zone is missing; write it like 2026-03-26T19:30:00+07:00.",
    ),
    "date_past": _plain("Phải là ngày đã qua.", "It must be a day in the past."),
    "date_future": _plain("Phải là ngày sắp tới.", "It must be a day in the future."),
    "union_tag_not_found": _plain("Thiếu mục cho biết loại.", "The field that tells the kind is missing."),
    "union_tag_invalid": _plain(
        "Loại này không có; chỉ nhận: {expected_tags}.", "No such kind; one of: {expected_tags}."
    ),
    "repeated": _plain("Chỉ được gửi một lần.", "It may be given once only."),
    "none_required": _plain("Phải để trống (null).", "It must be null."),
}

_BY_PREFIX: tuple[tuple[str, Says], ...] = (
    ("datetime", _INSTANT),
    ("timezone", _INSTANT),
    ("date_", _DATE),
    ("time_", _TIME),
    ("string", _TEXT),
    ("int", _WHOLE),
    ("float", _NUMBER),
    ("finite", _NUMBER),
    ("decimal", _NUMBER),
    ("bool", _YES_NO),
    ("uuid", _UUID),
    ("url", _ADDRESS),
    ("model", _OBJECT),
    ("dict", _OBJECT),
    ("list", _LIST),
    ("tuple", _LIST),
    ("set", _LIST),
    ("frozen_set", _LIST),
)


def field_errors(error: ValidationError, within: str = "") -> tuple[FieldError, ...]:
    """Each error with a JSON pointer below `within` (`/query`, `/path`; empty for the body itself)."""
    found = error.errors(include_url=False, include_input=False)
    return tuple(_one(details, within) for details in found)


def _one(details: ErrorDetails, within: str) -> FieldError:
    pointer = within + pointer_of(details["loc"])
    return FieldError(pointer, details["type"].replace("_", "-"), _sentence(details))


def pointer_of(location: Iterable[int | str]) -> str:
    return "".join(f"/{escaped(step)}" for step in location)


def _sentence(details: ErrorDetails) -> Sentence:
    kind, context = details["type"], details.get("ctx", {})
    if kind == "value_error":
        # A validator of ours raised it: its message is for the one who must mend it, as it stands.
        said = str(context.get("error", ""))
        return Sentence(said or "Giá trị không hợp lệ.", said or "Not a valid value.")
    if says := _EXACT.get(kind):
        return says(context)
    for prefix, general in _BY_PREFIX:
        if kind.startswith(prefix):
            return general(context)
    return Sentence("Giá trị không hợp lệ.", details["msg"])
