"""Who is on a list twice, or known already. One person is not one telephone: families share them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from rapidfuzz import fuzz

from members.domain.names import folded
from members.domain.person import Channel, Person

ALIKE = 92.0
"""Percent of likeness (rapidfuzz, folded words in any order) from which two names may be one slip apart."""
ALIKE_WITH_PHONE = 86.0


@dataclass(frozen=True)
class Known:
    """What identity is judged by. `row` is the position in the list; `person_id` of somebody already registered."""

    name: str
    birth_date: date | None
    birth_year: int | None
    phone: str | None
    row: int | None = None
    person_id: str | None = None


@dataclass(frozen=True)
class Match:
    """Somebody who is, or (`sure` false) may be, the same person."""

    known: Known
    sure: bool


def known_person(person: Person) -> Known:
    phone = next((point.address for point in person.points if point.channel is Channel.SMS), None)
    return Known(folded(person.full_name), person.birth_date, person.birth_year, phone, person_id=person.id)


class Register:
    """Those met so far, found again by birth date, by name and by telephone without comparing all with all."""

    def __init__(self, known: Iterable[Known] = ()) -> None:
        self._by_name: dict[str, list[Known]] = defaultdict(list)
        self._by_birth: dict[date, list[Known]] = defaultdict(list)
        self._by_phone: dict[str, list[Known]] = defaultdict(list)
        for one in known:
            self.add(one)

    def add(self, one: Known) -> None:
        self._by_name[one.name].append(one)
        if one.birth_date is not None:
            self._by_birth[one.birth_date].append(one)
        if one.phone is not None:
            self._by_phone[one.phone].append(one)

    def match(self, one: Known) -> Match | None:
        """The surest match; of equal ones the earliest."""
        maybe: Known | None = None
        for other in self._by_name.get(one.name, ()):
            if one.birth_date is not None and one.birth_date == other.birth_date:
                return Match(other, sure=True)
            if maybe is None and _years_agree(one, other):
                maybe = other
        return Match(maybe, sure=False) if maybe is not None else self._alike(one)

    def _alike(self, one: Known) -> Match | None:
        for other in self._by_birth.get(one.birth_date, ()) if one.birth_date else ():
            if fuzz.token_sort_ratio(one.name, other.name) >= ALIKE:
                return Match(other, sure=False)
        for other in self._by_phone.get(one.phone, ()) if one.phone else ():
            if _years_agree(one, other) and fuzz.token_sort_ratio(one.name, other.name) >= ALIKE_WITH_PHONE:
                return Match(other, sure=False)
        return None

    def shares_phone(self, one: Known) -> bool:
        """Whether somebody else has the same telephone."""
        others: Sequence[Known] = self._by_phone.get(one.phone, ()) if one.phone else ()
        return any(other is not one for other in others)


def _years_agree(one: Known, other: Known) -> bool:
    """Birth years are equal, or one is not known; two different days are two people."""
    if one.birth_date is not None and other.birth_date is not None:
        return False
    return one.birth_year is None or other.birth_year is None or one.birth_year == other.birth_year
