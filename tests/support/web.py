"""What the services' tests need of the web: tokens of a member that every app believes, and clients that carry them.

office = TokenOffice(Rights(posts={"commune_secretary": ["meetings.convene@unit_and_below"]}))
app = create_app(..., authenticator=office.authenticator())
secretary = office.client(app, person="p-1", grants=[post("commune_secretary", "u-1")])
answer = secretary.post("/v1/meetings", json={...})
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import jsonschema
from flask import Flask
from schemathesis import Case
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import negative_data_rejection
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.test import Client, TestResponse, encode_multipart

from chassis.context import new_uuid7
from chassis.web.authentication import Authenticator, Standing, VerificationKey
from chassis.web.token_claims import AUDIENCE, GrantClaim, PortfolioClaim, Rights, TokenClaims
from chassis.web.tokens import new_signing_key, public_part, seconds, sign

ISSUER = "nhipdoan-members"


def post(key: str, unit: str, *, starts: date | None = None, ends: date | None = None) -> GrantClaim:
    """A post held at a unit."""
    return GrantClaim(u=unit, p=key, f=starts, t=ends)


def belongs_to(unit: str) -> GrantClaim:
    """A membership: what everyone may do with scope `unit` holds there."""
    return GrantClaim(u=unit)


def partner_verbs(unit: str, *verbs: str) -> GrantClaim:
    """What a partner's client was given at a unit."""
    return GrantClaim(u=unit, v=verbs)


def in_charge_of(branch: str) -> PortfolioClaim:
    return PortfolioClaim(b=branch)


class TokenOffice:
    """Issues tokens as members does, with a key of its own, and makes authenticators that know it."""

    def __init__(self, rights: Rights | None = None, *, now: Callable[[], datetime] | None = None) -> None:
        self.rights = rights or Rights()
        self.now = now or (lambda: datetime.now(UTC))
        self.key = new_signing_key("test-key")
        self.standings: dict[str, Standing] = {}

    def verification_keys(self) -> Sequence[VerificationKey]:
        now = self.now()
        return [
            VerificationKey("test-key", public_part(self.key), now - timedelta(days=3650), now + timedelta(days=3650))
        ]

    def authenticator(self) -> Authenticator:
        return Authenticator(
            keys=self.verification_keys,
            revocations=self.standings.get,
            issuer=ISSUER,
            rights=self.rights,
            clock=lambda: self.now().timestamp(),
        )

    def token(
        self,
        *,
        account: str | None = None,
        person: str | None = None,
        grants: Iterable[GrantClaim] = (),
        portfolios: Iterable[PortfolioClaim] = (),
        lifetime: timedelta = timedelta(minutes=15),
        **changed: Any,
    ) -> str:
        """A token; `changed` replaces claims (`iss=`, `aud=`, `iat=`, `exp=`)."""
        now = self.now()
        claims: dict[str, Any] = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": account or f"account-of-{person or 'nobody'}",
            "person": person,
            "grants": tuple(grants),
            "portfolios": tuple(portfolios),
            "iat": seconds(now),
            "exp": seconds(now + lifetime),
            "jti": new_uuid7(),
        }
        return sign(TokenClaims(**(claims | changed)), self.key)

    def client(self, app: Flask, **who: Any) -> ApiClient:
        """A client that is signed in as the person or partner that `token` takes."""
        return ApiClient(app, self.token(**who))


class ApiClient:
    """Calls an app as one caller; each POST gets an Idempotency-Key of its own unless one is given."""

    def __init__(self, app: Flask, token: str | None = None) -> None:
        self._client: Client = app.test_client()
        self._token = token
        self._keys = itertools.count(1)
        self._name = new_uuid7()

    def get(self, path: str, **options: Any) -> TestResponse:
        return self.call("GET", path, **options)

    def post(self, path: str, **options: Any) -> TestResponse:
        return self.call("POST", path, **options)

    def put(self, path: str, **options: Any) -> TestResponse:
        return self.call("PUT", path, **options)

    def patch(self, path: str, **options: Any) -> TestResponse:
        return self.call("PATCH", path, **options)

    def delete(self, path: str, **options: Any) -> TestResponse:
        return self.call("DELETE", path, **options)

    def call(self, method: str, path: str, *, headers: Mapping[str, str] | None = None, **options: Any) -> TestResponse:
        said = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        if method == "POST":
            said["Idempotency-Key"] = f"{self._name}-{next(self._keys)}"
        if isinstance(options.get("data"), dict):
            boundary, options["data"] = encode_multipart(_form(options["data"]))
            options["content_type"] = f"multipart/form-data; boundary={boundary}"
        return self._client.open(path, method=method, headers=said | dict(headers or {}), **options)


def _form(fields: Mapping[str, Any]) -> MultiDict[str, Any]:
    """A form in memory: `(stream, file name)` is a file. Werkzeug's own client leaves a temporary file open."""
    return MultiDict(
        (name, FileStorage(value[0], filename=value[1], name=name) if isinstance(value, tuple) else value)
        for name, value in fields.items()
    )


def schemathesis_config() -> SchemathesisConfig:
    """All of schemathesis' checks but one: that every request which fits the schema is accepted. Rules refuse more."""
    checks = {"positive_data_acceptance": {"enabled": False}}
    return SchemathesisConfig.from_dict(
        {"checks": checks, "generation": {"allow-x00": True, "with-security-parameters": False}}
    )


def call_and_check(case: Case[Any], token: str) -> None:
    """Sends a case that schemathesis made, and checks the answer against the document.

    In a form everything is text: schemathesis writes a number there as text, which is then no wrong type.
    """
    lenient: Any = [negative_data_rejection] if case.media_type == "multipart/form-data" else []
    case.call_and_validate(headers={"Authorization": f"Bearer {token}"}, excluded_checks=lenient)


def examples_that_lie(document: Mapping[str, Any]) -> list[str]:
    """Examples in an OpenAPI document that do not fit their schema, each with why; empty when all fit."""
    wrong: list[str] = []
    for where, media in _media_types(document):
        schema = {**media.get("schema", {}), "components": document.get("components", {})}
        validator = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())
        for name, shown in media.get("examples", {}).items():
            wrong += [
                f"{where} {name}: {error.json_path} {error.message}" for error in validator.iter_errors(shown["value"])
            ]
    return wrong


def calls_without_example(document: Mapping[str, Any]) -> list[str]:
    """Operations that show no example of their JSON request, or of their JSON answer."""
    return [where for where, media in _media_types(document) if not media.get("examples")]


def _media_types(document: Mapping[str, Any]) -> Iterable[tuple[str, Mapping[str, Any]]]:
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            where = f"{method.upper()} {path}"
            asked = operation.get("requestBody", {}).get("content", {}).get("application/json")
            if asked is not None:
                yield f"{where} request", asked
            for status, answer in operation["responses"].items():
                told = answer.get("content", {}).get("application/json")
                if status.startswith("2") and told is not None:
                    yield f"{where} {status}", told
