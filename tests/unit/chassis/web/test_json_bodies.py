"""JSON from strangers is read strictly, and whatever they send is answered, never crashed on."""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Any
from urllib.parse import quote

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chassis.web.json_bodies import MAX_DEPTH, is_fine, load_json
from chassis.web.problems import ProblemRaised
from tests.support.web import ApiClient, post
from tests.unit.chassis.web.notices import NEW, UNIT, notices_app

APP, _, OFFICE = notices_app()
SECRETARY: ApiClient = OFFICE.client(APP, person="p1", grants=[post("secretary", UNIT)])


def refused(raw: bytes) -> tuple[int, str]:
    with pytest.raises(ProblemRaised) as raised:
        load_json(raw)
    return raised.value.told.status, raised.value.told.code


MALFORMED = {
    "empty": b"",
    "cut off": b'{"a": 1',
    "two values": b"{} {}",
    "single quotes": b"{'a': 1}",
    "a duplicate key": b'{"a": 1, "a": 1}',
    "a duplicate key deep inside": b'{"x": [{"a": 1, "a": 2}]}',
    "a key twice, once composed and once decomposed": '{"hoà": 1, "hoà": 2}'.encode(),
    "not a number": b'{"a": NaN}',
    "infinity": b'{"a": -Infinity}',
    "a number beyond what a float holds": b'{"a": 1e999}',
    "an integer beyond 64 bits": b'{"a": 9223372036854775808}',
    "an integer of a million digits": b'{"a": ' + b"9" * 1_000_000 + b"}",
    "a byte order mark": b"\xef\xbb\xbf{}",
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "Latin-1": b'{"a": "\xe9"}',
    "a bare control character": b'{"a": "\x01"}',
    "nesting beyond the limit": b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1),
    "nesting beyond the stack": b"[" * 400_000,
    "objects beyond the stack": b'{"a":' * 100_000,
}


@pytest.mark.parametrize("raw", MALFORMED.values(), ids=MALFORMED.keys())
def test_what_is_not_json_is_refused_as_malformed(raw: bytes) -> None:
    assert refused(raw) == (400, "malformed-json")


@pytest.mark.parametrize("escape", ["\\u0000", "\\u001b", "\\u007f", "\\ud800", "\\udfff"])
def test_text_that_is_no_text_is_refused_where_it_stands(escape: str) -> None:
    with pytest.raises(ProblemRaised) as raised:
        load_json(b'{"a/b": ["", "x%s"]}' % escape.encode())
    told = raised.value.told
    assert (told.status, told.code) == (422, "invalid-text")
    assert [error.pointer for error in told.errors] == ["/a~1b/1"]


def test_surrogate_pairs_tabs_and_line_ends_are_text() -> None:
    assert load_json(b'"\\ud83c\\uddfb\\ud83c\\uddf3\\t\\r\\n"') == "🇻🇳\t\r\n"


def test_decomposed_vietnamese_becomes_composed_in_keys_and_values() -> None:
    name = "Nguyễn Thị Hoà"
    raw = json.dumps({unicodedata.normalize("NFD", "tên"): unicodedata.normalize("NFD", name)}).encode()
    assert load_json(raw) == {"tên": name}


def test_the_deepest_allowed_nesting_is_read() -> None:
    load_json(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH)


values: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(categories=("L", "N", "P", "S", "Zs"))),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abc", max_size=3), inner, max_size=4),
    max_leaves=20,
)


@given(values)
def test_any_proper_value_is_read_as_it_was_written(value: Any) -> None:
    def composed(each: Any) -> Any:
        if isinstance(each, str):
            return unicodedata.normalize("NFC", each)
        if isinstance(each, list):
            return [composed(inner) for inner in each]
        return {name: composed(inner) for name, inner in each.items()} if isinstance(each, dict) else each

    assert load_json(json.dumps(value).encode()) == composed(value)


@pytest.mark.parametrize("raw", MALFORMED.values(), ids=MALFORMED.keys())
def test_what_is_not_json_is_never_taken_for_fine(raw: bytes) -> None:
    assert not is_fine(raw)


@pytest.mark.parametrize(
    "text",
    ["\\u0000", "\\b", "\\f", "\\ud800", "\x7f", "\x85", "\u0065\u0302", '\\\\\\u001b"', "\\u0061"],
    ids=ascii,
)
def test_text_to_be_looked_at_is_never_taken_for_fine(text: str) -> None:
    assert not is_fine(f'{{"a":"{text}"}}'.encode())


def test_what_a_browser_sends_is_fine() -> None:
    assert is_fine('{"title":"Giao ban \\"quý I\\"","notes":"Một\\nhai\\tba\\\\","at":[1,-2.5,null,true,{}]}'.encode())


near_json = st.text(st.sampled_from('{}[]":,\\/bfnrtu01eE+-.9aô\u0302\u0301\x7f\x80 \n'), max_size=24).map(
    lambda text: text.encode()
)


@settings(max_examples=2000)
@given(
    near_json | st.binary(max_size=60) | values.map(orjson.dumps) | values.map(lambda value: json.dumps(value).encode())
)
def test_what_is_taken_for_fine_is_what_reading_strictly_gives(raw: bytes) -> None:
    if is_fine(raw):
        assert orjson.dumps(load_json(raw)) == raw


@given(values)
def test_whatever_was_read_strictly_and_written_again_is_fine_where_it_has_no_rare_escape(value: Any) -> None:
    written = orjson.dumps(load_json(json.dumps(value).encode()))
    numbers = any(len(digits) >= 19 for digits in re.findall(rb"[0-9]+", written))
    rare = b"\\u" in written or b"\\\\" in written  # whatever follows a backslash of the text looks like an escape
    assert is_fine(written) or numbers or rare


@settings(max_examples=300)
@given(st.binary(max_size=200) | st.text().map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes_are_answered_without_an_error_of_ours(raw: bytes) -> None:
    answer = SECRETARY.post("/v1/notices", data=raw, content_type="application/json")
    assert answer.status_code in {400, 422}


@settings(max_examples=200)
@given(st.dictionaries(st.sampled_from([*NEW, "weight", "colours", "other"]), values, max_size=7))
def test_any_json_is_answered_without_an_error_of_ours(body: dict[str, Any]) -> None:
    answer = SECRETARY.post("/v1/notices", json=NEW | body)
    assert answer.status_code in {201, 409, 422}


@settings(max_examples=200)
@given(st.text(max_size=30), st.text(max_size=30))
def test_any_address_and_query_are_answered_without_an_error_of_ours(path: str, query: str) -> None:
    answer = SECRETARY.get("/v1/notices/" + quote(path, errors="replace"), query_string={"limit": query, query: "1"})
    assert answer.status_code < 500
