"""What a good importer must conclude of each row of a member list.

The importer is not asked for these words, only for these conclusions: a test maps its own to them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType


class Verdict(StrEnum):
    """The conclusion for a row, from the mildest to the hardest."""

    OK = "ok"
    """Can be imported, nothing to say."""
    FIXED = "fixed"
    """Can be imported; what was corrected or deserves a remark is told."""
    REVIEW = "review"
    """Something that only a person can decide; neither imported by itself nor lost."""
    DUPLICATE = "duplicate"
    """The person of an earlier row."""
    REJECTED = "rejected"
    """Cannot be a youth of the commune."""


class Finding(StrEnum):
    """What there is to say about a row."""

    NAME_COMPOSED = "name_composed"
    """The name came in NFD."""
    NAME_CASE = "name_case"
    """The name came in capitals."""
    NAME_SPACES = "name_spaces"
    PHONE_SEPARATORS = "phone_separators"
    PHONE_COUNTRY_CODE = "phone_country_code"
    """+84… or 84… instead of 0…"""
    PHONE_ZERO_LOST = "phone_zero_lost"
    """Stored as a number, so that the leading zero is gone."""
    PHONE_MIGRATED = "phone_migrated"
    """An 11-digit number from before 15 September 2018."""
    PHONE_LANDLINE = "phone_landline"
    """Can ring but cannot take an SMS: kept as another phone."""
    PHONE_SECOND = "phone_second"
    """Two numbers in one cell: the first mobile is the phone, the other is kept."""
    PHONE_SHARED = "phone_shared"
    """The number of somebody else of the list, too: allowed in a family."""
    PHONE_INVALID = "phone_invalid"
    BIRTH_YEAR_ONLY = "birth_year_only"
    BIRTH_TWO_DIGIT_YEAR = "birth_two_digit_year"
    BIRTH_SERIAL = "birth_serial"
    """Excel's day number without a date format."""
    BIRTH_IMPOSSIBLE = "birth_impossible"
    EMAIL_INVALID = "email_invalid"
    BRANCH_UNKNOWN = "branch_unknown"
    NAME_MISSING = "name_missing"
    TOO_YOUNG = "too_young"
    """Under 15: not yet a youth of the Union (Law on Youth 2020: 16 to 30)."""
    TOO_OLD = "too_old"
    """Over 35 without a post: perhaps a parent, perhaps a slip in the year."""
    SAME_PERSON = "same_person"
    """Same name, in whatever spelling, and same birth date as an earlier row."""
    POSSIBLY_SAME_PERSON = "possibly_same_person"
    """Same name and birth year as an earlier row, the day unknown."""


_HARDER_THAN_FIXED: Mapping[Finding, Verdict] = MappingProxyType(
    {
        Finding.PHONE_INVALID: Verdict.REVIEW,
        Finding.BIRTH_IMPOSSIBLE: Verdict.REVIEW,
        Finding.EMAIL_INVALID: Verdict.REVIEW,
        Finding.BRANCH_UNKNOWN: Verdict.REVIEW,
        Finding.TOO_OLD: Verdict.REVIEW,
        Finding.POSSIBLY_SAME_PERSON: Verdict.REVIEW,
        Finding.SAME_PERSON: Verdict.DUPLICATE,
        Finding.NAME_MISSING: Verdict.REJECTED,
        Finding.TOO_YOUNG: Verdict.REJECTED,
    }
)


def verdict_of(findings: Iterable[Finding]) -> Verdict:
    """The hardest conclusion that one of the findings asks for."""
    order = list(Verdict)
    asked = [_HARDER_THAN_FIXED.get(finding, Verdict.FIXED) for finding in findings]
    return max(asked, key=order.index, default=Verdict.OK)


@dataclass(frozen=True, slots=True)
class ExpectedPerson:
    """The row read rightly; None or empty is what the row does not tell or tells unreadably."""

    full_name: str
    """NFC, single spaces, each word capitalised."""
    birth_date: str | None
    """ISO 8601."""
    birth_year: int | None
    sex: str | None
    """male or female."""
    phone: str | None
    """E.164 mobile."""
    other_phones: tuple[str, ...]
    """E.164."""
    email: str | None
    branch_code: str | None
    """The code that this package gives to the branch."""
    village: str | None
    kind: str | None
    """member (đoàn viên) or youth (thanh niên)."""
    note: str


@dataclass(frozen=True, slots=True)
class ExpectedRow:
    """One row of the sheet, by Excel's own row number (the first is 1)."""

    row: int
    verdict: Verdict
    findings: tuple[Finding, ...]
    person: ExpectedPerson
    person_key: str | None
    """Who of the district this is; None for rows that are nobody's."""
    duplicate_of: int | None = None
    """The earlier row, for (possibly) the same person."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a good importer must conclude of a whole sheet."""

    header_row: int
    rows: tuple[ExpectedRow, ...]
    ignored_rows: tuple[int, ...]
    """Titles, blank rows and the footer: not people, not errors."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """Number of rows by verdict."""
