"""Texts as phone networks count them, judged by an independent GSM 03.38 codec."""

from __future__ import annotations

import unicodedata

import gsm0338
import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.domain.sms_text import (
    GSM_BASIC,
    GSM_EXTENSION,
    Encoding,
    as_sent,
    size_of,
    without_accents,
)

ORACLE = gsm0338.Codec()
GSM_TEXT = st.text(st.sampled_from(sorted(GSM_BASIC | set(GSM_EXTENSION))), max_size=500)
VIETNAMESE = st.text(
    st.sampled_from(
        "aăâbcdđeêghiklmnoôơpqrstuưvxyáàảãạắằẳẵặấầẩẫậéèẻẽẹếềểễệíìỉĩịóòỏõọốồổỗộớờởỡợúùủũụứừửữựýỳỷỹỵ ĐÁẾỘƯ.,:0-9"
    ),
    max_size=400,
)


def encodable(text: str) -> bytes | None:
    if "\x1b" in text:
        return None  # the codec passes the escape itself on, which no text may hold
    try:
        return bytes(ORACLE.encode(text)[0])
    except UnicodeEncodeError:
        return None


@given(GSM_TEXT)
def test_septets_are_those_of_the_gsm_alphabet(text: str) -> None:
    septets = encodable(text)
    assert septets is not None
    size = size_of(text)
    assert (size.encoding, size.units) == (Encoding.GSM7, len(septets))


@given(st.text(max_size=200))
def test_a_text_is_gsm_exactly_when_the_codec_can_encode_it(text: str) -> None:
    assert (size_of(text).encoding is Encoding.GSM7) == (encodable(text) is not None)


@given(GSM_TEXT)
def test_an_escape_pair_is_never_split_over_two_parts(text: str) -> None:
    size = size_of(text)
    if size.units <= 160:
        assert size.parts == 1
        return
    used, parts = 0, 1
    for sign in text:
        cost = len(encodable(sign) or b"")
        used, parts = (cost, parts + 1) if used + cost > 153 else (used + cost, parts)
    assert size.parts == parts


@pytest.mark.parametrize(
    ("text", "encoding", "parts"),
    [
        ("", Encoding.GSM7, 1),
        ("a" * 160, Encoding.GSM7, 1),
        ("a" * 161, Encoding.GSM7, 2),
        ("a" * 306, Encoding.GSM7, 2),
        ("a" * 307, Encoding.GSM7, 3),
        ("€" * 80, Encoding.GSM7, 1),
        ("€" * 81, Encoding.GSM7, 2),
        ("ế" * 70, Encoding.UCS2, 1),
        ("ế" * 71, Encoding.UCS2, 2),
        ("ế" * 134, Encoding.UCS2, 2),
        ("ế" * 135, Encoding.UCS2, 3),
        ("😀" * 35, Encoding.UCS2, 1),
        ("😀" * 36, Encoding.UCS2, 2),
    ],
)
def test_parts_at_their_limits(text: str, encoding: Encoding, parts: int) -> None:
    assert (size_of(text).encoding, size_of(text).parts) == (encoding, parts)


@given(VIETNAMESE)
def test_vietnamese_without_accents_is_plain_ascii_of_the_same_length(text: str) -> None:
    plain = without_accents(text)
    assert plain.isascii()
    assert len(plain) == len(text)
    assert without_accents(unicodedata.normalize("NFD", text)) == plain


@given(st.text(max_size=200))
def test_folding_ends_in_gsm_and_folding_again_changes_nothing(text: str) -> None:
    plain = without_accents(text)
    open_places = [sign for sign in plain if unicodedata.category(sign) == "Co"]
    assert open_places or size_of(plain).encoding is Encoding.GSM7
    assert without_accents(plain) == plain


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("Đoàn xã Nông Sơn", "Doan xa Nong Son"),
        ("“Giao ban” – tháng 6…", '"Giao ban" - thang 6...'),
        ("19h30\u00a0thứ Bảy", "19h30 thu Bay"),
        ("hoà\u0300 vs hòa 👍", "hoa vs hoa "),
        ("20.000 ₫ × 3", "20.000 d x 3"),
    ],
)
def test_signs_that_would_silently_double_the_price_are_spelled_out(written: str, sent: str) -> None:
    assert without_accents(written) == sent


def test_with_diacritics_the_composed_form_is_sent() -> None:
    decomposed = unicodedata.normalize("NFD", "Mời đồng chí dự họp")
    assert as_sent(decomposed, diacritics=True) == "Mời đồng chí dự họp"
