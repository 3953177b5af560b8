"""Reads JSON that strangers send: strictly, within bounds, and with text in one normal form.

What is refused, and why: duplicate keys (two readers would see two different documents), NaN and Infinity (not JSON),
integers beyond 64 bits (MongoDB can't hold them), nesting deeper than 32, lone surrogates (not text), control
characters (a NUL ends a string in half of the world's software). Text is brought to NFC: officers' phones send NFD.
"""

from __future__ import annotations

import json
import unicodedata
from typing import Any, NoReturn

from chassis.web.languages import Sentence
from chassis.web.problems import FieldError, ProblemRaised

MAX_DEPTH = 32
_INT64 = 2**63
_MAX_DIGITS = 40
_ALLOWED_CONTROLS = "\t\n\r"


def load_json(raw: bytes) -> Any:
    """The value that `raw` holds.

    Raises ProblemRaised: 400 `malformed-json` when it is not JSON as above, 422 `invalid-text` where a text holds
    what is not text.
    """
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        _malformed(f"byte {error.start} is not UTF-8", f"byte thứ {error.start} không phải UTF-8")
    if text.startswith("\ufeff"):
        _malformed("it starts with a byte order mark", "có dấu BOM ở đầu")
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        _malformed(f"{error.msg}, character {error.pos}", f"sai cú pháp ở ký tự {error.pos}")
    except RecursionError:
        _too_deep()
    except ValueError as error:
        _malformed(str(error), str(error))
    return clean(value, "")


def clean(value: Any, pointer: str, depth: int = 0) -> Any:
    """The value with its texts in NFC; raises as `load_json` does."""
    if isinstance(value, str):
        return clean_text(value, pointer)
    if isinstance(value, dict):
        if depth >= MAX_DEPTH:
            _too_deep()
        cleaned = {
            clean_text(name, pointer): clean(inner, f"{pointer}/{escaped(name)}", depth + 1)
            for name, inner in value.items()
        }
        if len(cleaned) != len(value):
            _malformed("two keys of an object are the same text", "một khóa xuất hiện hai lần")
        return cleaned
    if isinstance(value, list):
        if depth >= MAX_DEPTH:
            _too_deep()
        return [clean(inner, f"{pointer}/{index}", depth + 1) for index, inner in enumerate(value)]
    return value


def clean_text(text: str, pointer: str) -> str:
    """The text in NFC. Raises 422 for control characters (but tab and line ends) and lone surrogates."""
    if text.isascii():
        if text.isprintable() or not _has_controls(text):
            return text
        _not_text(pointer)
    if _has_controls(text) or any("\ud800" <= letter <= "\udfff" for letter in text):
        _not_text(pointer)
    return unicodedata.normalize("NFC", text)


def escaped(name: object) -> str:
    """A name as a step of a JSON pointer (RFC 6901)."""
    return str(name).encode("utf-8", "replace").decode().replace("~", "~0").replace("/", "~1")


def _has_controls(text: str) -> bool:
    return any((letter < " " and letter not in _ALLOWED_CONTROLS) or letter == "\x7f" for letter in text)


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a key appears twice in one object")
    return made


def _integer(digits: str) -> int:
    if len(digits) > _MAX_DIGITS or not -_INT64 <= (number := int(digits)) < _INT64:
        raise ValueError("a whole number is larger than 64 bits")
    return number


def _number(digits: str) -> float:
    number = float(digits)
    if number in (float("inf"), float("-inf")):
        raise ValueError("a number is too large")
    return number


def _constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_no_duplicates, parse_int=_integer, parse_float=_number, parse_constant=_constant
)


def _malformed(en: str, vi: str) -> NoReturn:
    raise ProblemRaised(
        400,
        "malformed-json",
        vi=f"Nội dung gửi lên không phải JSON hợp lệ: {vi}.",
        en=f"The body is not well-formed JSON: {en}.",
    )


def _too_deep() -> NoReturn:
    _malformed(f"it is nested deeper than {MAX_DEPTH}", f"lồng nhau quá {MAX_DEPTH} tầng")


def _not_text(pointer: str) -> NoReturn:
    detail = Sentence("Có ký tự điều khiển hoặc ký tự hỏng; hãy xóa đi.", "It holds control or broken characters.")
    raise ProblemRaised(
        422, "invalid-text", vi=detail.vi, en=detail.en, errors=[FieldError(pointer, "invalid-text", detail)]
    )
