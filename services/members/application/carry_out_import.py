"""Carry out a confirmed import, a chunk of rows a transaction: killed at any point, it goes on where it was.

A row is marked done in the transaction that makes or changes its person, and a person made by a row has an id that
follows from the row: nothing is done twice. A row that can't be taken over is set aside for a person to look at.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chassis.context import Context
from chassis.messaging.outbox import publish
from chassis.outcome import Outcome
from chassis.storage.changes import Changes
from chassis.storage.store import Store
from contracts.members_events import PeopleImported
from members.application.collections import IMPORT_ROWS, IMPORTS, PEOPLE, UNITS
from members.application.states import tell_person
from members.domain.import_cells import Values
from members.domain.people_import import (
    MOST_SET_ASIDE,
    ImportRow,
    ImportState,
    PeopleImport,
    RowState,
    StopReason,
    set_aside,
    stopped,
    target_of,
)
from members.domain.person import Channel, ContactPoint, Membership, Paths, Person, Standing, located, new_person
from members.domain.spans import revised

CHUNK = 200
"""Rows a transaction."""


def confirmed_imports(store: Store, limit: int = 10) -> list[PeopleImport]:
    return store.find(IMPORTS, {"state": ImportState.CONFIRMED.value}, sort=(("state", 1), ("_id", 1)), limit=limit)


def carry_out_import(context: Context, store: Store, found: PeopleImport, chunk: int = CHUNK) -> Outcome[int]:
    """The next chunk; its result is how many rows it takes over. The last one ends the import and says so."""
    rows = _next_rows(store, found, chunk)
    known = store.get_many(PEOPLE, (target_of(row) for row in rows))
    units = store.get_many(UNITS, (row.values.unit_id for row in rows if row.values.unit_id))
    paths = {id: unit.unit_path for id, unit in units.items()}
    people, done = _taken_over(rows, dict(known), paths, found)
    changes = Changes()
    for id, person in people.items():
        before = known.get(id)
        if before is None:
            tell_person(changes.insert(PEOPLE, person), context, person)
        elif person != before:
            kept = revised(before, **_fields(person))
            tell_person(changes.replace(PEOPLE, kept), context, kept)
    changes.replace(IMPORT_ROWS, *done)
    outcomes = [row.outcome for row in done]
    onward = revised(
        found,
        created=found.created + outcomes.count("created"),
        changed=found.changed + outcomes.count("changed"),
    )
    if len(rows) < chunk:
        onward = _ended(context, store, onward, changes)
    return Outcome(len(rows), changes.replace(IMPORTS, onward))


def set_row_aside(store: Store, found: PeopleImport) -> Outcome[PeopleImport]:
    """The next row, which fails by itself, left to a person; the import stopped where it is not the rows that fail."""
    rows = _next_rows(store, found, 1)
    if not rows or found.set_aside >= MOST_SET_ASIDE:
        halted = stopped(found, StopReason.FAILING)
        return Outcome(halted, Changes().replace(IMPORTS, halted))
    onward = revised(found, set_aside=found.set_aside + 1)
    return Outcome(onward, Changes().replace(IMPORT_ROWS, set_aside(rows[0])).replace(IMPORTS, onward))


def _next_rows(store: Store, found: PeopleImport, number: int) -> list[ImportRow]:
    return store.find(IMPORT_ROWS, {"import_id": found.id, "state": RowState.READY.value}, limit=number)


def _taken_over(
    rows: Sequence[ImportRow], people: dict[str, Person], paths: Paths, found: PeopleImport
) -> tuple[dict[str, Person], list[ImportRow]]:
    """The people of these rows as they are afterwards, and the rows done. Two rows may be one person."""
    touched: dict[str, Person] = {}
    done: list[ImportRow] = []
    for row in rows:
        id = target_of(row)
        before = people.get(id)
        after = _made(id, row.values, paths, found) if before is None else _merged(before, row.values, paths, found)
        people[id] = touched[id] = after
        outcome = "created" if before is None else "unchanged" if after == before else "changed"
        done.append(revised(row, state=RowState.DONE, outcome=outcome, person_id=id))
    return touched, done


def _made(id: str, values: Values, paths: Paths, found: PeopleImport) -> Person:
    assert values.full_name is not None, "only rows with a name are ready"
    points = [
        ContactPoint(channel=channel, address=address)
        for channel, address in ((Channel.SMS, values.phone), (Channel.EMAIL, values.email))
        if address is not None
    ]
    return new_person(
        id,
        values.full_name,
        _membership(values, found),
        paths,
        birth_date=values.birth_date,
        birth_year=values.birth_year,
        sex=values.sex,
        points=tuple(points),
        other_phones=values.other_phones,
        works_away=values.works_away,
    )


def _merged(person: Person, values: Values, paths: Paths, found: PeopleImport) -> Person:
    """What the list knows beyond what is known already. It never takes away and never overwrites."""
    fields: dict[str, Any] = {}
    if person.birth_date is None and values.birth_date is not None:
        fields |= {"birth_date": values.birth_date, "birth_year": values.birth_year}
    elif person.birth_year is None and values.birth_year is not None:
        fields["birth_year"] = values.birth_year
    if person.sex is None and values.sex is not None:
        fields["sex"] = values.sex
    if values.works_away and not person.works_away:
        fields["works_away"] = True
    fields |= _points(person, values)
    if not any(one.ends is None for one in person.memberships):
        memberships = (*person.memberships, *_membership(values, found))
        fields |= {"memberships": memberships, **located(memberships, paths)}
    return person.model_copy(update=fields) if fields else person


def _points(person: Person, values: Values) -> dict[str, Any]:
    """A first number or address is used; a second telephone is kept aside, since messages go to one."""
    points, others = list(person.points), list(person.other_phones)
    for channel, address in ((Channel.SMS, values.phone), (Channel.EMAIL, values.email)):
        if address is None or any(point.address == address for point in points):
            continue
        if not any(point.channel is channel for point in points):
            points.append(ContactPoint(channel=channel, address=address))
        elif channel is Channel.SMS and address not in others:
            others.append(address)
    others.extend(number for number in values.other_phones if number not in others)
    changed: dict[str, Any] = {}
    if tuple(points) != person.points:
        changed["points"] = tuple(points)
    if tuple(others) != person.other_phones:
        changed["other_phones"] = tuple(others)
    return changed


def _membership(values: Values, found: PeopleImport) -> tuple[Membership, ...]:
    assert values.unit_id is not None, "only rows with a branch are ready"
    return (Membership(unit_id=values.unit_id, kind=values.kind or Standing.MEMBER, starts=found.member_since),)


def _fields(person: Person) -> dict[str, Any]:
    return {name: getattr(person, name) for name in Person.model_fields if name not in ("id", "version")}


def _ended(context: Context, store: Store, found: PeopleImport, changes: Changes) -> PeopleImport:
    left_out = store.count(IMPORT_ROWS, {"import_id": found.id, "state": RowState.OUT.value})
    ended = found.model_copy(update={"state": ImportState.DONE, "finished_at": context.now, "left_out": left_out})
    event = PeopleImported(
        import_id=ended.id, unit_id=ended.unit_id, created=ended.created, changed=ended.changed, left_out=left_out
    )
    publish(changes, context.message(event, key=ended.id, sequence=ended.version))
    return ended
