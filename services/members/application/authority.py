"""May the one who acts do this? Every use case asks here; lists are narrowed here. Decided by chassis.permissions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chassis.context import Context
from chassis.failures import Refusal, VersionConflict, missing
from chassis.permissions import Principal, Reach, Target, permits, reach
from chassis.storage.documents import Document, Filter, Kind
from members.domain.person import Person
from members.domain.unit import Unit

UNIT = ("đơn vị này", "unit")
PERSON = ("người này", "person")
POST = ("chức vụ này", "post")
PORTFOLIO = ("phân công này", "portfolio")
ACCOUNT = ("tài khoản này", "account")
CLIENT = ("ứng dụng này", "client")
IMPORT = ("lần nhập này", "import")
ROW = ("dòng này", "row")


def actor(context: Context) -> Principal:
    """Who acts. Raises LookupError on a route that let nobody in particular through: a programming error."""
    if context.actor is None:
        raise LookupError("this use case needs somebody who acts")
    return context.actor


def may(context: Context, verb: str, targets: Sequence[Target]) -> bool:
    return any(permits(actor(context), verb, target, context.today) for target in targets)


def demand(context: Context, verb: str, targets: Sequence[Target], *, seen_with: str, what: tuple[str, str]) -> None:
    """Raise unless one of the targets is within reach of `verb`: 404 when `seen_with` does not reach either, else 403.

    A person belongs to several units: whoever is over one of them may act.
    """
    if may(context, verb, targets):
        return
    if not may(context, seen_with, targets):
        raise missing(*what)
    raise Refusal(
        "not-permitted",
        vi="Tài khoản này không có quyền thực hiện việc này.",
        en=f"This account may not do this ({verb}).",
        because="forbidden",
    )


def within(context: Context, verb: str, *, unit: str = "unit_id", person: str | None = None) -> Filter:
    """The filter that leaves of a list what `verb` reaches. Raises a 403 Refusal when it reaches nothing at all."""
    return _reached(context, verb).as_filter(unit=unit, person=person)


def ways_within(context: Context, verb: str, *, unit: str = "unit_id", person: str | None = None) -> Sequence[Filter]:
    """The same as alternatives, for lists in an order that `within` would leave to the database to sort."""
    return _reached(context, verb).ways(unit=unit, person=person)


def _reached(context: Context, verb: str) -> Reach:
    found = reach(actor(context), verb, context.today)
    if not found:
        raise Refusal(
            "not-permitted",
            vi="Tài khoản này không có quyền xem mục này.",
            en=f"This account may not read this ({verb}).",
            because="forbidden",
        )
    return found


def at(path: Sequence[str], *people: str) -> list[Target]:
    """A unit as a target, by its path."""
    return [Target(tuple(path), frozenset(people))]


def of_unit(unit: Unit) -> list[Target]:
    return at(unit.unit_path)


def of_person(person: Person, units: dict[str, Unit]) -> list[Target]:
    """The units of a person as targets, each with its path; the person alone where there is none."""
    people = frozenset({person.id})
    paths = [units[id].unit_path for id in person.unit_ids if id in units]
    return [Target(path, people) for path in paths] or [Target((), people)]


def is_oneself(context: Context, person_id: str) -> bool:
    return actor(context).person_id == person_id


def as_read(document: Document, kind: Kind[Any], expected: int | None) -> None:
    """Raises VersionConflict when the caller read another version than the one that is stored."""
    if expected is not None and document.version != expected:
        raise VersionConflict(kind.name, document.id)
