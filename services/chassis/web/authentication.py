"""Who calls? Verifies members' signed tokens offline and turns their claims into a `Principal`.

Tokens are ES256 JWTs (RFC 7519). A verified signature is remembered until the token expires or its key goes; whether
the token was revoked is asked anew, at most `REFRESH_SECONDS` old.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar

from flask import g
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from chassis.permissions import Principal
from chassis.web.problems import ProblemRaised
from chassis.web.sent_headers import sent_header
from chassis.web.token_claims import AUDIENCE, Rights, TokenClaims, read_claims

REFRESH_SECONDS = 2.0
"""How old what we know of keys and revocations may be."""

_REMEMBERED = 10_000
_CLOCK_SKEW_SECONDS = 30
_ALGORITHM = "ES256"
_MAX_TOKEN_LENGTH = 8_000


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """A public key (JWK) that verifies tokens of `key_id` on the instants of `[not_before, expires)`."""

    key_id: str
    jwk: Mapping[str, Any]
    not_before: datetime
    expires: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """From when on an account's tokens count, and whether they count at all."""

    tokens_valid_from: datetime
    disabled: bool = False


class SigningKeys(Protocol):
    """Where a service finds members' public keys: in its own read model."""

    def __call__(self) -> Sequence[VerificationKey]:
        """Every key known now. May raise Unavailable."""


class Revocations(Protocol):
    """Where a service finds an account's standing: in its own read model."""

    def __call__(self, account_id: str, /) -> Standing | None:
        """None for an account not heard of yet: its token is signed, so it counts. May raise Unavailable."""


T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])


class Authenticator:
    """Tokens to principals. Safe for threads.

    issuer   the `iss` that tokens must carry
    rights   what each post, everyone and partner clients may do, from the grammar
    clock    seconds since the epoch
    """

    def __init__(
        self,
        *,
        keys: SigningKeys,
        revocations: Revocations,
        issuer: str,
        rights: Rights,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._issuer, self._rights, self._clock = issuer, rights, clock
        self._keys = _Fresh(lambda _: {key.key_id: _imported(key) for key in keys()}, clock, room=1)
        self._standings = _Fresh(revocations, clock, room=_REMEMBERED)
        self._verified: OrderedDict[str, tuple[TokenClaims, Principal, str, object]] = OrderedDict()
        self._lock = threading.Lock()

    def authenticate(self, token: str) -> Principal:
        """The principal of a token. Raises ProblemRaised 401 when it does not count; Unavailable when it can't tell."""
        now = self._clock()
        keys = self._keys.of("")
        known = self._verified.get(token)
        if known is None or keys.get(known[2]) is None or known[3] != keys[known[2]].identity:
            known = self._verify(token, keys)
        claims, principal, key_id, _ = known
        key = keys[key_id]
        if not key.not_before <= now < key.expires:
            raise unauthenticated("the key that signed this token is not in use", "Khóa ký của mã truy cập đã hết hạn")
        if claims.exp <= now:
            raise unauthenticated("the token has expired", "Mã truy cập đã hết hạn")
        if claims.iat > now + _CLOCK_SKEW_SECONDS:
            raise unauthenticated("the token was issued in the future", "Mã truy cập có thời điểm cấp trong tương lai")
        standing = self._standings.of(claims.sub)
        if standing is not None and (standing.disabled or claims.iat < standing.tokens_valid_from.timestamp()):
            raise unauthenticated("the token was revoked", "Mã truy cập đã bị thu hồi")
        return principal

    def _verify(self, token: str, keys: Mapping[str, _Key]) -> tuple[TokenClaims, Principal, str, object]:
        if len(token) > _MAX_TOKEN_LENGTH:
            raise unauthenticated("the token is too long", "Mã truy cập quá dài")
        try:
            key_id = str(jws.extract_compact(token.encode()).headers().get("kid", ""))
            key = keys.get(key_id)
            if key is None:
                raise unauthenticated(
                    "the token is signed with an unknown key", "Mã truy cập không do hệ thống này cấp"
                )
            # Only ES256 is ever accepted: `none` and HS256 with the public key as secret end here.
            payload = jws.deserialize_compact(token, key.key, algorithms=[_ALGORITHM]).payload
            claims = read_claims(payload)
        except (JoseError, ValueError) as error:
            raise unauthenticated("the token is not valid", "Mã truy cập không hợp lệ") from error
        if claims.iss != self._issuer or claims.aud != AUDIENCE:
            raise unauthenticated("the token is for another system", "Mã truy cập dành cho hệ thống khác")
        verified = (claims, self._rights.principal(claims), key_id, key.identity)
        with self._lock:
            self._verified[token] = verified
            while len(self._verified) > _REMEMBERED:
                self._verified.popitem(last=False)
        return verified


@dataclass(frozen=True, slots=True)
class _Key:
    key: ECKey
    not_before: float
    expires: float
    identity: object


def _imported(key: VerificationKey) -> _Key:
    public = {name: value for name, value in key.jwk.items() if name != "d"}
    return _Key(
        ECKey.import_key(public),
        key.not_before.timestamp(),
        key.expires.timestamp(),
        (public.get("x"), public.get("y"), public.get("crv")),
    )


class _Fresh:
    """Answers of `ask`, kept for REFRESH_SECONDS. When asking fails, the failure goes to the caller."""

    def __init__(self, ask: Callable[[str], Any], clock: Callable[[], float], *, room: int) -> None:
        self._ask, self._clock, self._room = ask, clock, room
        self._answers: OrderedDict[str, tuple[float, Any]] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, name: str) -> Any:
        kept = self._answers.get(name)
        now = self._clock()
        if kept is not None and 0 <= now - kept[0] < REFRESH_SECONDS:
            return kept[1]
        answer = self._ask(name)
        with self._lock:
            self._answers[name] = (now, answer)
            self._answers.move_to_end(name)
            while len(self._answers) > self._room:
                self._answers.popitem(last=False)
        return answer


def unauthenticated(en: str, vi: str) -> ProblemRaised:
    """401 with the challenge that RFC 6750 asks for."""
    return ProblemRaised(
        401,
        "unauthenticated",
        vi=f"{vi}; hãy đăng nhập lại.",
        en=f"Sign in again: {en}.",
        headers={"WWW-Authenticate": 'Bearer realm="nhipdoan", error="invalid_token"'},
    )


def bearer_token() -> str:
    """The token of the request's Authorization header. Raises ProblemRaised 401 when there is none."""
    scheme, _, token = (sent_header("HTTP_AUTHORIZATION") or "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise ProblemRaised(
            401,
            "unauthenticated",
            vi="Hãy đăng nhập: yêu cầu này cần mã truy cập trong tiêu đề Authorization.",
            en="Sign in: this request needs a bearer token in its Authorization header.",
            headers={"WWW-Authenticate": 'Bearer realm="nhipdoan"'},
        )
    return token.strip()


def public(view: F) -> F:
    """Mark a route as open to everyone. Stands *below* the route's decorator; every other route needs a token."""
    if hasattr(view, "view"):
        raise TypeError("@public must stand below the route's decorator")
    view.is_public = True  # type: ignore[attr-defined]  # read by the app for each route
    return view


def is_public(view: Callable[..., Any]) -> bool:
    return bool(getattr(view, "is_public", False))


def principal() -> Principal:
    """Who makes this request. Raises LookupError on a public route."""
    found: Principal | None = g.get("principal")
    if found is None:
        raise LookupError("this route is public: nobody is signed in")
    return found
