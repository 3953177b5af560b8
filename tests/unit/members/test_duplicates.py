"""Who is the same person: never by the telephone alone."""

from __future__ import annotations

from datetime import date

import pytest

from members.domain.duplicates import Known, Register
from members.domain.names import folded

BORN = date(2004, 3, 12)


def known(
    name: str, born: date | None = BORN, year: int | None = 2004, phone: str | None = None, row: int = 1
) -> Known:
    return Known(folded(name), born, year, phone, row=row)


HOA = known("Nguyễn Thị Hòa", phone="+84912345678")


@pytest.mark.parametrize(
    ("other", "sure"),
    [
        (known("NGUYỄN THỊ HOÀ"), True),
        (known("Nguyễn Thị Hòa", None, 2004), False),
        (known("Nguyễn Thị Hòa", None, None), False),
        (known("Nguyễn Thị Hào"), False),
        (known("Hòa Nguyễn Thị"), False),
        (known("Nguyễn T. Hòa", None, 2004, "+84912345678"), False),
    ],
)
def test_the_same_or_perhaps_the_same(other: Known, sure: bool) -> None:
    match = Register([HOA]).match(other)
    assert match is not None
    assert match.sure is sure
    assert match.known is HOA


@pytest.mark.parametrize(
    "other",
    [
        known("Nguyễn Thị Hòa", date(2003, 1, 2), 2003),
        known("Nguyễn Thị Hòa", None, 1999),
        known("Nguyễn Văn Hùng", date(2001, 2, 1), 2001, "+84912345678"),
        known("Trần Văn Bình"),
    ],
)
def test_somebody_else(other: Known) -> None:
    assert Register([HOA]).match(other) is None


def test_of_several_the_sure_one_is_found() -> None:
    vague = known("Nguyễn Thị Hòa", None, 2004, row=1)
    sure = known("Nguyễn Thị Hòa", row=2)
    match = Register([vague, sure]).match(known("Nguyễn Thị Hòa", row=3))
    assert match is not None
    assert match.known is sure


def test_a_shared_telephone_is_noticed_between_two_people_only() -> None:
    register = Register([HOA])
    assert not register.shares_phone(HOA)
    assert register.shares_phone(known("Nguyễn Văn Hùng", phone="+84912345678"))
