"""Makes what `authentication` verifies: signing keys and signed tokens. Only members uses it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from joserfc import jws
from joserfc.jwk import ECKey

from chassis.web.token_claims import TokenClaims


def new_signing_key(key_id: str) -> dict[str, Any]:
    """A private JWK (ES256, P-256) with this `kid`. Keep it encrypted."""
    key = ECKey.generate_key("P-256", {"kid": key_id, "alg": "ES256", "use": "sig"}, private=True)
    return dict(key.as_dict(private=True))


def public_part(private_jwk: Mapping[str, Any]) -> dict[str, Any]:
    """The JWK that may be shown to everyone: it verifies and can't sign."""
    return {name: value for name, value in private_jwk.items() if name != "d"}


def sign(claims: TokenClaims, private_jwk: Mapping[str, Any]) -> str:
    """The token that says `claims`, signed with ES256."""
    header = {"alg": "ES256", "typ": "JWT", "kid": private_jwk["kid"]}
    payload = claims.model_dump_json(exclude_none=True)
    return jws.serialize_compact(header, payload, ECKey.import_key(dict(private_jwk)), algorithms=["ES256"])


def seconds(instant: datetime) -> float:
    """An instant as `iat` and `exp` carry it: seconds since the epoch, with microseconds."""
    return instant.timestamp()
