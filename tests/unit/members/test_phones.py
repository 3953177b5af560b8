"""Telephone numbers as officers write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from members.domain.notes import NOTES
from members.domain.phones import MIGRATED, Phone, read_phone

HERS = "+84912345678"


@pytest.mark.parametrize(
    ("written", "notes"),
    [
        ("0912345678", ()),
        ("0912 345 678", ("phone-separators",)),
        ("0912.345.678", ("phone-separators",)),
        ("(0912) 345-678", ("phone-separators",)),
        ("+84912345678", ("phone-country-code",)),
        ("84912345678", ("phone-country-code",)),
        ("0084 912345678", ("phone-country-code", "phone-separators")),
        ("(+84) 912345678", ("phone-country-code", "phone-separators")),
        ("912345678", ("phone-zero-lost",)),
        (912345678, ("phone-zero-lost",)),
        (912345678.0, ("phone-zero-lost",)),
        ("O9I2345678", ("phone-letters",)),
        ("ĐT: 0912345678", ()),
        ("'0912345678", ("phone-separators",)),
        ("０９１２３４５６７８", ()),
        ("\u202a0912345678\u202c", ()),
    ],
)
def test_one_number_in_any_spelling(written: str | float, notes: tuple[str, ...]) -> None:
    assert read_phone(written) == Phone(HERS, (), notes)


@pytest.mark.parametrize(("old", "new"), MIGRATED.items())
def test_eleven_digits_are_migrated(old: str, new: str) -> None:
    for written in (f"0{old}1234567", f"84{old}1234567", f"0{old}.123.4567", int(f"{old}1234567")):
        phone = read_phone(written)
        assert phone.e164 == f"+84{new}1234567"
        assert "phone-migrated" in phone.notes


@pytest.mark.parametrize("between", [" / ", "/", "; ", ", ", " - ", "\n", " hoặc "])
def test_of_two_numbers_the_first_is_used_and_the_second_kept(between: str) -> None:
    phone = read_phone(f"0912345678{between}0987654321")
    assert (phone.e164, phone.others) == (HERS, ("+84987654321",))
    assert "phone-second" in phone.notes


def test_a_landline_beside_a_mobile_is_kept_aside() -> None:
    phone = read_phone("02353650236 / 0912345678")
    assert (phone.e164, phone.others) == (HERS, ("+842353650236",))


def test_a_landline_alone_takes_no_sms() -> None:
    assert read_phone("0235.3650236") == Phone(None, ("+842353650236",), ("phone-separators", "phone-landline"))


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("091234567", "phone-length"),
        ("09123456789", "phone-length"),
        ("0235.36502361", "phone-length"),
        ("0612345678", "phone-unassigned"),
        ("+81 90 1234 5678", "phone-foreign"),
        ("không nhớ", "phone-unreadable"),
        ("12", "phone-unreadable"),
        ("", "phone-unreadable"),
    ],
)
def test_what_is_no_vietnamese_number_is_refused_with_the_reason(written: str, problem: str) -> None:
    assert read_phone(written) == Phone(None, problem=problem)


@given(st.one_of(st.text(max_size=40), st.integers(-(10**14), 10**14), st.floats(-1e14, 1e14)))
def test_anything_is_either_a_number_or_told_why_not(written: str | int | float) -> None:
    phone = read_phone(written)
    assert phone.problem is not None or phone.e164 is not None or phone.others
    assert all(code in NOTES for code in (*phone.notes, *([phone.problem] if phone.problem else [])))
    assert phone.e164 is None or phone.e164.startswith("+84")


@given(st.from_regex(r"0(3[2-9]|7[06-9]|8[1-5]|9[0-46-8])[0-9]{7}", fullmatch=True))
def test_reading_a_number_again_changes_nothing(written: str) -> None:
    once = read_phone(written)
    assert once.e164 is not None
    assert read_phone(once.e164).e164 == once.e164
