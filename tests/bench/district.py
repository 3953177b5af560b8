"""Generated people and units of any number, as the state topics would tell of them. Seeded: the same each time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from contracts.members_states import (
    ContactChannel,
    ContactPoint,
    ContactState,
    Membership,
    PersonState,
    PortfolioState,
    PostState,
    UnitFacts,
    UnitState,
)

STARTS = date(2025, 7, 1)
BRANCHES_PER_COMMUNE = 6
POSTS_PER_COMMUNE = 1 + BRANCHES_PER_COMMUNE
_FAMILY = ("Nguyễn", "Trần", "Lê", "Phạm", "Huỳnh", "Võ", "Đặng", "Bùi")
_MIDDLE = ("Văn", "Thị", "Minh", "Ngọc", "Hữu", "Thanh", "Đức")
_GIVEN = ("An", "Bình", "Châu", "Dũng", "Đạt", "Giang", "Hằng", "Khánh", "Lộc", "Mỹ", "Phúc", "Quỳnh", "Sơn")


def _id(family: int, number: int) -> str:
    """An id as real ones are, and the same each time; a later one sorts after an earlier one, as with UUIDv7."""
    return f"0190a1b2-0000-7000-{0x8000 + family:04x}-{number:012x}"


ROOT = _id(0, 0)


def commune_id(number: int) -> str:
    return _id(1, number)


def branch_id(commune: int, number: int) -> str:
    return _id(2, commune * BRANCHES_PER_COMMUNE + number)


def person_id(number: int) -> str:
    return _id(3, number)


def meeting_id(number: int) -> str:
    return _id(6, number)


def name_of(number: int) -> str:
    """A name that many others bear too, as in life."""
    return " ".join(
        (
            _FAMILY[number % len(_FAMILY)],
            _MIDDLE[number // 8 % len(_MIDDLE)],
            _GIVEN[number // 56 % len(_GIVEN)],
        )
    )


def phone_of(number: int) -> str:
    """A mobile number of its own for each; none of those at which the gateway sink misbehaves."""
    return f"+8490{number % 10_000_000:07d}" if number % 1_000_000 < 999_990 else f"+8491{number % 10_000_000:07d}"


def unit_states(communes: int) -> Iterator[UnitState]:
    """Thành Đoàn, its communes, and six branches in each."""
    yield _unit(ROOT, "Thành Đoàn", "province", None, [ROOT])
    for commune in range(communes):
        id = commune_id(commune)
        yield _unit(id, f"Đoàn xã {commune}", "commune", ROOT, [ROOT, id])
        for number in range(BRANCHES_PER_COMMUNE):
            branch = branch_id(commune, number)
            yield _unit(branch, f"Chi đoàn thôn {number}", "branch", id, [ROOT, id, branch])


def _unit(id: str, name: str, kind: str, parent: str | None, path: list[str]) -> UnitState:
    facts = UnitFacts(name=name, short_name=name[:30], kind=kind, parent_id=parent, starts=STARTS)
    return UnitState(unit_id=id, version=1, facts=[facts], path=path)


def branch_of(person: int, communes: int) -> str:
    """People are spread evenly over the branches."""
    branch = person % (communes * BRANCHES_PER_COMMUNE)
    return branch_id(branch // BRANCHES_PER_COMMUNE, branch % BRANCHES_PER_COMMUNE)


def person_states(people: int, communes: int = 1) -> Iterator[PersonState]:
    for number in range(people):
        name = name_of(number)
        membership = Membership(unit_id=branch_of(number, communes), kind="member", starts=STARTS)
        yield PersonState(
            person_id=person_id(number),
            version=1,
            full_name=name,
            sort_key=" ".join(reversed(name.lower().split())),
            memberships=[membership],
        )


def contact_states(people: int, communes: int = 1, *, email: bool = False) -> Iterator[ContactState]:
    """A mobile for everyone, and a mailbox too when asked for."""
    for number in range(people):
        points = [ContactPoint(channel=ContactChannel.SMS, address=phone_of(number))]
        if email:
            points.append(ContactPoint(channel=ContactChannel.EMAIL, address=f"nguoi{number}@example.vn"))
        yield ContactState(
            person_id=person_id(number),
            version=1,
            full_name=name_of(number),
            greeting="đồng chí",
            points=points,
            unit_ids=(branch_of(number, communes),),
        )


def post_states(communes: int) -> Iterator[PostState]:
    """A standing secretary per commune and a secretary per branch, the first people of the district."""
    number = 0
    for commune in range(communes):
        yield _post(number, commune_id(commune), "commune_secretary")
        number += 1
        for branch in range(BRANCHES_PER_COMMUNE):
            yield _post(number, branch_id(commune, branch), "branch_secretary")
            number += 1


def secretary_of(commune: int) -> str:
    """The person who is the commune's secretary."""
    return person_id(commune * POSTS_PER_COMMUNE)


def _post(number: int, unit: str, post: str) -> PostState:
    return PostState(
        post_id=_id(4, number),
        version=1,
        person_id=person_id(number),
        unit_id=unit,
        post=post,
        basis="appointed",
        starts=STARTS,
    )


def portfolio_states(communes: int) -> Iterator[PortfolioState]:
    """Each commune's standing secretary is in charge of its first branch."""
    for commune in range(communes):
        yield PortfolioState(
            portfolio_id=_id(5, commune),
            version=1,
            person_id=secretary_of(commune),
            commune_id=commune_id(commune),
            branch_id=branch_id(commune, 0),
            starts=STARTS,
        )
