"""What members tells the others as state: the whole latest truth about one thing, with its version."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any, ClassVar

from contracts.model import Contract, Part


class UnitFacts(Part):
    """What a unit was called and where it stood on the days of `[starts, ends)`; `ends` None is “until further
    notice”. `kind` is a key of grammar.yaml."""

    name: str
    short_name: str
    """For SMS: at most 30 characters, e.g. `Chi doan Trung Ha` before folding."""
    code: str | None = None
    kind: str
    parent_id: str | None = None
    starts: date
    ends: date | None = None
    decision: str | None = None
    """Number and date of the decision, e.g. `1659/NQ-UBTVQH15 ngày 16/06/2025`."""


class UnitState(Contract):
    """A unit with all its dated facts. `path` is the ids from the root down to this unit as the tree stands now."""

    TYPE: ClassVar[str] = "vn.nhipdoan.members.unit.state.v1"
    TOPIC: ClassVar[str] = "members.units.v1"
    AGGREGATE: ClassVar[str] = "unit"

    unit_id: str
    version: int
    facts: list[UnitFacts]
    path: list[str]
    clusters: tuple[str, ...] = ()
    """Ids of the clusters (cụm) the unit belongs to; clusters are units of kind `cluster`."""
    pilot: bool = False
    """A branch that the commune leads first (chi đoàn chỉ đạo điểm)."""
    meets_every_months: int = 1
    """1, or 3 where the upper level allowed it (Charter 2022 art. 17)."""
    predecessors: tuple[str, ...] = ()
    successors: tuple[str, ...] = ()


class Membership(Part):
    """`kind`: `member` (đoàn viên) or `youth` (thanh niên ngoài Đoàn) of a branch, on the days of `[starts, ends)`."""

    unit_id: str
    kind: str
    starts: date
    ends: date | None = None


class PersonState(Contract):
    """A person's name and memberships. Personal data; no way to reach the person is in it."""

    TYPE: ClassVar[str] = "vn.nhipdoan.members.person.state.v1"
    TOPIC: ClassVar[str] = "members.people.v1"
    AGGREGATE: ClassVar[str] = "person"

    person_id: str
    version: int
    full_name: str
    sort_key: str
    """Sorts by given name, then by the rest, folded: `an nguyen van`."""
    memberships: list[Membership]
    works_away: bool = False
    """Said to be away for work or study."""


class ContactChannel(StrEnum):
    SMS = "sms"
    EMAIL = "email"


class ContactPoint(Part):
    """A way to reach a person. SMS addresses are E.164; e-mail addresses are lower-case."""

    channel: ContactChannel
    address: str
    verified_on: date | None = None


class ContactState(Contract):
    """How to reach a person and what the person refused. Published for every person, also one without any contact."""

    TYPE: ClassVar[str] = "vn.nhipdoan.members.contact.state.v1"
    TOPIC: ClassVar[str] = "members.contacts.v1"
    AGGREGATE: ClassVar[str] = "person"

    person_id: str
    version: int
    full_name: str
    greeting: str
    """How messages address the person: `bạn`, `đồng chí`."""
    points: list[ContactPoint]
    refused: tuple[ContactChannel, ...] = ()
    """Channels the person opted out of."""
    unit_ids: tuple[str, ...] = ()
    """Branches the person belongs to now; decides who may read what became of the messages."""


class PostState(Contract):
    """Who holds which post where, `[starts, ends)`. `post` is a key of grammar.yaml; a vacant post has no state."""

    TYPE: ClassVar[str] = "vn.nhipdoan.members.post.state.v1"
    TOPIC: ClassVar[str] = "members.posts.v1"
    AGGREGATE: ClassVar[str] = "post"

    post_id: str
    version: int
    person_id: str
    unit_id: str
    post: str
    basis: str
    """`elected` (bầu), `appointed` (chỉ định) or `confirmed` (chuẩn y)."""
    decision: str | None = None
    starts: date
    ends: date | None = None


class PortfolioState(Contract):
    """Which committee member is in charge (phụ trách) of which branch, `[starts, ends)`."""

    TYPE: ClassVar[str] = "vn.nhipdoan.members.portfolio.state.v1"
    TOPIC: ClassVar[str] = "members.portfolios.v1"
    AGGREGATE: ClassVar[str] = "portfolio"

    portfolio_id: str
    version: int
    person_id: str
    commune_id: str
    branch_id: str
    starts: date
    ends: date | None = None


class AccountState(Contract):
    """From when on an account's tokens count. Raising `tokens_valid_from` revokes every token issued before it."""

    TYPE: ClassVar[str] = "vn.nhipdoan.members.account.state.v1"
    TOPIC: ClassVar[str] = "members.accounts.v1"
    AGGREGATE: ClassVar[str] = "account"

    account_id: str
    version: int
    tokens_valid_from: datetime
    disabled: bool = False


class SigningKeyState(Contract):
    """A public key (JWK, ES256) that verifies tokens until `expires`."""

    TYPE: ClassVar[str] = "vn.nhipdoan.members.signing-key.state.v1"
    TOPIC: ClassVar[str] = "members.signing-keys.v1"
    AGGREGATE: ClassVar[str] = "signing-key"

    key_id: str
    version: int
    jwk: dict[str, Any]
    not_before: datetime
    expires: datetime
