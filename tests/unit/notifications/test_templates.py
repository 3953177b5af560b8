"""What people read, word for word; a change of a template shows here."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from notifications.adapters.template_files import TemplateFiles
from notifications.application.announce_concern import ConcernWords
from notifications.application.announce_meeting import MeetingWords
from notifications.application.announce_proposal import ProposalWords
from notifications.application.announce_task import TaskWords
from notifications.application.receive_reply import OptOutWords, WhichWords
from notifications.domain.notice import CODE, GREETING, NAME, UNSUBSCRIBE, Personal
from notifications.domain.sms_text import Encoding, size_of

HOA = Personal("Lê Thị Hoa", "đồng chí")
PLAIN_HOA = Personal("Le Thi Hoa", "dong chi")

MEETING = MeetingWords(
    unit="Đoàn xã Nông Sơn",
    unit_short="Doan xa Nong Son",
    kind="sinh hoạt liên chi đoàn",
    kind_short="sinh hoạt liên chi đoàn",
    title="Thắp nến tri ân",
    place="Nhà văn hóa thôn Trung Hạ",
    clock="19h30",
    until="21h",
    day="thứ Bảy, ngày 25/7/2026",
    day_short="T7 25/7",
    was_clock="19h",
    was_day="thứ Sáu, ngày 24/7/2026",
    was_day_short="T6 24/7",
    was_place="Nhà văn hóa thôn Trung Hạ",
    reason="mưa lớn",
    moved_in_time=True,
)
TASK = TaskWords(
    unit="Đoàn xã Nông Sơn",
    unit_short="Doan xa Nong Son",
    branch="Chi đoàn thôn Trung Hạ",
    branch_short="CD Trung Ha",
    title="Lập danh sách thanh niên đi làm xa",
    due="thứ Hai, ngày 15/6/2026",
    due_short="T2 15/6",
)
CONCERN = ConcernWords(
    unit="Đoàn xã Nông Sơn",
    unit_short="Doan xa Nong Son",
    branch="Chi đoàn thôn Trung Hạ",
    number="KN-07",
    subject="Sân bóng thôn xuống cấp",
    answer="UBND xã đã đưa vào kế hoạch sửa chữa quý III.\nMong chi đoàn theo dõi.",
    answer_short="UBND xã đã đưa vào kế hoạch sửa chữa quý III. Mong chi đoàn theo dõi.",
)
PROPOSAL = ProposalWords(
    unit="Đoàn xã Nông Sơn",
    unit_short="Doan xa Nong Son",
    host="Chi đoàn thôn Trung Hạ",
    host_short="CD Trung Ha",
    title="Thắp nến tri ân",
    clock="19h30",
    day="thứ Bảy, ngày 25/7/2026",
    day_short="T7 25/7",
    partners=("Chi đoàn thôn Trung Thượng", "Chi đoàn thôn Bình Yên"),
    declined_by="Chi bộ",
)

SAID: dict[str, tuple[Any, str, str]] = {
    "meeting_scheduled": (
        MEETING,
        "Doan xa Nong Son moi dong chi Le Thi Hoa du sinh hoat lien chi doan: Thap nen tri an. 19h30 T7 25/7, "
        "Nha van hoa thon Trung Ha. Tra loi 1: du, 2: vang",
        "Mời dự sinh hoạt liên chi đoàn: Thắp nến tri ân, 19h30 thứ Bảy, ngày 25/7/2026",
    ),
    "meeting_rescheduled": (
        MEETING,
        'Doan xa Nong Son: sinh hoat lien chi doan "Thap nen tri an" doi sang 19h30 T7 25/7, Nha van hoa thon Trung Ha '
        "(truoc day 19h T6 24/7). Xin dong chi Le Thi Hoa tra loi lai 1: du, 2: vang",
        "Dời lịch sinh hoạt liên chi đoàn: Thắp nến tri ân, 19h30 thứ Bảy, ngày 25/7/2026",
    ),
    "meeting_cancelled": (
        MEETING,
        'Doan xa Nong Son: HUY sinh hoat lien chi doan "Thap nen tri an" luc 19h30 T7 25/7. Ly do: mua lon. '
        "Mong dong chi Le Thi Hoa thong cam",
        "Hủy sinh hoạt liên chi đoàn: Thắp nến tri ân, 19h30 thứ Bảy, ngày 25/7/2026",
    ),
    "task_assigned": (
        TASK,
        "Doan xa Nong Son giao dong chi Le Thi Hoa: Lap danh sach thanh nien di lam xa (CD Trung Ha). Han T2 15/6. "
        "Xin bao noi giao da nhan",
        "Nhiệm vụ mới: Lập danh sách thanh niên đi làm xa, hạn thứ Hai, ngày 15/6/2026",
    ),
    "task_returned": (
        TASK,
        "Doan xa Nong Son de nghi dong chi Le Thi Hoa lam lai: Lap danh sach thanh nien di lam xa (CD Trung Ha). "
        "Han moi T2 15/6. Gop y xin hoi noi giao",
        "Cần làm lại: Lập danh sách thanh niên đi làm xa, hạn mới thứ Hai, ngày 15/6/2026",
    ),
    "task_accepted": (
        TASK,
        "Doan xa Nong Son da cong nhan ket qua: Lap danh sach thanh nien di lam xa (CD Trung Ha). "
        "Cam on dong chi Le Thi Hoa",
        "Đã công nhận kết quả: Lập danh sách thanh niên đi làm xa",
    ),
    "task_overdue": (
        TASK,
        "Doan xa Nong Son: viec Lap danh sach thanh nien di lam xa (CD Trung Ha) da qua han T2 15/6. "
        "Mong dong chi Le Thi Hoa bao ket qua cho noi giao",
        "Quá hạn: Lập danh sách thanh niên đi làm xa, hạn thứ Hai, ngày 15/6/2026",
    ),
    "concern_answered": (
        CONCERN,
        "Doan xa Nong Son tra loi kien nghi KN-07: UBND xa da dua vao ke hoach sua chua quy III. "
        "Mong chi doan theo doi. Mong dong chi Le Thi Hoa bao lai da thoa dang hay chua",
        "Trả lời kiến nghị KN-07: Sân bóng thôn xuống cấp",
    ),
    "link_proposal_submitted": (
        PROPOSAL,
        "CD Trung Ha de xuat sinh hoat lien chi doan: Thap nen tri an, 19h30 T7 25/7. "
        "Moi dong chi Le Thi Hoa xem va cho y kien",
        "Đề xuất sinh hoạt liên chi đoàn của Chi đoàn thôn Trung Hạ: Thắp nến tri ân",
    ),
    "link_proposal_approved": (
        PROPOSAL,
        "Chi bo va Doan xa Nong Son da dong y: Thap nen tri an, 19h30 T7 25/7. Giay moi tu gui den thanh nien cac "
        "chi doan. Chuc dong chi Le Thi Hoa to chuc tot",
        "Đã đồng ý sinh hoạt liên chi đoàn: Thắp nến tri ân",
    ),
    "link_proposal_declined": (
        PROPOSAL,
        'Chi bo chua dong y de xuat "Thap nen tri an" cua CD Trung Ha. Moi dong chi Le Thi Hoa hoi ly do, trao doi '
        "va de xuat lai",
        "Chưa đồng ý đề xuất: Thắp nến tri ân",
    ),
    "which_meeting": (
        WhichWords("1 K7 = dự Giao ban T7 13/6; 1 BT = dự Họp T2 15/6"),
        "Le Thi Hoa co nhieu loi moi, xin nhan kem ma: 1 K7 = du Giao ban T7 13/6; 1 BT = du Hop T2 15/6",
        "Xin nhắn kèm mã cuộc họp",
    ),
    "opt_out_confirmed": (
        OptOutWords(),
        "Nhip Doan se khong nhan tin den so nay nua. Muon nhan lai, xin bao Bi thu chi doan",
        "Đã ngừng gửi tin",
    ),
}


@pytest.mark.parametrize("template", SAID)
def test_each_message_word_for_word(template: str) -> None:
    words, sms, subject = SAID[template]
    texts = TemplateFiles().compose(template, words)
    assert PLAIN_HOA.fill(texts.sms) == sms
    assert texts.subject == subject
    size = size_of(PLAIN_HOA.fill(texts.sms))
    assert (size.encoding, size.parts <= 2) == (Encoding.GSM7, True)
    for part in (texts.text, texts.html):
        filled = HOA.fill(part)
        assert "đồng chí Lê Thị Hoa" in filled.replace("<strong>", "").replace("</strong>", "")
        assert "None" not in filled
        assert not {NAME, GREETING, CODE} & set(filled)
        assert UNSUBSCRIBE in filled, "each e-mail shows how to refuse further ones"


@pytest.mark.parametrize("template", SAID)
def test_nobody_is_sent_to_a_page_that_is_not_there(template: str) -> None:
    """Officers and branches have no pages yet: messages name whom to tell, or what to answer by SMS."""
    texts = TemplateFiles(diacritics=True).compose(template, SAID[template][0])
    for part in (texts.sms, texts.text, texts.html):
        assert re.search(r"(vào|trên|trang|mở)\s+(trang\s+)?Nhịp Đoàn", part, re.IGNORECASE) is None


def test_every_template_is_read_here() -> None:
    assert set(TemplateFiles().templates()) == set(SAID)


def test_an_invitation_by_email_in_full() -> None:
    texts = TemplateFiles().compose("meeting_scheduled", replace(MEETING, answer_by="17h thứ Sáu, ngày 24/7/2026"))
    assert Personal("Lê Thị Hoa", "đồng chí", "K7").fill(texts.text).replace(UNSUBSCRIBE, "https://…") == (
        "Kính gửi đồng chí Lê Thị Hoa,\n"
        "\n"
        "Đoàn xã Nông Sơn trân trọng mời đồng chí dự sinh hoạt liên chi đoàn.\n"
        "\n"
        "Nội dung:  Thắp nến tri ân\n"
        "Thời gian: 19h30 đến 21h, thứ Bảy, ngày 25/7/2026\n"
        "Địa điểm:  Nhà văn hóa thôn Trung Hạ\n"
        "Mong nhận được trả lời trước 17h thứ Sáu, ngày 24/7/2026.\n"
        "\n"
        "Cách trả lời: nhắn lại tin SMS đã nhận, 1 K7 là dự, 2 K7 là vắng; hoặc báo cho Đoàn xã Nông Sơn.\n"
        "Tệp lịch đính kèm giúp thêm cuộc họp vào lịch của đồng chí.\n"
        "\n"
        "--\n"
        "Thư tự động của Đoàn xã Nông Sơn, gửi qua Nhịp Đoàn; xin không trả lời thư này.\n"
        "Không nhận thư điện tử nữa: https://…\n"
    )


def test_a_move_to_another_place_says_so() -> None:
    words = replace(MEETING, moved_in_time=False, moved_in_place=True, was_place="Sân bóng")
    texts = TemplateFiles().compose("meeting_rescheduled", words)
    assert PLAIN_HOA.fill(texts.sms) == (
        'Doan xa Nong Son: sinh hoat lien chi doan "Thap nen tri an" doi dia diem: Nha van hoa thon Trung Ha, van '
        "19h30 T7 25/7. Xin dong chi Le Thi Hoa tra loi lai 1: du, 2: vang"
    )
    assert texts.subject.startswith("Đổi địa điểm sinh hoạt liên chi đoàn")


def test_markup_in_what_people_wrote_stays_text() -> None:
    texts = TemplateFiles().compose("meeting_scheduled", replace(MEETING, title="<script>alert(1)</script> {{ 7*7 }}"))
    assert "<script>" not in texts.html
    assert "{{ 7*7 }}" in texts.text


def test_with_diacritics_the_sms_keeps_them_and_costs_more() -> None:
    texts = TemplateFiles(diacritics=True).compose("meeting_scheduled", MEETING)
    filled = HOA.fill(texts.sms)
    assert "mời đồng chí Lê Thị Hoa dự sinh hoạt liên chi đoàn" in filled
    assert size_of(filled).encoding is Encoding.UCS2


def test_an_unknown_template_is_an_error() -> None:
    with pytest.raises(LookupError, match="no template"):
        TemplateFiles().compose("meeting_forgotten", MEETING)
