"""How Vietnamese is spelt, folded and misspelt: what the generator and its slips need of it."""

import unicodedata

_MARKS_ON_FIRST_VOWEL = ("òa", "óa", "ỏa", "õa", "ọa", "òe", "óe", "ỏe", "õe", "ọe", "ùy", "úy", "ủy", "ũy", "ụy")
_MARKS_ON_SECOND_VOWEL = ("oà", "oá", "oả", "oã", "oạ", "oè", "oé", "oẻ", "oẽ", "oẹ", "uỳ", "uý", "uỷ", "uỹ", "uỵ")


def ascii_folded(text: str) -> str:
    """Lower case without any mark, đ as d, single spaces: equal for all spellings of one name."""
    bare = "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))
    return " ".join(bare.replace("đ", "d").replace("Đ", "D").lower().split())


def with_marks_moved(name: str) -> str:
    """The same name with its tone marks on the other vowel: Hòa → Hoà. Unchanged where there is no choice.

    Only syllables that *end* in the two vowels have the choice: Toàn and Huỳnh have none.
    """
    syllables = []
    for syllable in name.split(" "):
        ending = syllable[-2:]
        moved = ending in _MARKS_ON_FIRST_VOWEL and not syllable.lower().startswith("qu")
        syllables.append(
            syllable[:-2] + _MARKS_ON_SECOND_VOWEL[_MARKS_ON_FIRST_VOWEL.index(ending)] if moved else syllable
        )
    return " ".join(syllables)


def decomposed(text: str) -> str:
    """NFD, as a Mac or an old phone keyboard leaves it."""
    return unicodedata.normalize("NFD", text)
