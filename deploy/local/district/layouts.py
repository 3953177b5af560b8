"""How four officers keep their lists: titles, headings, columns, ways of writing a date and a village."""

from dataclasses import dataclass
from enum import StrEnum

from deploy.local.district.district import PersonKind, Sex


class Column(StrEnum):
    """What a column is about, whatever its heading says."""

    NUMBER = "number"
    NAME = "name"
    BORN = "born"
    SEX = "sex"
    PHONE = "phone"
    EMAIL = "email"
    VILLAGE = "village"
    KIND = "kind"
    POST = "post"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Layout:
    """One officer's habits."""

    file_name: str
    sheet: str
    commune_code: str
    branch_numbers: range
    titles: tuple[str, ...]
    """Merged rows above the heading; an empty one is a blank row."""
    headings: tuple[tuple[Column, str], ...]
    nfd_headings: bool
    dates_as_text: bool
    """Otherwise as Excel dates."""
    village_form: str
    kind_words: dict[PersonKind, str]
    sex_words: dict[Sex, str]
    blank_row_after_branch: bool
    total_line: str


_WORDS = {PersonKind.MEMBER: "Đoàn viên", PersonKind.YOUTH: "Thanh niên"}
_SHORT = {PersonKind.MEMBER: "ĐV", PersonKind.YOUTH: "TN"}
_SEXES = {Sex.MALE: "Nam", Sex.FEMALE: "Nữ"}

LAYOUTS = (
    Layout(
        file_name="nong-son-trung-phuoc.xlsx",
        sheet="Danh sách",
        commune_code="20656",
        branch_numbers=range(1, 11),
        titles=(
            "ĐOÀN TNCS HỒ CHÍ MINH",
            "BCH ĐOÀN XÃ NÔNG SƠN",
            "",
            "DANH SÁCH ĐOÀN VIÊN, THANH NIÊN NĂM 2026",
            "(Địa bàn Trung Phước cũ)",
        ),
        headings=(
            (Column.NUMBER, "STT"),
            (Column.NAME, "Họ và tên"),
            (Column.BORN, "Ngày sinh"),
            (Column.SEX, "Giới tính"),
            (Column.PHONE, "SĐT"),
            (Column.EMAIL, "Email"),
            (Column.VILLAGE, "Thôn"),
            (Column.KIND, "Đối tượng"),
            (Column.POST, "Chức vụ"),
            (Column.NOTE, "Ghi chú"),
        ),
        nfd_headings=False,
        dates_as_text=True,
        village_form="{village}",
        kind_words=_WORDS,
        sex_words=_SEXES,
        blank_row_after_branch=False,
        total_line="Tổng cộng: {count} người",
    ),
    Layout(
        file_name="nong-son-que-loc.xlsx",
        sheet="Sheet1",
        commune_code="20656",
        branch_numbers=range(11, 18),
        titles=("DANH SÁCH ĐOÀN VIÊN, THANH NIÊN CÁC CHI ĐOÀN QUẾ LỘC", ""),
        headings=(
            (Column.NUMBER, "TT"),
            (Column.NAME, "HỌ TÊN"),
            (Column.BORN, "NĂM SINH"),
            (Column.SEX, "NAM/NỮ"),
            (Column.PHONE, "ĐIỆN THOẠI"),
            (Column.EMAIL, "EMAIL"),
            (Column.VILLAGE, "CHI ĐOÀN"),
            (Column.KIND, "ĐV/TN"),
            (Column.NOTE, "GHI CHÚ"),
        ),
        nfd_headings=False,
        dates_as_text=False,
        village_form="Chi đoàn thôn {village}",
        kind_words=_SHORT,
        sex_words={Sex.MALE: "nam", Sex.FEMALE: "nữ"},
        blank_row_after_branch=True,
        total_line="Cộng: {count}",
    ),
    Layout(
        file_name="que-phuoc.xlsx",
        sheet="DSDV 2026",
        commune_code="20669",
        branch_numbers=range(1, 12),
        titles=("ĐOÀN XÃ QUẾ PHƯỚC", "***", "DANH SÁCH ĐOÀN VIÊN, THANH NIÊN", "Tính đến tháng 6 năm 2026", ""),
        headings=(
            (Column.NUMBER, "STT"),
            (Column.NAME, "Họ và tên"),
            (Column.BORN, "Ngày, tháng, năm sinh"),
            (Column.SEX, "Giới tính"),
            (Column.VILLAGE, "Chi đoàn"),
            (Column.POST, "Chức vụ"),
            (Column.PHONE, "Số\nđiện thoại"),
            (Column.EMAIL, "Thư điện tử"),
            (Column.KIND, "Đối tượng"),
            (Column.NOTE, "Ghi chú"),
        ),
        nfd_headings=True,
        dates_as_text=True,
        village_form="Chi đoàn {village}",
        kind_words=_WORDS,
        sex_words=_SEXES,
        blank_row_after_branch=False,
        total_line="Tổng cộng danh sách này có {count} đồng chí.",
    ),
    Layout(
        file_name="duy-nghia.xlsx",
        sheet="Danh sách",
        commune_code="20635",
        branch_numbers=range(1, 13),
        titles=(
            "ĐOÀN XÃ DUY NGHĨA",
            "",
            "DANH SÁCH ĐOÀN VIÊN, THANH NIÊN XÃ DUY NGHĨA",
        ),
        headings=(
            (Column.NUMBER, "STT"),
            (Column.VILLAGE, "Thôn"),
            (Column.NAME, "Họ tên"),
            (Column.SEX, "Giới tính"),
            (Column.BORN, "Ngày sinh"),
            (Column.KIND, "Đoàn viên/Thanh niên"),
            (Column.POST, "Chức vụ"),
            (Column.PHONE, "Số ĐT"),
            (Column.EMAIL, "E-mail"),
            (Column.NOTE, "Ghi chú"),
        ),
        nfd_headings=False,
        dates_as_text=False,
        village_form="Thôn {village}",
        kind_words=_WORDS,
        sex_words={Sex.MALE: "Nam", Sex.FEMALE: "nữ "},
        blank_row_after_branch=True,
        total_line="Tổng cộng: {count} ĐVTN",
    ),
)
"""One list per commune, two for Nông Sơn, which grew out of two communes and still has both officers' files."""
