"""Who is let in: only holders of a token that members signed, that counts now, and that says what it may."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from chassis.failures import Unavailable
from chassis.permissions import Portfolio, Principal, Scope, Target, permits
from chassis.web.authentication import Authenticator, Standing, VerificationKey, is_public, public
from chassis.web.problems import ProblemRaised
from chassis.web.token_claims import Rights
from chassis.web.tokens import new_signing_key, public_part
from tests.support.web import ISSUER, ApiClient, TokenOffice, belongs_to, in_charge_of, partner_verbs, post
from tests.unit.chassis.web.notices import RIGHTS, UNIT, notices_app

NOW = datetime(2026, 3, 26, 12, tzinfo=UTC)
TODAY = NOW.date()


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def seconds(self) -> float:
        return self.now.timestamp()

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> None:
        self.now += timedelta(**by)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def office(clock: Clock) -> TokenOffice:
    return TokenOffice(RIGHTS, now=clock)


def refused(authenticator: Authenticator, token: str) -> str:
    with pytest.raises(ProblemRaised) as raised:
        authenticator.authenticate(token)
    told = raised.value.told
    assert told.status == 401
    assert told.headers["WWW-Authenticate"].startswith("Bearer ")
    return told.detail.en


def part(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def test_a_signed_token_makes_its_person_the_caller(office: TokenOffice) -> None:
    principal = office.authenticator().authenticate(office.token(account="a1", person="p1"))
    assert (principal.account_id, principal.person_id) == ("a1", "p1")


def test_a_token_ends_at_its_expiry_to_the_second(office: TokenOffice, clock: Clock) -> None:
    authenticator, token = office.authenticator(), office.token(lifetime=timedelta(minutes=15))
    clock.forward(minutes=14, seconds=59)
    authenticator.authenticate(token)
    clock.forward(seconds=1)
    assert "expired" in refused(authenticator, token)


def test_a_token_from_the_future_does_not_count(office: TokenOffice) -> None:
    token = office.token(iat=(NOW + timedelta(minutes=5)).timestamp(), exp=(NOW + timedelta(minutes=9)).timestamp())
    assert "future" in refused(office.authenticator(), token)


def test_raising_tokens_valid_from_revokes_earlier_tokens_within_two_seconds(office: TokenOffice, clock: Clock) -> None:
    authenticator, token = office.authenticator(), office.token(account="a1")
    authenticator.authenticate(token)
    clock.forward(seconds=10)
    office.standings["a1"] = Standing(tokens_valid_from=clock.now)
    clock.forward(seconds=2)
    assert "revoked" in refused(authenticator, token)
    authenticator.authenticate(office.token(account="a1"))


def test_a_token_issued_at_the_very_instant_of_the_revocation_counts(office: TokenOffice, clock: Clock) -> None:
    clock.now = NOW.replace(microsecond=123_456)
    office.standings["a1"] = Standing(tokens_valid_from=clock.now)
    office.authenticator().authenticate(office.token(account="a1"))


def test_a_disabled_account_is_out_with_every_token(office: TokenOffice) -> None:
    office.standings["a1"] = Standing(tokens_valid_from=NOW - timedelta(days=9), disabled=True)
    assert "revoked" in refused(office.authenticator(), office.token(account="a1"))


def test_a_token_of_another_issuer_or_for_another_audience_does_not_count(office: TokenOffice) -> None:
    authenticator = office.authenticator()
    assert "another system" in refused(authenticator, office.token(iss="someone else"))
    assert "another system" in refused(authenticator, office.token(aud="someone else"))


def test_a_token_of_a_key_that_members_never_published_does_not_count(office: TokenOffice) -> None:
    stranger = TokenOffice(RIGHTS, now=office.now)
    assert "not valid" in refused(office.authenticator(), stranger.token())  # the same key id, another key
    stranger.key = new_signing_key("other-id")
    assert "unknown key" in refused(office.authenticator(), stranger.token())


@pytest.mark.parametrize("algorithm", ["none", "None", "HS256", "ES384", "RS256"])
def test_no_other_algorithm_is_believed(office: TokenOffice, algorithm: str) -> None:
    _, payload, signature = office.token().split(".")
    head = part({"alg": algorithm, "kid": "test-key", "typ": "JWT"})
    public_key = json.dumps(public_part(office.key)).encode()
    forged = hmac.new(public_key, f"{head}.{payload}".encode(), hashlib.sha256).digest()
    signed_with_the_public_key = base64.urlsafe_b64encode(forged).decode().rstrip("=")
    for tail in ("", signature, signed_with_the_public_key):
        refused(office.authenticator(), f"{head}.{payload}.{tail}")


@pytest.mark.parametrize(
    "token", ["", "x", "a.b.c", "..", "é.é.é", "\ud800", "a" * 9_000, "e30.e30.", "eyJhbGciOiJub25lIn0.e30."]
)
def test_what_is_no_token_is_refused_without_an_error_of_ours(office: TokenOffice, token: str) -> None:
    refused(office.authenticator(), token)


def test_a_changed_claim_breaks_the_signature(office: TokenOffice) -> None:
    head, payload, signature = office.token(account="a1").split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    refused(office.authenticator(), f"{head}.{part(claims | {'sub': 'a2'})}.{signature}")


def test_a_key_counts_from_its_first_to_its_last_instant_and_goes_when_it_is_withdrawn(
    office: TokenOffice, clock: Clock
) -> None:
    published: list[VerificationKey] = [
        VerificationKey("test-key", public_part(office.key), NOW + timedelta(hours=1), NOW + timedelta(hours=2))
    ]
    authenticator = Authenticator(
        keys=lambda: published,
        revocations=lambda _: None,
        issuer=ISSUER,
        rights=RIGHTS,
        clock=clock.seconds,
    )
    token = office.token(lifetime=timedelta(days=1))
    refused(authenticator, token)
    clock.forward(hours=1)
    authenticator.authenticate(token)
    clock.forward(minutes=59)
    published.clear()
    clock.forward(seconds=2)
    refused(authenticator, token)


def test_keys_and_standings_are_asked_at_most_every_two_seconds(office: TokenOffice, clock: Clock) -> None:
    asked: list[str] = []

    def keys() -> Sequence[VerificationKey]:
        asked.append("keys")
        return office.verification_keys()

    def standing(account: str, /) -> Standing | None:
        asked.append(account)
        return None

    authenticator = Authenticator(keys=keys, revocations=standing, issuer=ISSUER, rights=RIGHTS, clock=clock.seconds)
    token = office.token(account="a1")
    for _ in range(10):
        authenticator.authenticate(token)
    assert asked == ["keys", "a1"]
    clock.forward(seconds=2)
    authenticator.authenticate(token)
    assert asked == ["keys", "a1", "keys", "a1"]


def test_when_the_standing_cannot_be_read_nobody_is_let_in(office: TokenOffice) -> None:
    def away(_: str, /) -> Standing | None:
        raise Unavailable("MongoDB: AutoReconnect")

    authenticator = Authenticator(
        keys=office.verification_keys, revocations=away, issuer=ISSUER, rights=RIGHTS, clock=NOW.timestamp
    )
    with pytest.raises(Unavailable):
        authenticator.authenticate(office.token())


GRAMMAR = Rights(
    posts={"secretary": ["meetings.convene@unit_and_below"], "committee": ["tasks.read@portfolio"]},
    everyone=["tasks.do@self", "units.read@unit"],
    partner_scopes=["meetings.read"],
)


def of(*grants: Any, person: str | None = "p1", portfolios: Sequence[Any] = ()) -> Principal:
    office = TokenOffice(GRAMMAR, now=lambda: NOW)
    token = office.token(account="a1", person=person, grants=grants, portfolios=portfolios)
    return office.authenticator().authenticate(token)


def may(principal: Principal, verb: str, *path: str, people: Sequence[str] = (), on: date = TODAY) -> bool:
    return permits(principal, verb, Target(path, frozenset(people)), on)


def test_a_post_gives_what_the_grammar_says_on_its_days() -> None:
    secretary = of(post("secretary", "commune", starts=date(2026, 3, 1), ends=date(2026, 4, 1)))
    assert may(secretary, "meetings.convene", "city", "commune", "branch")
    assert not may(secretary, "meetings.convene", "city", "other")
    assert not may(secretary, "meetings.convene", "city", "commune", on=date(2026, 4, 1))
    assert not may(secretary, "meetings.convene", "city", "commune", on=date(2026, 2, 28))


def test_a_portfolio_gives_the_branches_in_charge() -> None:
    member = of(post("committee", "commune"), portfolios=[in_charge_of("branch-2")])
    assert may(member, "tasks.read", "commune", "branch-2")
    assert not may(member, "tasks.read", "commune", "branch-1")
    assert member.portfolios == (Portfolio("branch-2"),)


def test_everyone_acts_for_himself_and_reads_the_own_unit() -> None:
    youth = of(belongs_to("branch-1"))
    assert may(youth, "tasks.do", people=["p1"])
    assert not may(youth, "tasks.do", people=["p2"])
    assert may(youth, "units.read", "commune", "branch-1")
    assert not may(youth, "units.read", "commune")
    assert not any(grant.scope is Scope.UNIT_AND_BELOW for grant in youth.grants)


def test_a_partner_has_its_verbs_at_its_unit_and_nothing_of_a_person() -> None:
    partner = of(partner_verbs("commune", "meetings.read", "tasks.do", "meetings.convene"), person=None)
    assert may(partner, "meetings.read", "city", "commune", "branch")
    assert not may(partner, "meetings.read", "city")
    assert {grant.verb for grant in partner.grants} == {"meetings.read"}


def test_a_partner_that_claims_a_post_does_not_get_it() -> None:
    assert of(post("secretary", "commune"), person=None).grants == ()


def test_an_unknown_post_gives_nothing_of_its_own() -> None:
    assert not may(of(post("emperor", "commune")), "meetings.convene", "commune")


APP, _, APP_OFFICE = notices_app()


def routes_that_need_a_token() -> Iterator[tuple[str, str]]:
    for rule in APP.url_map.iter_rules():
        if not is_public(APP.view_functions[rule.endpoint]):
            for method in sorted(rule.methods or ()):
                yield method, rule.rule.replace("<id>", "0190a1b2-0000-7000-8000-000000000001")


def test_every_route_needs_a_token_unless_it_is_marked_public() -> None:
    open_to_all = {rule.rule for rule in APP.url_map.iter_rules() if is_public(APP.view_functions[rule.endpoint])}
    assert open_to_all == {
        "/livez",
        "/readyz",
        "/metrics",
        "/openapi",
        "/openapi/openapi.json",
        "/openapi/start.js",
        "/openapi/ui/<kind>/<name>",
        "/v1/sign-in",
    }
    assert len(list(routes_that_need_a_token())) >= 10


@pytest.mark.parametrize("authorization", [None, "", "Bearer", "Bearer ", "Basic YTpi", "Bearer x.y.z", "bearer\t"])
def test_without_a_token_every_route_answers_401_and_no_more(authorization: str | None) -> None:
    nobody = ApiClient(APP)
    headers = {} if authorization is None else {"Authorization": authorization}
    for method, path in routes_that_need_a_token():
        answer = nobody.call(method, path, headers=headers)
        assert answer.status_code == 401, (method, path)
        assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="nhipdoan"')


def test_public_in_the_wrong_place_is_an_error_and_not_an_open_door() -> None:
    def view() -> None: ...

    view.view = view  # type: ignore[attr-defined]  # as the route's decorator does
    with pytest.raises(TypeError):
        public(view)


def test_the_token_of_a_signed_in_caller_opens_the_list() -> None:
    assert APP_OFFICE.client(APP, person="p1", grants=[post("secretary", UNIT)]).get("/v1/notices").status_code == 200
