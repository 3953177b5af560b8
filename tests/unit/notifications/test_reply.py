"""What people mean by what they type."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.domain.reply import Meaning, Understood, invitation_code, told_apart, understand


@pytest.mark.parametrize(
    "text", ["1", " 1 ", "1.", "Có", "có ạ", "Co a", "CÓ", "dạ có", "Dạ", "du", "Dự ạ", "ok", "1 ạ"]
)
def test_yes(text: str) -> None:
    assert understand(text) == Understood(Meaning.COMING)


@pytest.mark.parametrize("text", ["2", "2.", "không", "Khong a", "ko", "Vắng", "em vắng ạ", "bận", "dạ không ạ"])
def test_no(text: str) -> None:
    assert understand(text) == Understood(Meaning.NOT_COMING)


@pytest.mark.parametrize("text", ["TC", "tc", "HUY", "hủy", "Từ chối", "STOP"])
def test_no_more_messages(text: str) -> None:
    assert understand(text) == Understood(Meaning.OPT_OUT)


@pytest.mark.parametrize(
    ("text", "understood"),
    [
        ("1 K7", Understood(Meaning.COMING, "K7")),
        ("2 k7", Understood(Meaning.NOT_COMING, "K7")),
        ("1K7", Understood(Meaning.COMING, "K7")),
        ("2-BT", Understood(Meaning.NOT_COMING, "BT")),
        ("có K7", Understood(Meaning.COMING, "K7")),
        ("1 K7B", Understood(Meaning.COMING, "K7B")),
        ("2 k7b4", Understood(Meaning.NOT_COMING, "K7B4")),
    ],
)
def test_an_answer_with_the_code_of_its_invitation(text: str, understood: Understood) -> None:
    assert understand(text) == understood


@pytest.mark.parametrize(
    "text", ["", "3", "12", "Tôi đến trễ 15 phút được không?", "cong", "ai vậy", "1 hay 2", "TC K7", "du an"]
)
def test_what_no_rule_understands_is_left_for_an_officer(text: str) -> None:
    assert understand(text).meaning is Meaning.UNCLEAR


@given(st.text(max_size=300))
def test_no_text_breaks_it(text: str) -> None:
    understand(text)


@given(st.uuids(), st.uuids())
def test_every_code_is_understood_as_a_code(about: object, person: object) -> None:
    whole = invitation_code(str(about), str(person))
    for length in range(2, len(whole) + 1):
        code = whole[:length]
        assert understand(f"1 {code}") == Understood(Meaning.COMING, code)
        assert understand(f"2{code.lower()}") == Understood(Meaning.NOT_COMING, code)


@pytest.mark.parametrize(
    ("others", "brief"),
    [([], "K7"), (["K8BX", "R7BX"], "K7"), (["K7HX"], "K7B"), (["K7BR", "K7HX"], "K7BX"), (["K7BX"], "K7BX")],
)
def test_a_code_is_as_long_as_tells_it_from_the_others_of_its_phone(others: list[str], brief: str) -> None:
    assert told_apart("K7BX", others) == brief
