"""What kind of message it is in the eyes of the law and of the operators: decides hours, label and caps.

Source: Nghị định 91/2020/NĐ-CP art. 13 (advertising); operators sell `điều hành` and `CSKH` as classes of their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class MessageClass(StrEnum):
    DIRECTING = "directing"
    CARE = "care"
    ADVERTISING = "advertising"
    ONE_TIME_CODE = "one_time_code"
    EMERGENCY = "emergency"


@dataclass(frozen=True, slots=True)
class ClassRules:
    """`keeps_quiet`: waits for the end of the quiet hours. `label` stands first in the text. `daily_cap` per number."""

    vi: str
    keeps_quiet: bool
    label: str = ""
    daily_cap: int | None = None
    asks_do_not_call_list: bool = False


RULES: dict[MessageClass, ClassRules] = {
    MessageClass.DIRECTING: ClassRules("Điều hành, thông báo", keeps_quiet=True),
    MessageClass.CARE: ClassRules("Chăm sóc (CSKH)", keeps_quiet=True),
    MessageClass.ADVERTISING: ClassRules(
        "Quảng cáo", keeps_quiet=True, label="[QC] ", daily_cap=3, asks_do_not_call_list=True
    ),
    MessageClass.ONE_TIME_CODE: ClassRules("Mã xác thực (OTP)", keeps_quiet=False),
    MessageClass.EMERGENCY: ClassRules("Khẩn cấp (thiên tai)", keeps_quiet=False),
}
