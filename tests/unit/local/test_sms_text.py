"""The gateway sink counts as a gateway does."""

from __future__ import annotations

import gsm0338
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.local.sms_text import measure, without_accents


@pytest.mark.parametrize(
    ("text", "encoding", "parts"),
    [
        ("a" * 160, "GSM-7", 1),
        ("a" * 161, "GSM-7", 2),
        ("a" * 306, "GSM-7", 2),
        ("a" * 307, "GSM-7", 3),
        ("€" * 80, "GSM-7", 1),
        ("€" * 81, "GSM-7", 2),
        ("ạ" * 70, "UCS-2", 1),
        ("ạ" * 71, "UCS-2", 2),
        ("ạ" * 134, "UCS-2", 2),
        ("ạ" * 135, "UCS-2", 3),
    ],
)
def test_parts_begin_where_the_standard_says(text: str, encoding: str, parts: int) -> None:
    size = measure(text)
    assert (size.encoding, size.parts) == (encoding, parts)


# ESC is no letter of the alphabet but the step into its second table; the oracle lets it through.
@given(st.text(st.characters(max_codepoint=0x2FFF, exclude_characters="\x1b"), max_size=400))
def test_the_alphabet_is_that_of_the_standard(text: str) -> None:
    try:
        septets = len(gsm0338.Codec().encode(text)[0])
    except UnicodeEncodeError:
        assert measure(text).encoding == "UCS-2"
    else:
        assert (measure(text).encoding, measure(text).units) == ("GSM-7", septets)


def test_accents_go_and_the_letters_stay() -> None:
    assert without_accents("Đoàn xã Nông Sơn: mời đồng chí") == "Doan xa Nong Son: moi dong chi"
