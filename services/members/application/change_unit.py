"""Change a unit: rename, recode, move (đổi tên, đổi mã, chuyển cấp) as a new fact from a day on; or its traits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from chassis.context import Context
from chassis.failures import Refusal
from chassis.outcome import Outcome
from chassis.storage.changes import Changes
from chassis.storage.store import Store
from members.application.authority import UNIT, as_read, demand, may, of_unit
from members.application.collections import PATH_CHANGES, PEOPLE, UNITS
from members.application.create_unit import check_clusters, check_code, check_place, check_rhythm, short_name
from members.application.find_people import BY_GIVEN_NAME
from members.application.find_units import BY_NAME, the_unit
from members.application.states import tell_unit
from members.domain.names import tidied
from members.domain.spans import revised
from members.domain.unit import PathChange, Unit, UnitFact, dissolved, with_fact


@dataclass(frozen=True)
class FactChange:
    """New facts from `starts` on; what is None stays as it is."""

    starts: date
    name: str | None = None
    short_name: str | None = None
    code: str | None = None
    kind: str | None = None
    parent_id: str | None = None
    decision: str | None = None


@dataclass(frozen=True)
class TraitChange:
    """What a unit is beside its facts; what is None stays as it is."""

    clusters: tuple[str, ...] | None = None
    pilot: bool | None = None
    meets_every_months: int | None = None
    meeting_consent: str | None = None


def change_unit(context: Context, store: Store, id: str, change: FactChange, expected: int | None) -> Outcome[Unit]:
    """The unit with new facts. The upper level decides: whoever may manage the parent (and the new parent)."""
    unit = the_unit(store, id)
    as_read(unit, UNITS, expected)
    last = unit.facts[-1]
    parent = _upper(context, store, unit)
    fact = UnitFact(
        starts=change.starts,
        name=tidied(change.name or last.name),
        short_name=_short(change, last),
        code=change.code or last.code,
        kind=change.kind or last.kind,
        parent_id=change.parent_id or last.parent_id,
        decision=change.decision,
    )
    if parent is not None:
        parent = _new_parent(context, store, unit, fact) if fact.parent_id != last.parent_id else parent
        check_place(fact, parent)
    check_code(store, fact, unit.id)
    changed = with_fact(unit, fact)
    changes = Changes()
    if fact.parent_id != last.parent_id and parent is not None:
        if fact.starts <= context.today:
            changed = changed.model_copy(update={"unit_path": (*parent.unit_path, unit.id)})
        changes.insert(PATH_CHANGES, PathChange(id=context.new_id(), unit_id=unit.id, due=fact.starts))
    return Outcome(changed, tell_unit(changes.replace(UNITS, changed), context, changed))


def change_traits(context: Context, store: Store, id: str, change: TraitChange, expected: int | None) -> Outcome[Unit]:
    """The unit with other clusters, pilot flag or rhythm of meetings."""
    unit = the_unit(store, id)
    as_read(unit, UNITS, expected)
    _upper(context, store, unit)
    every = unit.meets_every_months if change.meets_every_months is None else change.meets_every_months
    consent = change.meeting_consent or unit.meeting_consent
    check_rhythm(every, consent)
    changed = revised(
        unit,
        clusters=unit.clusters if change.clusters is None else check_clusters(store, change.clusters, context.today),
        pilot=unit.pilot if change.pilot is None else change.pilot,
        meets_every_months=every,
        meeting_consent=consent,
    )
    return Outcome(changed, tell_unit(Changes().replace(UNITS, changed), context, changed))


def dissolve_unit(
    context: Context, store: Store, id: str, *, on: date, decision: str | None, expected: int | None
) -> Outcome[Unit]:
    """The unit ended on a day (giải thể). Raises Refusal while units stand under it or people belong to it."""
    unit = the_unit(store, id)
    as_read(unit, UNITS, expected)
    _upper(context, store, unit)
    below = {"facts": {"$elemMatch": {"parent_id": id, "ends": None}}, "facts.parent_id": id}
    within = {"unit_ids": id, "memberships": {"$elemMatch": {"unit_id": id, "ends": None}}}
    if store.find(UNITS, below, sort=BY_NAME, limit=1):
        raise Refusal(
            "unit-has-units",
            vi="Còn đơn vị trực thuộc; hãy chuyển hoặc giải thể các đơn vị đó trước.",
            en="Units stand under it: move or dissolve them first.",
            because="conflict",
        )
    if store.find(PEOPLE, within, sort=BY_GIVEN_NAME, limit=1):
        raise Refusal(
            "unit-has-people",
            vi="Còn người sinh hoạt tại đơn vị; hãy chuyển sinh hoạt cho họ trước.",
            en="People belong to it: transfer them first.",
            because="conflict",
        )
    changed = dissolved(unit, on, decision)
    return Outcome(changed, tell_unit(Changes().replace(UNITS, changed), context, changed))


def _upper(context: Context, store: Store, unit: Unit) -> Unit | None:
    """The parent, once it is clear that the caller may manage it; None for the root, which its own manager changes.

    404 for whoever does not see the unit; 403 for whoever sees it but has no say over what it stands under.
    """
    demand(context, "units.read", of_unit(unit), seen_with="units.read", what=UNIT)
    parent_id = unit.facts[-1].parent_id
    parent = the_unit(store, parent_id) if parent_id is not None else None
    if not may(context, "units.manage", of_unit(parent or unit)):
        raise Refusal(
            "upper-level-decides",
            vi="Việc này do Đoàn cấp trên của đơn vị quyết định.",
            en="This is for the level above the unit to decide.",
            because="forbidden",
        )
    return parent


def _new_parent(context: Context, store: Store, unit: Unit, fact: UnitFact) -> Unit:
    assert fact.parent_id is not None
    parent = the_unit(store, fact.parent_id)
    demand(context, "units.manage", of_unit(parent), seen_with="units.read", what=UNIT)
    if unit.id in parent.unit_path:
        raise Refusal(
            "unit-under-itself",
            vi="Đơn vị không thể trực thuộc chính nó hoặc đơn vị cấp dưới của nó.",
            en="A unit can't stand under itself or a unit below it.",
            pointer="/parent_id",
        )
    return parent


def _short(change: FactChange, last: UnitFact) -> str:
    if change.short_name is not None:
        return short_name(change.short_name, last.name)
    return short_name(None, change.name) if change.name is not None else last.short_name
