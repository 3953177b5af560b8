"""People as they are read: one, many, and the queries that lists run (index beside each in collections.py)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from chassis.context import Context
from chassis.failures import missing
from chassis.storage.documents import Filter, Sort
from chassis.storage.store import Store
from members.application.authority import PERSON, demand, is_oneself, may, of_person, ways_within
from members.application.collections import PEOPLE
from members.application.find_units import units_by_id
from members.domain.names import folded, words
from members.domain.person import Person, Standing
from members.domain.spans import in_force
from members.domain.unit import Unit

BY_GIVEN_NAME: Sort = (("sort_key", 1), ("_id", 1))
_LAST_LETTER = "\uffff"


@dataclass(frozen=True)
class PeopleWanted:
    """What a list of people is narrowed by. `on` is the day on which they belong; `ended` takes former ones too."""

    on: date
    ended: bool = False
    unit_id: str | None = None
    kind: Standing | None = None
    works_away: bool | None = None
    text: str | None = None
    """Words of the name, or the beginning of the given name."""
    ids: tuple[str, ...] = ()


def the_person(store: Store, id: str) -> Person:
    """The person, whoever asks. Raises a 404 Refusal when there is none."""
    person = store.get(PEOPLE, id)
    if person is None:
        raise missing(*PERSON)
    return person


def person_to(
    context: Context, store: Store, id: str, verb: str, *, what: tuple[str, str] = PERSON
) -> tuple[Person, dict[str, Unit]]:
    """A person to whom `verb` may be applied, with the units that are theirs; `what` was asked for, for a 404."""
    person = the_person(store, id)
    units = units_by_id(store, [*person.unit_ids, *(one.unit_id for one in person.memberships)])
    demand(context, verb, of_person(person, units), seen_with="people.read", what=what)
    return person, units


def read_person(context: Context, store: Store, id: str) -> tuple[Person, dict[str, Unit]]:
    """A person that the caller may read: by post, by portfolio, or because it is oneself."""
    return person_to(context, store, id, "people.read")


def may_see_contacts(context: Context, person: Person, units: dict[str, Unit]) -> bool:
    """How to reach a person is told to fewer than who the person is."""
    return is_oneself(context, person.id) or may(context, "contacts.read", of_person(person, units))


def people_in_reach(context: Context) -> Sequence[Filter]:
    """Whom the caller may read, as alternatives: of subtrees, of single branches, and oneself. 403 when nobody."""
    return ways_within(context, "people.read", unit="unit_ids", person="_id")


def people_wanted(wanted: PeopleWanted) -> Filter:
    """What a list is narrowed to, whoever asks."""
    parts: list[Filter] = []
    belongs: dict[str, Any] = {} if wanted.ended else dict(in_force(wanted.on))
    if wanted.kind is not None:
        belongs["kind"] = wanted.kind.value
    if wanted.unit_id is not None:
        parts.append({"unit_path": wanted.unit_id})
    if belongs:
        parts.append({"memberships": {"$elemMatch": belongs}})
    if wanted.works_away is not None:
        parts.append({"works_away": wanted.works_away})
    if wanted.text is not None:
        parts.append(_named(wanted.text))
    if wanted.ids:
        parts.append({"_id": {"$in": list(wanted.ids)}})
    return {"$and": parts} if parts else {}


def _named(text: str) -> Filter:
    """Every word somewhere in the name; a single word may also be how the given name begins."""
    said = words(text)
    if not said:
        return {"_id": {"$in": []}}
    if len(said) == 1:
        start = folded(text).strip()
        return {"$or": [{"words": said[0]}, {"sort_key": {"$gte": start, "$lt": start + _LAST_LETTER}}]}
    return {"$and": [{"words": word} for word in said]}
