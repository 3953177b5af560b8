"""Reads JSON that strangers send: strictly, within bounds, and with text in one normal form.

What is refused, and why: duplicate keys (two readers would see two different documents), NaN and Infinity (not JSON),
integers beyond 64 bits (MongoDB can't hold them), nesting deeper than 32, lone surrogates (not text), control
characters (a NUL ends a string in half of the world's software). Text is brought to NFC: officers' phones send NFD.
"""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Any, NoReturn

import orjson

from chassis.web.languages import Sentence
from chassis.web.problems import FieldError, ProblemRaised

MAX_DEPTH = 32
_INT64 = 2**63
_MAX_DIGITS = 20
_MAY_BE_WRONG = re.compile(rb'\\[^"\\nrt]|\x7f|\xc2[\x80-\x9f]|[0-9]{19}')
"""In bytes that are otherwise fine: escapes and characters that may not be text, numbers that may need 64 bits."""
_NOT_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


def is_fine(raw: bytes) -> bool:
    """Whether `raw` needs neither refusing nor cleaning: `load_json` would give what stands there.

    True only for what is written as JSON.stringify writes it, as most bodies are: then writing anew what was read gives
    the same bytes, so that no key stood there twice and no number was too large. It costs a third of reading strictly.
    """
    if _MAY_BE_WRONG.search(raw) is not None or raw.count(b"{") + raw.count(b"[") > MAX_DEPTH:
        return False
    try:
        if orjson.dumps(orjson.loads(raw)) != raw:
            return False
    except (orjson.JSONDecodeError, TypeError):
        return False
    return raw.isascii() or unicodedata.is_normalized("NFC", raw.decode())


def load_json(raw: bytes) -> Any:
    """The value that `raw` holds.

    Raises ProblemRaised: 400 `malformed-json` when it is not JSON as above, 422 `invalid-text` where a text holds
    what is not text.
    """
    try:
        value = _DECODER.decode(raw.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise _malformed(f"byte thứ {error.start} không phải UTF-8", f"byte {error.start} is not UTF-8") from error
    except json.JSONDecodeError as error:
        raise _malformed(f"sai cú pháp ở ký tự {error.pos}", f"syntax error at character {error.pos}") from error
    except _NotJson as error:
        raise _malformed(error.said.vi, error.said.en) from error
    except RecursionError:
        raise _too_deep() from None
    return clean(value, "")


def clean(value: Any, pointer: str, depth: int = 0) -> Any:
    """The value with its texts in NFC; raises as `load_json` does."""
    if isinstance(value, str):
        return clean_text(value, pointer)
    if not isinstance(value, (dict, list)):
        return value
    if depth >= MAX_DEPTH:
        raise _too_deep()
    if isinstance(value, list):
        return [clean(inner, f"{pointer}/{index}", depth + 1) for index, inner in enumerate(value)]
    cleaned = {
        clean_text(name, pointer): clean(inner, f"{pointer}/{escaped(name)}", depth + 1)
        for name, inner in value.items()
    }
    if len(cleaned) != len(value):  # the same name once in NFC and once in NFD
        raise _malformed(_TWICE.vi, _TWICE.en)
    return cleaned


def clean_text(text: str, pointer: str) -> str:
    """The text in NFC. Raises 422 for control characters (but tab and line ends) and lone surrogates."""
    if _NOT_TEXT.search(text):
        raise ProblemRaised(
            422,
            "invalid-text",
            vi=_BROKEN.vi,
            en=_BROKEN.en,
            errors=[FieldError(pointer, "invalid-text", _BROKEN)],
        )
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def escaped(name: object) -> str:
    """A name as a step of a JSON pointer (RFC 6901)."""
    return str(name).encode("utf-8", "replace").decode().replace("~", "~0").replace("/", "~1")


_BROKEN = Sentence("Có ký tự điều khiển hoặc ký tự hỏng; hãy xóa đi.", "It holds control or broken characters.")
_TWICE = Sentence("có khóa xuất hiện hai lần trong một đối tượng", "a key appears twice in one object")


class _NotJson(Exception):
    """Python reads it, but JSON it is not, or no other reader could hold it."""

    def __init__(self, said: Sentence) -> None:
        super().__init__(said.en)
        self.said = said


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise _NotJson(_TWICE)
    return made


def _integer(digits: str) -> int:
    if len(digits) > _MAX_DIGITS or not -_INT64 <= (number := int(digits)) < _INT64:
        raise _NotJson(Sentence("có số nguyên vượt quá 64 bit", "a whole number needs more than 64 bits"))
    return number


def _number(digits: str) -> float:
    number = float(digits)
    if number in (float("inf"), float("-inf")):
        raise _NotJson(Sentence("có số quá lớn", "a number is too large"))
    return number


def _constant(name: str) -> NoReturn:
    raise _NotJson(Sentence(f"{name} không phải là giá trị JSON", f"{name} is no JSON value"))


_DECODER = json.JSONDecoder(
    object_pairs_hook=_no_duplicates, parse_int=_integer, parse_float=_number, parse_constant=_constant
)


def _malformed(vi: str, en: str) -> ProblemRaised:
    return ProblemRaised(
        400,
        "malformed-json",
        vi=f"Nội dung gửi lên không phải JSON hợp lệ: {vi}.",
        en=f"The body is not well-formed JSON: {en}.",
    )


def _too_deep() -> ProblemRaised:
    return _malformed(f"lồng nhau quá {MAX_DEPTH} tầng", f"it is nested deeper than {MAX_DEPTH}")
