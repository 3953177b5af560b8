"""Units as they are read: one, many, and the queries that lists run (index beside each in collections.py)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from chassis.context import Context
from chassis.failures import missing
from chassis.storage.documents import Filter, Sort
from chassis.storage.store import Store
from members.application.authority import UNIT, demand, of_unit, ways_within
from members.application.collections import UNITS
from members.domain.names import words
from members.domain.spans import in_force
from members.domain.unit import HOLDS_PEOPLE, Unit

BY_NAME: Sort = (("sort_key", 1), ("_id", 1))


@dataclass(frozen=True)
class UnitsWanted:
    """What a list of units is narrowed by; None does not narrow. `on` is the day it speaks of.

    `ended` includes units that had ended by then, or had not begun.
    """

    on: date
    ended: bool = False
    parent_id: str | None = None
    under: str | None = None
    kind: str | None = None
    code: str | None = None
    cluster_id: str | None = None
    text: str | None = None
    pilot: bool | None = None


def the_unit(store: Store, id: str) -> Unit:
    """The unit, whoever asks. Raises a 404 Refusal when there is none."""
    unit = store.get(UNITS, id)
    if unit is None:
        raise missing(*UNIT)
    return unit


def read_unit(context: Context, store: Store, id: str) -> Unit:
    unit = the_unit(store, id)
    demand(context, "units.read", of_unit(unit), seen_with="units.read", what=UNIT)
    return unit


def units_in_reach(context: Context) -> Sequence[Filter]:
    """What the caller may read, as alternatives: subtrees and single units, by the tree as it stands now."""
    return ways_within(context, "units.read", unit="_id")


def units_wanted(wanted: UnitsWanted) -> Filter:
    """What a list is narrowed to, whoever asks. Facts are asked for as of the day."""
    parts: list[Filter] = []
    fact: dict[str, Any] = {} if wanted.ended else dict(in_force(wanted.on))
    told = {"parent_id": wanted.parent_id, "kind": wanted.kind, "code": wanted.code}
    fact |= {name: value for name, value in told.items() if value is not None}
    if fact:
        parts.append({"facts": {"$elemMatch": fact}})
    if wanted.parent_id is not None:
        parts.append({"facts.parent_id": wanted.parent_id})
    if wanted.code is not None:
        parts.append({"facts.code": wanted.code})
    if wanted.under is not None:
        parts.append({"unit_path": wanted.under})
    if wanted.cluster_id is not None:
        parts.append({"clusters": wanted.cluster_id})
    if wanted.pilot is not None:
        parts.append({"pilot": wanted.pilot})
    if wanted.text is not None:
        parts.extend({"words": word} for word in words(wanted.text) or ("\u0000",))
    return {"$and": parts} if parts else {}


def units_by_id(store: Store, ids: Iterable[str | None]) -> dict[str, Unit]:
    return store.get_many(UNITS, {id for id in ids if id})


def branches_under(store: Store, unit: Unit, on: date) -> list[Unit]:
    """The units at or under one that hold people on a day."""
    found = store.find(UNITS, {"unit_path": unit.id}, sort=BY_NAME)
    return [one for one in found if (fact := one.on(on)) is not None and fact.kind in HOLDS_PEOPLE]
