"""May this principal do this? Verb + scope on a unit subtree and a date; one decision for people and partner clients.

The same `Reach` that answers one question also filters lists, so that a list never shows what reading would refuse.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from chassis.failures import Refusal, missing
from chassis.storage.documents import Filter


class Scope(StrEnum):
    """How far a verb goes from the unit of the post (or client) that grants it."""

    SELF = "self"  # what concerns the person himself
    PORTFOLIO = "portfolio"  # the branches the person is in charge of
    UNIT = "unit"  # the unit of the post alone
    UNIT_AND_BELOW = "unit_and_below"  # the unit and everything under it


@dataclass(frozen=True, slots=True)
class Grant:
    """One verb, from one unit outwards, on the days of `[starts, ends)`. SELF grants need no unit."""

    verb: str
    scope: Scope
    unit_id: str | None = None
    starts: date | None = None
    ends: date | None = None

    def holds_on(self, day: date) -> bool:
        return (self.starts is None or self.starts <= day) and (self.ends is None or day < self.ends)


@dataclass(frozen=True, slots=True)
class Portfolio:
    """A branch that the person is in charge of (phụ trách) on the days of `[starts, ends)`."""

    branch_id: str
    starts: date | None = None
    ends: date | None = None


@dataclass(frozen=True, slots=True)
class Principal:
    """Who calls: a person's account or a partner's client."""

    account_id: str
    person_id: str | None = None
    grants: tuple[Grant, ...] = ()
    portfolios: tuple[Portfolio, ...] = ()


@dataclass(frozen=True, slots=True)
class Target:
    """What a verb is applied to: the path of its unit from the root down to it, and the people it concerns."""

    unit_path: tuple[str, ...]
    people: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Reach:
    """Everything a principal may apply one verb to on one day."""

    below: frozenset[str] = frozenset()
    exactly: frozenset[str] = frozenset()
    person_id: str | None = None

    def __bool__(self) -> bool:
        return bool(self.below or self.exactly or self.person_id)

    def covers(self, target: Target) -> bool:
        return (
            not self.below.isdisjoint(target.unit_path)
            or (bool(target.unit_path) and target.unit_path[-1] in self.exactly)
            or (self.person_id is not None and self.person_id in target.people)
        )

    def as_filter(self, *, path: str = "unit_path", unit: str = "unit_id", person: str | None = "person_id") -> Filter:
        """The same decision as a query: `path` is the array of ids from the root, `unit` the unit's own id."""
        parts = self.ways(path=path, unit=unit, person=person)
        if not parts:
            return {"_id": {"$in": []}}
        return parts[0] if len(parts) == 1 else {"$or": parts}

    def ways(
        self, *, path: str = "unit_path", unit: str = "unit_id", person: str | None = "person_id"
    ) -> Sequence[Filter]:
        """The same as alternatives, each with its own index: none, where nothing is reached."""
        parts: list[Filter] = []
        if self.below:
            parts.append({path: {"$in": sorted(self.below)}})
        if exactly := self.exactly - self.below:  # a subtree holds its own unit
            parts.append({unit: {"$in": sorted(exactly)}})
        if self.person_id is not None and person is not None:
            parts.append({person: self.person_id})
        return parts


def reach(principal: Principal, verb: str, on: date) -> Reach:
    """How far `principal` may apply `verb` on the day `on`. Every permission of the system is decided here."""
    below: set[str] = set()
    exactly: set[str] = set()
    oneself = False
    for grant in principal.grants:
        if grant.verb != verb or not grant.holds_on(on):
            continue
        if grant.scope is Scope.SELF:
            oneself = True
        elif grant.scope is Scope.PORTFOLIO:
            exactly.update(p.branch_id for p in _on(principal.portfolios, on))
        elif grant.unit_id is not None:
            (below if grant.scope is Scope.UNIT_AND_BELOW else exactly).add(grant.unit_id)
    return Reach(frozenset(below), frozenset(exactly), principal.person_id if oneself else None)


def permits(principal: Principal, verb: str, target: Target, on: date) -> bool:
    return reach(principal, verb, on).covers(target)


def require(
    principal: Principal, verb: str, target: Target, on: date, *, seen_with: str, what: tuple[str, str]
) -> None:
    """Raise unless permitted: 404 when the principal may not even see it (verb `seen_with`), else 403.

    `what` names the thing in Vietnamese and English for the 404.
    """
    if permits(principal, verb, target, on):
        return
    if not permits(principal, seen_with, target, on):
        raise missing(*what)
    raise Refusal(
        "not-permitted",
        vi="Tài khoản này không có quyền thực hiện việc này.",
        en=f"This account may not do this ({verb}).",
        because="forbidden",
    )


def _on(portfolios: Iterable[Portfolio], day: date) -> Iterable[Portfolio]:
    return (
        portfolio
        for portfolio in portfolios
        if (portfolio.starts is None or portfolio.starts <= day) and (portfolio.ends is None or day < portfolio.ends)
    )
