"""What happened in members: ids and facts, no personal data."""

from __future__ import annotations

from datetime import date
from typing import ClassVar

from contracts.model import Contract


class PeopleImported(Contract):
    """An import was confirmed and carried out to its end."""

    TYPE: ClassVar[str] = "vn.nhipdoan.members.people.imported.v1"
    TOPIC: ClassVar[str] = "members.events.v1"
    AGGREGATE: ClassVar[str] = "import"

    import_id: str
    unit_id: str
    created: int
    changed: int
    left_out: int


class PostFilled(Contract):
    """A person took up a post."""

    TYPE: ClassVar[str] = "vn.nhipdoan.members.post.filled.v1"
    TOPIC: ClassVar[str] = "members.events.v1"
    AGGREGATE: ClassVar[str] = "post"

    post_id: str
    person_id: str
    unit_id: str
    post: str
    starts: date


class PostEnded(Contract):
    """A person's post came to its end."""

    TYPE: ClassVar[str] = "vn.nhipdoan.members.post.ended.v1"
    TOPIC: ClassVar[str] = "members.events.v1"
    AGGREGATE: ClassVar[str] = "post"

    post_id: str
    person_id: str
    unit_id: str
    post: str
    ends: date


class PortfolioGiven(Contract):
    """A committee member was put in charge of a branch."""

    TYPE: ClassVar[str] = "vn.nhipdoan.members.portfolio.given.v1"
    TOPIC: ClassVar[str] = "members.events.v1"
    AGGREGATE: ClassVar[str] = "portfolio"

    portfolio_id: str
    person_id: str
    branch_id: str
    starts: date
