"""Nobody looks over the fence: every route × every role × every way to ask for what is another commune's."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import pytest
import structlog

from chassis.storage.bson_form import to_bson
from chassis.web.token_claims import read_claims
from chassis.web.tokens import new_signing_key, sign
from contracts.grammar import grammar
from tests.chaos import fence_matrix as matrix
from tests.chaos.fence_world import B_LINE, PARTNER_SCOPES, SECRET, Commune, Fence, _payload, made_commune
from tests.chaos.findings import say, table

GRAMMAR_POSTS = {
    "commune": [name for name, post in grammar().posts.items() if "commune" in post.kinds],
    "branch": [name for name, post in grammar().posts.items() if "branch" in post.kinds],
}


ABOVE_OR_BESIDE = frozenset({"unit", "person", "task", "concern", "portfolio", "import", "client"})
"""Objects that live in the sister branch or in the commune alone; a meeting or a rotation is of all its branches."""
PAGED_BY = ("commune_secretary", *(f"partner {scope}" for scope in PARTNER_SCOPES))


class Ground:
    """Both communes and a token for every role in commune A."""

    def __init__(self) -> None:
        self.fence = Fence()
        self.own = made_commune(self.fence, "XAA", "+8459066", "90001")
        self.other = made_commune(self.fence, SECRET, B_LINE, "90002")
        self.guessed = matrix.guessed_ids(self.own.ids)
        self.routes = matrix.routes_of(self.fence.documents)
        self.roles = dict(self._roles())
        self.strangers = self._strangers()
        self.fence.settle()

    def _roles(self) -> Iterator[tuple[str, str]]:
        world, own = self.fence.members, self.own
        for kind, posts in GRAMMAR_POSTS.items():
            unit = own.ids["unit" if kind == "commune" else "partner_branch"]
            for number, post in enumerate(posts):
                person = world.person(f"Cán bộ {post.replace('_', ' ')}", own.ids["partner_branch"])
                if grammar().posts[post].at_most is None or post == "branch_secretary":
                    world.post(person, unit, post)
                    world.account(person, f"{kind}.{number}")
                    yield post, self.fence.signed_in(f"{kind}.{number}")
        yield "commune_secretary", self.fence.signed_in("xaa.bithu")
        person = world.person("Đoàn viên thường", own.ids["branch"])
        world.account(person, "doanvien")
        yield "member without a post", self.fence.signed_in("doanvien")
        for scope in PARTNER_SCOPES:
            yield f"partner {scope}", self.fence.partner(own.ids["unit"], scope)

    def _strangers(self) -> dict[str, str | None]:
        """Tokens that count for nothing, made from a commune secretary's."""
        true = self.roles["commune_secretary"]
        claims = read_claims(_payload(true))
        foreign = sign(claims, new_signing_key("another-issuer"))
        gone = self.fence.members.person("Người đã thôi", self.own.ids["branch"])
        self.fence.members.post(gone, self.own.ids["unit"], "commune_deputy")
        account = self.fence.members.account(gone, "da.thoi")
        revoked = self.fence.signed_in("da.thoi")
        self.fence.members.now += timedelta(milliseconds=5)
        self.fence.members.admin.post(f"/v1/accounts/{account}/disable", json={})
        return {
            "nobody": None,
            "expired": self.fence.forged(true, exp=claims.iat - 1),
            "revoked": revoked,
            "another issuer's key": foreign,
            "another audience": self.fence.forged(true, aud="elsewhere"),
            "cut short": true[:-4],
        }

    def call(self, call: matrix.Call, token: str | None) -> Any:
        return self.fence.call(call.route.service, token, call.route.method, call.path, **call.options)

    def secrets(self) -> frozenset[str]:
        """What no answer may hold: the other commune's texts, telephones and ids."""
        return frozenset({SECRET, SECRET.lower(), B_LINE, *self.other.ids.values(), *self.other.people})


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    """Made once; the thousands of lines that its apps would log are left unsaid."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield Ground()
    structlog.reset_defaults()


def test_strangers_are_refused_alike_on_every_route(ground: Ground) -> None:
    asked = 0
    for route in ground.routes:
        if route.is_public:
            continue
        for role, token in ground.strangers.items():
            told = set()
            for ids in (ground.own.ids, ground.other.ids, ground.guessed):
                answer = ground.call(matrix.own_call(route, ids), token)
                told.add(matrix.normal(answer, ground.own.ids, ground.other.ids, ground.guessed)[::2])
                assert answer.status_code == 401, (route.name, role, answer.status_code)
                asked += 1
            assert len(told) == 1, (route.name, role)
    say(f"\n{asked} calls by strangers: all 401")


@pytest.mark.timeout(240)
def test_another_communes_things_are_as_if_they_were_not(ground: Ground) -> None:
    """On the other's ids every role gets, byte for byte, what it gets on ids that are nobody's; nothing changes."""
    before = snapshot(ground)
    secrets, calls, leaks = ground.secrets(), Counter[str](), []
    for role, token in ground.roles.items():
        for route in ground.routes:
            if route.is_public:
                continue
            told: dict[str, Any] = {}
            for call in matrix.calls_on(route, ground.own.ids, ground.other.ids, ground.guessed):
                answer = ground.call(call, token)
                calls[role] += 1
                sent = ground.other.ids if call.case.startswith("foreign") else ground.guessed
                status, text, _ = told[call.case] = matrix.normal(answer, sent, ground.own.ids)
                if status >= 500 or any(secret in text for secret in secrets):
                    leaks.append(f"{role}: {route.service} {route.name} ({call.case}) {status} {text[:200]}")
            for case, seen in told.items():
                if case.startswith("foreign") and seen != told[case.replace("foreign", "guessed", 1)]:
                    alike = told[case.replace("foreign", "guessed", 1)]
                    leaks.append(f"{role}: {route.service} {route.name} ({case}) {seen[:2]} but guessed {alike[:2]}")
    rows = [("role", "calls"), *calls.items(), ("all", sum(calls.values()))]
    say(table(f"The fence: {len(ground.routes)} routes × {len(ground.roles)} roles: {len(leaks)} leaks", rows))
    assert not leaks, "\n".join(leaks[:20])

    assert snapshot(ground) == before, "something of the other commune was changed"


def test_a_partner_of_one_branch_sees_nothing_of_the_branch_beside_it(ground: Ground) -> None:
    """At depth: a client of each scope on one branch, asking for what lives in its sister and in the commune above."""
    beside = ground.own.ids | {
        "unit": ground.own.ids["branch"],
        "partner_branch": ground.own.ids["branch"],
        "person": ground.own.ids["member"],
    }
    own = ground.own.ids | {"unit": ground.own.ids["partner_branch"], "branch": ground.own.ids["partner_branch"]}
    asked, leaks = 0, []
    for scope in PARTNER_SCOPES:
        token = ground.fence.partner(ground.own.ids["partner_branch"], scope)
        for route in ground.routes:
            if route.is_public or route.object not in ABOVE_OR_BESIDE:
                continue
            told = {}
            for call in matrix.calls_on(route, own, beside, ground.guessed):
                sent = beside if call.case.startswith("foreign") else ground.guessed
                told[call.case] = matrix.normal(ground.call(call, token), sent, own)
                asked += 1
            for case, seen in told.items():
                alike = told[case.replace("foreign", "guessed", 1)]
                if seen != alike:
                    leaks.append(f"{scope}: {route.service} {route.name} ({case}) {seen[:2]} but guessed {alike[:2]}")
    say(f"\n{asked} calls by partners of a branch: {len(leaks)} leaks")
    assert not leaks, "\n".join(leaks[:20])
    assert asked > 200


def test_the_matrix_is_not_empty_of_meaning(ground: Ground) -> None:
    """Every route that reads one thing is really reached, by some role, on one's own."""
    closed = []
    for route in ground.routes:
        if route.method == "GET" and route.object is not None and not route.is_public:
            call = matrix.own_call(route, ground.own.ids)
            if all(ground.call(call, token).status_code != 200 for token in ground.roles.values()):
                closed.append(f"{route.service} {route.name}")
    assert not closed


def test_lists_counts_cursors_and_etags_do_not_feel_what_happens_elsewhere(ground: Ground) -> None:
    """Everything that commune A can read without an id stays, byte for byte, while commune B grows."""
    before = dict(readings(ground))
    made_more(ground)
    changed = [f"{key}" for key, told in readings(ground) if told != before[key]]
    assert not changed
    assert any(b"XAA" in text for _, text, _ in before.values())
    assert not [key for key, (_, text, _) in before.items() if SECRET.encode() in text]


def test_every_page_of_every_list_stays_in_its_order_whatever_grows_elsewhere(ground: Ground) -> None:
    """Page by page with one row each: rows, their order, cursors and totals."""
    before = {role: dict(pages(ground, role)) for role in PAGED_BY}
    assert sum(len(told) for listed in before.values() for told in listed.values()) > 60
    made_more(ground)
    changed = [
        f"{role} {path}" for role in PAGED_BY for path, told in pages(ground, role) if told != before[role][path]
    ]
    assert not changed


def test_a_cursor_of_another_commune_opens_nothing(ground: Ground) -> None:
    theirs = ground.fence.signed_in(f"{SECRET.lower()}.bithu")
    ours = ground.roles["commune_secretary"]
    for service, path in (("members", "/v1/people"), ("scheduling", "/v1/meetings"), ("members", "/v1/units")):
        cursor = None
        page = ground.fence.call(service, theirs, "GET", f"{path}?limit=1").get_json()
        cursor = page["next_cursor"]
        if cursor is None:
            continue
        answers = [
            ground.fence.call(service, ours, "GET", f"{path}?limit=1&cursor={one}") for one in (cursor, "Z3Vlc3NlZA")
        ]
        assert [answer.status_code for answer in answers] == [400, 400]
        assert answers[0].get_json() == answers[1].get_json()


def test_time_does_not_tell_404_from_403(ground: Ground) -> None:
    """The other's things are refused as fast as nobody's: the best of many tries differs by less than two
    milliseconds. Taken in turns, and the best of them, since a busy machine makes anything late and nothing early."""
    token = ground.roles["commune_secretary"]
    for route in ground.routes:
        if route.object is None or route.is_public:
            continue
        foreign, guessed = (
            next(call for call in matrix.calls_on(route, ground.own.ids, ids, ids) if call.case == "foreign path")
            for ids in (ground.other.ids, ground.guessed)
        )
        took = [(timed(ground, foreign, token), timed(ground, guessed, token)) for _ in range(15)]
        best = [min(times) for times in zip(*took, strict=True)]
        assert abs(best[0] - best[1]) < 0.002, (route.name, best)


def timed(ground: Ground, call: matrix.Call, token: str) -> float:
    began = time.perf_counter()
    ground.call(call, token)
    return time.perf_counter() - began


def readings(ground: Ground) -> Iterator[tuple[tuple[str, str], tuple[int, bytes, str | None]]]:
    """What each role reads where no id is asked for; the log of reads itself is left out, since this reads."""
    for role, token in ground.roles.items():
        for route in ground.routes:
            if route.method != "GET" or "{" in route.path or route.is_public or route.path == "/v1/access-log":
                continue
            answer = ground.call(matrix.own_call(route, ground.own.ids), token)
            yield (role, f"{route.service} {route.path}"), (answer.status_code, answer.data, answer.headers.get("ETag"))


def pages(ground: Ground, role: str) -> Iterator[tuple[str, list[bytes]]]:
    """Each list that the role may read, as its pages' bytes in turn."""
    for route in ground.routes:
        path = f"{route.service} {route.path}"
        if route.method != "GET" or "{" in route.path or route.is_public or not route.is_paged or "access-log" in path:
            continue
        told: list[bytes] = []
        cursor: str | None = ""
        while cursor is not None and len(told) < 40:
            call = matrix.own_call(route, ground.own.ids)
            query = dict(call.options["query_string"]) | {"limit": "1"} | ({"cursor": cursor} if cursor else {})
            call = matrix.Call(route, "paged", call.path, {**call.options, "query_string": query})
            answer = ground.call(call, ground.roles[role])
            told.append(answer.data)
            cursor = (answer.get_json() or {}).get("next_cursor") if answer.status_code == 200 else None
        yield path, told


def made_more(ground: Ground) -> None:
    """Commune B grows: people, meetings, tasks, messages."""
    world, ids = ground.fence.members, ground.other.ids
    for number in range(4):
        person = world.person(f"Nguyễn {SECRET} Thêm {chr(65 + number)}", ids["branch"])
        world.post(person, ids["branch"], "branch_officer")
    secretary = ground.fence.signed_in(f"{SECRET.lower()}.bithu")
    starts = ground.fence.clock() + timedelta(days=25)
    for number in range(3):
        body = {
            "unit_id": ids["unit"],
            "title": f"Họp thêm {SECRET} {number}",
            "starts_at": (starts + timedelta(hours=4 * number)).isoformat(),
            "ends_at": (starts + timedelta(hours=4 * number + 1)).isoformat(),
            "place": f"Nhà {SECRET}",
        }
        answer = ground.fence.call("scheduling", secretary, "POST", "/v1/briefings", json=body)
        assert answer.status_code == 201, answer.get_json()
    ground.fence.settle()


def snapshot(ground: Ground) -> Mapping[str, Any]:
    """Every document that belongs to commune B, in all three stores."""
    found: dict[str, Any] = {}
    for service, store in ground.fence.stores.items():
        for kind, documents in stored(store):
            for document in documents:
                plain = repr(sorted(to_bson(document).items(), key=str))
                if ground.other.ids["unit"] in plain and kind not in ("access_log", "idempotency"):
                    found[f"{service} {kind} {document.id}"] = plain
    return found


def stored(store: Any) -> Iterator[tuple[str, list[Any]]]:
    from members.bootstrap import KINDS as MEMBERS
    from notifications.bootstrap import KINDS as NOTIFICATIONS
    from scheduling.bootstrap import KINDS as SCHEDULING

    for kind in dict.fromkeys([*MEMBERS, *SCHEDULING, *NOTIFICATIONS]):
        try:
            yield kind.name, store.find(kind, {})
        except ValueError:
            continue  # the same name for another service's kind


def test_ground_holds_one_of_everything(ground: Ground) -> None:
    needed = {route.object for route in ground.routes if route.object is not None}
    commune: Commune = ground.other
    assert needed <= commune.ids.keys()
    unknown = [
        f"{route.service} {route.name}"
        for route in ground.routes
        if "{" in route.path and route.object is None and not route.is_public
    ]
    assert all("dead-letters" in name for name in unknown), unknown
