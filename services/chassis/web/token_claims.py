"""What a token says, and what its claims allow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from chassis.permissions import Grant, Portfolio, Principal, Scope

AUDIENCE = "nhipdoan"


class GrantClaim(BaseModel):
    """One post, membership or partner right: unit `u`, post key `p` or verbs `v`, on the days of `[f, t)`.

    Neither `p` nor `v`: the person belongs to the unit, and what everyone may do with scope `unit` holds there.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    u: str
    p: str | None = None
    v: tuple[str, ...] | None = None
    f: date | None = None
    t: date | None = None


class PortfolioClaim(BaseModel):
    """A branch `b` that the person is in charge of on the days of `[f, t)`."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    b: str
    f: date | None = None
    t: date | None = None


class TokenClaims(BaseModel):
    """The claims of an access token. `iat` and `exp` are seconds since the epoch; `iat` keeps its fraction."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    iss: str
    aud: str = AUDIENCE
    sub: str
    """Account id."""
    person: str | None = None
    """Person id; absent for a partner's client."""
    grants: tuple[GrantClaim, ...] = ()
    portfolios: tuple[PortfolioClaim, ...] = ()
    iat: float = Field(allow_inf_nan=False)
    exp: float = Field(allow_inf_nan=False)
    jti: str


def read_claims(payload: bytes) -> TokenClaims:
    """Raises ValueError when the payload is not a token's claims."""
    try:
        return TokenClaims.model_validate_json(payload)
    except ValidationError as error:
        raise ValueError("not the claims of a token") from error


@dataclass(frozen=True)
class Rights:
    """What the grammar says that claims allow. Permissions are written ``verb@scope``.

    posts           permissions of each post key
    everyone        permissions of everyone with a person's account
    partner_scopes  verbs a partner's client may be given; always on its unit and below
    """

    posts: Mapping[str, Sequence[str]] = field(default_factory=dict)
    everyone: Sequence[str] = ()
    partner_scopes: Iterable[str] = ()

    def principal(self, claims: TokenClaims) -> Principal:
        """The principal that these claims make. Unknown posts and verbs give nothing."""
        grants: list[Grant] = []
        if claims.person is not None:
            grants.extend(self._of_everyone(claims.grants))
        allowed = frozenset(self.partner_scopes)
        for claim in claims.grants:
            if claim.p is not None and claims.person is not None:
                grants.extend(_granted(written, claim) for written in self.posts.get(claim.p, ()))
            grants.extend(
                Grant(verb, Scope.UNIT_AND_BELOW, claim.u, claim.f, claim.t)
                for verb in claim.v or ()
                if verb in allowed
            )
        portfolios = tuple(Portfolio(claim.b, claim.f, claim.t) for claim in claims.portfolios)
        return Principal(claims.sub, claims.person, tuple(dict.fromkeys(grants)), portfolios)

    def _of_everyone(self, claims: Sequence[GrantClaim]) -> Iterable[Grant]:
        for written in self.everyone:
            verb, _, scope = written.partition("@")
            if Scope(scope) is Scope.SELF:
                yield Grant(verb, Scope.SELF)
            else:
                yield from (_granted(written, claim) for claim in claims)


def _granted(written: str, claim: GrantClaim) -> Grant:
    verb, _, scope = written.partition("@")
    return Grant(verb, Scope(scope), claim.u, claim.f, claim.t)
