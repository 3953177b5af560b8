"""`/v1/token` signs people and partner clients in (OAuth 2.0, RFC 6749); `/.well-known/jwks.json` verifies it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, NoReturn

from flask import Response
from pydantic import BaseModel, Field

from chassis.context import Context
from chassis.outcome import Outcome
from chassis.web.app import blueprint, example, public
from chassis.web.commands import Reply, run_command, run_query
from chassis.web.languages import Sentence
from chassis.web.problems import FieldError, ProblemRaised
from chassis.web.rate_limits import caller_address
from chassis.web.requests import invalid
from members.application.issue_token import Issued, for_client, for_password, for_refresh_token
from members.application.rotate_signing_keys import verifying_keys
from members.domain.names import folded
from members.web.parts import outside, store

tokens = blueprint("tokens", "/v1/token", tag="sign-in", about="Đăng nhập")
jwks = blueprint("jwks", "/.well-known", tag="sign-in", about="Đăng nhập")

_REFUSED: dict[int | str, Any] = {401: {"$ref": "#/components/responses/Problem401"}}


class TokenForm(BaseModel):
    """What signs in, by `grant_type`: username and password; a refresh token; or a client's id and secret."""

    grant_type: Literal["password", "refresh_token", "client_credentials"]
    username: str | None = Field(default=None, max_length=80)
    password: str | None = Field(default=None, max_length=200)
    refresh_token: str | None = Field(default=None, max_length=200)
    client_id: str | None = Field(default=None, max_length=80)
    client_secret: str | None = Field(default=None, max_length=200)
    scope: str | None = Field(default=None, max_length=500, description="For clients: fewer scopes, by spaces")


class TokenView(BaseModel):
    """A bearer token for all services, and for people the refresh token that gets the next one, once."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105  the scheme's name
    expires_in: int = Field(description="Seconds")
    refresh_token: str | None = None
    scope: str | None = None


class KeysView(BaseModel):
    """Public keys (RFC 7517) that verify tokens now or soon."""

    keys: list[dict[str, Any]]


_TOKEN_EXAMPLE = TokenView(
    access_token="eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6Ii4uLiJ9.e30.c2lnbmF0dXJl",  # noqa: S106  an example
    expires_in=600,
    refresh_token="dIiX1fcCDRhcWV5kmaT2R7gCYTRVOoE9s6CnLOSCM3o",  # noqa: S106  an example
)


@tokens.post("", summary="Sign in", responses={200: TokenView, **_REFUSED})
@public
@example(response=_TOKEN_EXAMPLE)
def sign_in(form: TokenForm) -> Response:
    """`application/x-www-form-urlencoded` or multipart. Refused alike whether the name or the password is wrong.

    Tries are bounded per address, and per name since it last succeeded: 429 says how long to wait. No Idempotency-Key
    is looked at.
    """
    outside().by_address.spend(caller_address())
    answer = {"password": _password, "refresh_token": _refresh, "client_credentials": _client}[form.grant_type]
    issued: list[Issued | None] = []

    def decide(context: Context) -> Outcome[Issued | None]:
        outcome = answer(context, form)
        issued[:] = [outcome.result]
        return outcome

    response = run_command(decide, _told)
    if issued[0] is None:  # what a refused try changed is committed by now
        _refuse()
    response.headers["Cache-Control"] = "no-store"
    return response


@jwks.get("/jwks.json", summary="Keys that verify tokens", responses={200: KeysView})
@public
@example(response={"keys": [{"kty": "EC", "crv": "P-256", "kid": "0190…", "x": "…", "y": "…", "use": "sig"}]})
def keys() -> Response:
    """Also those that will sign soon. Services in this system read them from Kafka instead."""
    response = run_query(lambda context: Reply(KeysView(keys=[key.public for key in verifying_keys(context, store())])))
    response.headers["Cache-Control"] = "public, max-age=300"
    return response


def _password(context: Context, form: TokenForm) -> Outcome[Issued | None]:
    username, password = _required(form, "username", "password")
    return _tried(
        folded(username),
        lambda: for_password(context, store(), outside().issuer, username=username, password=password),
    )


def _refresh(context: Context, form: TokenForm) -> Outcome[Issued | None]:
    (token,) = _required(form, "refresh_token")
    return for_refresh_token(context, store(), outside().issuer, refresh_token=token)


def _client(context: Context, form: TokenForm) -> Outcome[Issued | None]:
    client_id, secret = _required(form, "client_id", "client_secret")
    scopes = form.scope.split() if form.scope is not None else None
    return _tried(
        client_id,
        lambda: for_client(context, store(), outside().issuer, client_id=client_id, secret=secret, scopes=scopes),
    )


def _tried(name: str, sign_in: Callable[[], Outcome[Issued | None]]) -> Outcome[Issued | None]:
    """One try for this name; those before a right one count no longer, so that only who guesses is told to wait."""
    outside().by_name.spend(name)
    outcome = sign_in()
    if outcome.result is not None:
        outside().by_name.forget(name)
    return outcome


def _required(form: TokenForm, *names: str) -> list[str]:
    """The values of these fields. Raises ProblemRaised 422 naming each that is missing."""
    absent = [name for name in names if not getattr(form, name)]
    if absent:
        raise invalid([FieldError(f"/{name}", "missing", _MISSING) for name in absent])
    return [getattr(form, name) for name in names]


_MISSING = Sentence("Thiếu thông tin này.", "This is missing for this grant_type.")


def _told(issued: Issued | None) -> Reply:
    if issued is None:
        return Reply(status=401)
    return Reply(
        TokenView(
            access_token=issued.access_token,
            expires_in=issued.expires_in,
            refresh_token=issued.refresh_token,
            scope=issued.scope,
        )
    )


def _refuse() -> NoReturn:
    raise ProblemRaised(
        401,
        "invalid-grant",
        vi="Không đăng nhập được: tên, mật khẩu hoặc mã không đúng, hoặc tài khoản đã khóa.",
        en="Not signed in: the name, password, token or secret is not right, or the account is closed.",
        headers={"WWW-Authenticate": 'Bearer realm="nhipdoan"', "Cache-Control": "no-store"},
    )
