"""Every route that takes a body, given everything that is no proper body: a clear answer, never a 5xx."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator

import pytest
import structlog

from tests.chaos import fence_matrix as matrix
from tests.chaos.fence_world import Fence, made_commune
from tests.chaos.findings import say, table
from tests.component.members.workbooks import people
from tests.component.members.world import made
from tests.support.web import ApiClient

ZOO: dict[str, bytes] = {
    "nothing": b"",
    "not JSON": b"{",
    "a list": b"[]",
    "null": b"null",
    "a text": '"một"'.encode(),
    "duplicate keys": b'{"title": "a", "title": "b"}',
    "deep nesting": b'{"title": ' + b"[" * 5000 + b"]" * 5000 + b"}",
    "huge integer": b'{"title": ' + b"9" * 4000 + b"}",
    "huge exponent": b'{"title": 1e999999}',
    "NaN": b'{"title": NaN}',
    "NUL inside": b'{"title": "a\\u0000b"}',
    "control characters": b'{"title": "a\\u0007b\\u001b[31m"}',
    "raw control character": b'{"title": "a\x07b"}',
    "lone surrogate": b'{"title": "\\ud83d"}',
    "reversed surrogates": b'{"title": "\\udc00\\ud800"}',
    "latin-1": '{"title": "họp"}'.encode("utf-16"),
    "overlong UTF-8": b'{"title": "\xc0\xaf"}',
    "byte order mark": b"\xef\xbb\xbf{}",
    "operators": b'{"title": {"$gt": ""}, "unit_id": {"$ne": null}, "$where": "1"}',
    "prototype": b'{"__proto__": {"a": 1}, "constructor": 1}',
    "unknown field": b'{"khong_co_truong_nay": 1}',
    "many fields": b"{" + b",".join(b'"f%d": 1' % number for number in range(2_000)) + b"}",
    "long text": b'{"title": "' + b"a" * 900_000 + b'"}',
    "over the limit": b'{"title": "' + b"a" * 1_200_000 + b'"}',
}


class Yard:
    def __init__(self) -> None:
        self.fence = Fence()
        self.commune = made_commune(self.fence, "XAA", "+8459066", "90001")
        self.routes = [one for one in matrix.routes_of(self.fence.documents) if one.method != "GET"]
        self.token = self.fence.signed_in("xaa.bithu")


@pytest.fixture(scope="module")
def yard() -> Iterator[Yard]:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield Yard()
    structlog.reset_defaults()


def test_whatever_the_body_no_route_answers_with_an_error_of_ours(yard: Yard) -> None:
    statuses: dict[str, Counter[int]] = {}
    for route in yard.routes:
        path = matrix.own_call(route, yard.commune.ids).path
        for what, raw in ZOO.items():
            client = ApiClient(yard.fence.apps[route.service], yard.token)
            answer = client.call(route.method, path, data=raw, content_type="application/json")
            statuses.setdefault(what, Counter())[answer.status_code] += 1
            assert answer.status_code < 500, (route.name, what, answer.data[:300])
            if answer.status_code >= 400:
                assert answer.content_type == "application/problem+json", (route.name, what)
                assert answer.get_json()["detail"].strip(), (route.name, what)
    rows = [("body", "answers"), *((what, dict(sorted(count.items()))) for what, count in statuses.items())]
    say(table(f"{len(yard.routes)} routes × {len(ZOO)} bodies", rows))


def test_odd_text_in_every_field_is_taken_whole_or_refused_by_name(yard: Yard) -> None:
    """NFD, invisible and right-to-left signs, markup, formulas: in each text field of each route, one at a time."""
    odd = [
        "Hòa".encode().decode() + "\u0323",
        "\u202e\u200b",
        "<script>alert(1)</script>",
        "=1+1",
        "a\r\nBcc: x",
        " " * 40,
    ]
    asked = 0
    for route in yard.routes:
        if not isinstance(route.body, dict):
            continue
        call = matrix.own_call(route, yard.commune.ids)
        for name, value in route.body.items():
            if not isinstance(value, str):
                continue
            for text in odd:
                body = {**call.options["json"], name: text}
                answer = yard.fence.call(route.service, yard.token, route.method, call.path, json=body)
                asked += 1
                assert answer.status_code < 500, (route.name, name, text, answer.data[:300])
    say(f"{asked} odd texts")
    assert asked > 300


def test_queries_that_are_no_queries_are_refused(yard: Yard) -> None:
    for route in matrix.routes_of(yard.fence.documents):
        if route.method != "GET":
            continue
        path = matrix.own_call(route, yard.commune.ids).path
        for query in (
            "limit=0",
            "limit=99999999999999999999",
            "limit=a",
            "cursor=%00",
            "cursor=%ff",
            "x=%F0",
            "&&&=",
            "limit=1&limit=2",
        ):
            answer = yard.fence.call(route.service, yard.token, "GET", f"{path}?{query}")
            assert answer.status_code < 500, (route.name, query, answer.data[:300])


def test_of_twenty_thousand_rows_none_is_lost(yard: Yard) -> None:
    """The largest list that is taken: each row has a verdict, and the counts add up to it."""
    rows = [
        (f"Lê Văn {chr(65 + n % 26)}{'aeiou'[n % 5]}{'nmtcp'[n // 26 % 5]}", "2004", "", "Một XAA")
        for n in range(20_000)
    ]
    world = yard.fence.members
    upload = world.upload(world.admin, yard.commune.ids["unit"], people(*((*row, "Đoàn viên") for row in rows)))
    taken = made(upload)
    assert taken["rows"] == 20_000
    assert sum(taken["verdicts"].values()) == 20_000
