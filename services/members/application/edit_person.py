"""Edit a person: name and birth, ways to reach them, refusals, and where they belong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from chassis.context import Context
from chassis.failures import Refusal
from chassis.outcome import Outcome
from chassis.storage.changes import Changes
from chassis.storage.store import Store
from members.application.authority import UNIT, as_read, demand, is_oneself, of_unit
from members.application.collections import ACCOUNTS, PEOPLE
from members.application.find_accounts import account_of
from members.application.find_people import person_to
from members.application.find_units import the_unit, units_by_id
from members.application.register_person import check_birth, check_holds_people, read_name, read_points
from members.application.states import tell_person
from members.domain.person import Channel, Membership, Person, Sex, Standing, renamed, with_memberships
from members.domain.spans import overlap, revised


@dataclass(frozen=True)
class PersonChange:
    """What is None stays as it is."""

    full_name: str | None = None
    birth_date: date | None = None
    birth_year: int | None = None
    sex: Sex | None = None
    works_away: bool | None = None


def edit_person(context: Context, store: Store, id: str, change: PersonChange, expected: int | None) -> Outcome[Person]:
    person = _person_to_change(context, store, id, expected)
    check_birth(change.birth_date, change.birth_year, context.today)
    fields: dict[str, Any] = {}
    if change.full_name is not None:
        fields |= renamed(read_name(change.full_name))
    if change.birth_date is not None:
        fields |= {"birth_date": change.birth_date, "birth_year": change.birth_date.year}
    elif change.birth_year is not None:
        fields |= {"birth_date": None, "birth_year": change.birth_year}
    if change.sex is not None:
        fields["sex"] = change.sex
    if change.works_away is not None:
        fields["works_away"] = change.works_away
    return _kept(context, revised(person, **fields))


def replace_contact_points(
    context: Context, store: Store, id: str, given: Sequence[tuple[Channel, str]], expected: int | None
) -> Outcome[Person]:
    """The person with these ways to be reached and no others. Also for oneself: a changed number is told at once."""
    person = _person_to_change(context, store, id, expected, oneself_too=True)
    points, others = read_points(given, known=person.points)
    return _kept(context, revised(person, points=points, other_phones=others))


def replace_refusals(
    context: Context, store: Store, id: str, refused: Sequence[Channel], expected: int | None
) -> Outcome[Person]:
    """The person with these channels refused and no others. Also for oneself (Law 91/2025/QH15: withdrawal)."""
    person = _person_to_change(context, store, id, expected, oneself_too=True)
    return _kept(context, revised(person, refused=tuple(dict.fromkeys(refused))))


def join_branch(
    context: Context, store: Store, id: str, membership: Membership, expected: int | None
) -> Outcome[Person]:
    """The person with one more membership: both the person and the branch must be the caller's to manage."""
    person = _person_to_change(context, store, id, expected)
    unit = the_unit(store, membership.unit_id)
    demand(context, "people.manage", of_unit(unit), seen_with="units.read", what=UNIT)
    check_holds_people(unit, membership.starts)
    if any(one.unit_id == unit.id and overlap(one, membership) for one in person.memberships):
        raise Refusal(
            "membership-overlaps",
            vi="Người này đã sinh hoạt tại đơn vị đó trong thời gian đó.",
            en="The person belongs to that unit in that time already.",
            because="conflict",
        )
    return _moved(context, store, person, (*person.memberships, membership))


def leave_branch(
    context: Context, store: Store, id: str, *, unit_id: str, ends: date, expected: int | None
) -> Outcome[Person]:
    """The person with the open membership of a branch ended on a day."""
    person = _person_to_change(context, store, id, expected)
    current = next((one for one in person.memberships if one.unit_id == unit_id and one.ends is None), None)
    if current is None or ends <= current.starts:
        raise Refusal(
            "no-open-membership",
            vi="Không có thời gian sinh hoạt nào tại đơn vị đó để kết thúc vào ngày này.",
            en="There is no open membership of that unit that could end on this day.",
            because="conflict",
        )
    ended = current.model_copy(update={"ends": ends})
    return _moved(context, store, person, tuple(ended if one is current else one for one in person.memberships))


def change_standing(
    context: Context, store: Store, id: str, *, unit_id: str, kind: Standing, starts: date, expected: int | None
) -> Outcome[Person]:
    """Admission (kết nạp) or the way back: from a day on the person belongs to the branch as another kind."""
    person = _person_to_change(context, store, id, expected)
    current = next((one for one in person.memberships if one.unit_id == unit_id and one.ends is None), None)
    if current is None or current.kind is kind or starts <= current.starts:
        raise Refusal(
            "no-open-membership",
            vi="Không có thời gian sinh hoạt nào tại đơn vị đó để đổi vào ngày này.",
            en="There is no open membership of that unit that could change on this day.",
            because="conflict",
        )
    ended = current.model_copy(update={"ends": starts})
    following = Membership(unit_id=unit_id, kind=kind, starts=starts)
    kept = tuple(ended if one is current else one for one in person.memberships)
    return _moved(context, store, person, (*kept, following))


def _person_to_change(
    context: Context, store: Store, id: str, expected: int | None, *, oneself_too: bool = False
) -> Person:
    verb = "people.read" if oneself_too and is_oneself(context, id) else "people.manage"
    person, _ = person_to(context, store, id, verb)
    as_read(person, PEOPLE, expected)
    return person


def _kept(context: Context, person: Person) -> Outcome[Person]:
    return Outcome(person, tell_person(Changes().replace(PEOPLE, person), context, person))


def _moved(context: Context, store: Store, person: Person, memberships: tuple[Membership, ...]) -> Outcome[Person]:
    """The person elsewhere, and the account with them, so that its lists and rights follow."""
    units = units_by_id(store, (one.unit_id for one in memberships))
    moved = with_memberships(person, memberships, {id: unit.unit_path for id, unit in units.items()})
    changes = Changes().replace(PEOPLE, moved)
    if (account := account_of(store, person.id)) is not None:
        changes.replace(ACCOUNTS, revised(account, unit_ids=moved.unit_ids, unit_path=moved.unit_path))
    return Outcome(moved, tell_person(changes, context, moved))
