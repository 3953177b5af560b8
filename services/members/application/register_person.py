"""Register one person (thêm đoàn viên, thanh niên) in a branch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from chassis.context import Context
from chassis.failures import Refusal
from chassis.outcome import Outcome
from chassis.storage.changes import Changes
from chassis.storage.store import Store
from members.application.authority import UNIT, demand, of_unit
from members.application.collections import PEOPLE
from members.application.find_units import the_unit
from members.application.states import tell_person
from members.domain.import_cells import read_email
from members.domain.names import is_name, tidied
from members.domain.person import Channel, ContactPoint, Membership, Person, Sex, Standing, new_person
from members.domain.phones import read_phone
from members.domain.unit import HOLDS_PEOPLE, Unit

MOST_POINTS = 10


@dataclass(frozen=True)
class NewPerson:
    full_name: str
    unit_id: str
    kind: Standing
    starts: date
    birth_date: date | None = None
    birth_year: int | None = None
    sex: Sex | None = None
    points: tuple[tuple[Channel, str], ...] = ()
    works_away: bool = False


def register_person(context: Context, store: Store, wanted: NewPerson) -> Outcome[Person]:
    """A new person who belongs to one branch. Raises Refusal for what can't be a name, a day or an address."""
    unit = the_unit(store, wanted.unit_id)
    demand(context, "people.manage", of_unit(unit), seen_with="units.read", what=UNIT)
    check_holds_people(unit, wanted.starts)
    check_birth(wanted.birth_date, wanted.birth_year, context.today)
    points, others = read_points(wanted.points, known=())
    person = new_person(
        context.new_id(),
        read_name(wanted.full_name),
        [Membership(unit_id=unit.id, kind=wanted.kind, starts=wanted.starts)],
        {unit.id: unit.unit_path},
        birth_date=wanted.birth_date,
        birth_year=wanted.birth_date.year if wanted.birth_date else wanted.birth_year,
        sex=wanted.sex,
        points=points,
        other_phones=others,
        works_away=wanted.works_away,
    )
    return Outcome(person, tell_person(Changes().insert(PEOPLE, person), context, person))


def check_holds_people(unit: Unit, on: date) -> None:
    """Raises Refusal unless people can belong to the unit on the day."""
    fact = unit.on(on)
    if fact is None or fact.kind not in HOLDS_PEOPLE:
        raise Refusal(
            "unit-holds-no-people",
            vi="Chỉ chi đoàn hoặc phân đoàn đang hoạt động mới có đoàn viên, thanh niên.",
            en="People belong to a branch or subgroup that exists on that day.",
            pointer="/unit_id",
        )


def read_name(text: str) -> str:
    """The name tidied. Raises Refusal when it can't be a person's full name."""
    name = tidied(text)
    if not is_name(name):
        raise Refusal(
            "name-odd",
            vi="Cần họ và tên đầy đủ, chỉ gồm chữ cái.",
            en="A full name of two words or more is needed, letters only.",
            pointer="/full_name",
        )
    return name


def check_birth(day: date | None, year: int | None, today: date) -> None:
    if (day is not None and not date(1900, 1, 1) <= day <= today) or (
        day is None and year is not None and not 1900 <= year <= today.year
    ):
        raise Refusal(
            "birth-implausible",
            vi="Ngày hoặc năm sinh không thể đúng.",
            en="The day or year of birth can't be right.",
            pointer="/birth_date" if day is not None else "/birth_year",
        )


def read_points(
    given: Sequence[tuple[Channel, str]], known: Sequence[ContactPoint]
) -> tuple[tuple[ContactPoint, ...], tuple[str, ...]]:
    """Contact points in their stored form, keeping what is known of each, and the landlines beside them.

    Raises Refusal with the pointer of the one that is no number or no address.
    """
    before = {(point.channel, point.address): point for point in known}
    points: dict[tuple[Channel, str], ContactPoint] = {}
    others: list[str] = []
    for index, (channel, address) in enumerate(given):
        if channel is Channel.EMAIL:
            email, problem = read_email(address)
            addresses = [email] if email else []
        else:
            phone = read_phone(address)
            problem = phone.problem
            addresses = [phone.e164] if phone.e164 else []
            others.extend(phone.others)
        if problem is not None:
            raise _no_address(channel, index)
        for one in addresses:
            assert one is not None
            points[channel, one] = before.get((channel, one)) or ContactPoint(channel=channel, address=one)
    return tuple(points.values()), tuple(dict.fromkeys(others))


def _no_address(channel: Channel, index: int) -> Refusal:
    if channel is Channel.EMAIL:
        return Refusal(
            "email-unreadable",
            vi="Địa chỉ thư điện tử không đúng.",
            en="This is not an e-mail address.",
            pointer=f"/points/{index}/address",
        )
    return Refusal(
        "phone-unreadable",
        vi="Số điện thoại không đúng; cần số di động Việt Nam như 0912 345 678.",
        en="This is not a Vietnamese mobile number.",
        pointer=f"/points/{index}/address",
    )
