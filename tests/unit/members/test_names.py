"""Vietnamese names: written, folded, sorted."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from members.domain.names import folded, is_name, name_sort_key, natural_sort_key, repaired_name, tidied, words


@pytest.mark.parametrize("other", ["Hoà", "Hoa", "HÒA", unicodedata.normalize("NFD", "Hòa"), " hòa\u200b "])
def test_spellings_of_a_name_are_equal_folded(other: str) -> None:
    assert folded(other) == folded("Hòa")


def test_d_with_a_stroke_is_a_d() -> None:
    assert folded("Đỗ Đình Đạt") == "do dinh dat"


def test_names_sort_by_the_given_name_first() -> None:
    names = ["Trần Văn Bình", "Nguyễn Văn An", "An Văn Đạt", "Lê Thị An"]
    assert sorted(names, key=name_sort_key) == ["Lê Thị An", "Nguyễn Văn An", "Trần Văn Bình", "An Văn Đạt"]


def test_numbers_in_names_sort_as_numbers() -> None:
    names = ["Lộc Tây 10", "Lộc Tây 2", "Lộc Tây 1"]
    assert sorted(names, key=natural_sort_key) == ["Lộc Tây 1", "Lộc Tây 2", "Lộc Tây 10"]


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("NGUYỄN THỊ HÒA", "Nguyễn Thị Hòa"),
        ("nguyễn thị hòa", "Nguyễn Thị Hòa"),
        ("12. Nguyễn Thị Hòa", "Nguyễn Thị Hòa"),
        ("  Nguyễn\u00a0 Thị  Hòa ,", "Nguyễn Thị Hòa"),
        ("H'Hen Niê", "H'Hen Niê"),
    ],
)
def test_names_are_written_as_they_should_be(written: str, name: str) -> None:
    assert repaired_name(written) == name
    assert is_name(name)


@pytest.mark.parametrize("text", ["Hòa", "", "Nguyễn Thị 2", "Nguyễn <b>Thị</b>", "=HYPERLINK(1) x"])
def test_what_is_no_full_name_is_told_apart(text: str) -> None:
    assert not is_name(text)


@given(st.text(max_size=60))
def test_folding_and_tidying_twice_is_like_once(text: str) -> None:
    assert folded(folded(text)) == folded(text)
    assert tidied(tidied(text)) == tidied(text)
    assert all(word.isascii() for word in words(text))
