"""What an import has to say about a cell or a row: stable codes, each with its sentences and how grave it is."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple


class Verdict(StrEnum):
    """The conclusion for a cell or a row, from the mildest to the gravest."""

    OK = "ok"  # taken as it stands
    FIXED = "fixed"  # taken; what was corrected or deserves a remark is told
    REVIEW = "review"  # a person must decide (cần xem lại): neither imported by itself nor lost
    DUPLICATE = "duplicate"  # surely a person of an earlier row, or one already registered
    REJECTED = "rejected"  # cannot be a youth of the unit as written


VERDICTS_VI = MappingProxyType(
    {
        Verdict.OK: "Được",
        Verdict.FIXED: "Đã sửa",
        Verdict.REVIEW: "Cần xem lại",
        Verdict.DUPLICATE: "Trùng",
        Verdict.REJECTED: "Không nhận",
    }
)


class Note(NamedTuple):
    """A remark in Vietnamese and English, and the verdict that it leads to at least."""

    vi: str
    en: str
    verdict: Verdict


def _fixed(vi: str, en: str) -> Note:
    return Note(vi, en, Verdict.FIXED)


def _review(vi: str, en: str) -> Note:
    return Note(vi, en, Verdict.REVIEW)


NOTES = MappingProxyType(
    {
        "name-composed": _fixed("Tên viết bằng dấu rời, đã ghép lại", "the name came decomposed (NFD)"),
        "name-case": _fixed("Tên viết toàn chữ hoa hoặc thường, đã viết lại", "the name came in one case"),
        "name-spaces": _fixed("Tên thừa khoảng trắng, đã bỏ", "the name had superfluous spaces"),
        "name-signs": _fixed("Tên có số thứ tự hoặc dấu thừa, đã bỏ", "a number or signs stood beside the name"),
        "name-joined": _fixed("Họ đệm và tên ở hai cột, đã ghép", "surname and given name stood in two columns"),
        "name-missing": Note("Thiếu họ tên", "the name is missing", Verdict.REJECTED),
        "name-odd": _review("Không giống họ tên đầy đủ", "this does not look like a full name"),
        "phone-separators": _fixed("Số điện thoại có dấu chấm, cách, đã bỏ", "the phone had separators"),
        "phone-country-code": _fixed("Số điện thoại viết theo mã nước 84", "the phone came with country code"),
        "phone-zero-lost": _fixed("Số điện thoại mất số 0 ở đầu, đã thêm", "the phone had lost its leading zero"),
        "phone-migrated": _fixed("Số 11 chữ số cũ, đã đổi sang đầu số mới", "an eleven-digit number, migrated"),
        "phone-letters": _fixed("Số điện thoại có chữ O hoặc l thay số 0, 1", "letters stood for digits in the phone"),
        "phone-landline": _fixed("Số cố định: giữ lại, không nhắn tin được", "a landline: kept, takes no SMS"),
        "phone-second": _fixed("Nhiều số: dùng số di động đầu, giữ các số kia", "several numbers: the first is used"),
        "phone-shared": _fixed("Dùng chung số điện thoại với người khác", "somebody else has the same phone"),
        "phone-unreadable": _review("Không đọc được số điện thoại", "the phone can't be read"),
        "phone-length": _review("Số điện thoại thừa hoặc thiếu chữ số", "the phone has too few or too many digits"),
        "phone-unassigned": _review("Không có đầu số điện thoại này", "no such prefix is in use"),
        "phone-foreign": _review("Số điện thoại nước ngoài", "the phone is of another country"),
        "birth-year-only": _fixed("Chỉ có năm sinh", "only the year of birth is known"),
        "birth-month-only": _fixed("Chỉ có tháng và năm sinh; giữ năm", "only month and year: the year is kept"),
        "birth-serial": _fixed("Ngày sinh là số của Excel, đã đổi", "the birth date was Excel's day number"),
        "birth-run-together": _fixed("Ngày sinh viết liền, đã tách", "the birth date was written in one run"),
        "birth-century": _fixed("Năm sinh hai chữ số, đã viết đủ", "the year of birth had two digits"),
        "birth-month-first": _fixed("Ngày sinh viết tháng trước, đã đổi", "the birth date had the month first"),
        "birth-missing": _fixed("Không có ngày sinh", "there is no birth date"),
        "birth-unreadable": _review("Không đọc được ngày sinh", "the birth date can't be read"),
        "birth-no-such-day": _review("Không có ngày này trong lịch", "there is no such day"),
        "birth-implausible": _review("Năm sinh không thể đúng", "the year of birth can't be right"),
        "too-young": Note("Chưa đủ 15 tuổi", "under 15 years of age", Verdict.REJECTED),
        "too-old": _review("Quá 35 tuổi mà không giữ chức vụ", "over 35 without a post"),
        "email-repaired": _fixed("Thư điện tử viết sai dấu, đã sửa", "the e-mail address was mended"),
        "email-unreadable": _review("Địa chỉ thư điện tử không đúng", "not an e-mail address"),
        "sex-unknown": _fixed("Không rõ giới tính", "the sex can't be read"),
        "kind-unknown": _review("Không rõ là đoàn viên hay thanh niên", "neither member nor youth"),
        "branch-unknown": _review("Không có chi đoàn này", "there is no such branch"),
        "branch-ambiguous": _review("Có nhiều chi đoàn trùng tên này", "several branches have this name"),
        "branch-missing": _review("Không rõ thuộc chi đoàn nào", "the branch is missing"),
        "formula-empty": _review("Ô công thức không có giá trị", "a formula without a stored value"),
        "same-person": Note("Trùng người", "the same person", Verdict.DUPLICATE),
        "maybe-same-person": _review("Có thể trùng người", "perhaps the same person"),
        "not-taken-over": _review("Chưa ghi được vào hồ sơ", "the row could not be taken over"),
    }
)  # fmt: skip
"""Every remark by its code. Codes are stored and part of the API; sentences may change."""

_ORDER = list(Verdict)


def gravest(verdicts: Iterable[Verdict]) -> Verdict:
    return max(verdicts, key=_ORDER.index, default=Verdict.OK)


def verdict_of(codes: Iterable[str]) -> Verdict:
    """The gravest verdict that one of the remarks leads to."""
    return gravest(NOTES[code].verdict for code in codes)
