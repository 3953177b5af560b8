"""A person: one human being, whatever units they belong to and whatever telephones they use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict

from chassis.storage.documents import Document
from members.domain.names import name_sort_key, words
from members.domain.spans import Span, holds_on, revised


class Standing(StrEnum):
    """How a person belongs to a branch."""

    MEMBER = "member"  # đoàn viên
    YOUTH = "youth"  # thanh niên ngoài Đoàn


class Sex(StrEnum):
    MALE = "male"
    FEMALE = "female"


class Channel(StrEnum):
    SMS = "sms"
    EMAIL = "email"


class Membership(Span):
    """Belonging to a branch on the days of `[starts, ends)`."""

    unit_id: str
    kind: Standing


class ContactPoint(BaseModel):
    """A way to reach a person that messages use. A telephone is never an identity: families share one."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    channel: Channel
    address: str
    verified_on: date | None = None


class Person(Document):
    """A person with dated memberships, contact points and refusals.

    `unit_path` joins the paths of the units the person belongs to (or last belonged to), `unit_ids` are those units:
    lists are filtered by them.
    """

    full_name: str
    sort_key: str
    words: tuple[str, ...]
    birth_date: date | None = None
    birth_year: int | None = None
    sex: Sex | None = None
    memberships: tuple[Membership, ...] = ()
    points: tuple[ContactPoint, ...] = ()
    other_phones: tuple[str, ...] = ()
    """Numbers that are known but not used for messages: landlines, second phones. E.164."""
    refused: tuple[Channel, ...] = ()
    works_away: bool = False
    unit_ids: tuple[str, ...] = ()
    unit_path: tuple[str, ...] = ()

    def units_on(self, day: date) -> tuple[str, ...]:
        """The units the person belongs to on a day."""
        return tuple(dict.fromkeys(one.unit_id for one in self.memberships if holds_on(one, day)))


class Erasure(Document):
    """That a person was erased: the bare id, and as `version` that of the tombstones which tell of it."""

    erased_on: date


def erasure_of(person: Person, day: date) -> Erasure:
    """The tombstones come after everything that was told of the person."""
    return Erasure(id=person.id, version=person.version + 1, erased_on=day)


Paths = Mapping[str, tuple[str, ...]]
"""The paths of units by their ids."""


def new_person(id: str, full_name: str, memberships: Sequence[Membership], paths: Paths, **facts: Any) -> Person:
    return Person.model_validate(
        {
            "id": id,
            **_named(full_name),
            "memberships": tuple(memberships),
            **located(memberships, paths),
            **facts,
        }
    )


def renamed(full_name: str) -> dict[str, Any]:
    """The fields that a new name changes."""
    return _named(full_name)


def located(memberships: Iterable[Membership], paths: Paths) -> dict[str, Any]:
    """The fields that decide whose the person is: memberships not yet ended, or else the one that ended last."""
    known = list(memberships)
    open_ones = [one for one in known if one.ends is None]
    deciding = open_ones or sorted(known, key=lambda one: one.ends or date.max)[-1:]
    units = tuple(dict.fromkeys(one.unit_id for one in deciding))
    return {
        "unit_ids": units,
        "unit_path": tuple(dict.fromkeys(step for unit in units for step in paths.get(unit, (unit,)))),
    }


def with_memberships(person: Person, memberships: Sequence[Membership], paths: Paths) -> Person:
    return revised(person, memberships=tuple(memberships), **located(memberships, paths))


def _named(full_name: str) -> dict[str, Any]:
    return {"full_name": full_name, "sort_key": name_sort_key(full_name), "words": words(full_name)}
