"""An e-mail that was filled in reads like one that was built for the person."""

from __future__ import annotations

from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage

from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar

from notifications.adapters.mail_skeleton import MailSkeleton, Sender, encoded
from notifications.adapters.smtp_mailer import _seven_bit
from notifications.domain.notice import CODE, GREETING, NAME, UNSUBSCRIBE, Personal, Texts

SENDER = Sender("Nhịp Đoàn", "thongbao@nhipdoan.vn")
TEXTS = Texts(
    sms="",
    subject="Mời dự giao ban: 6 tháng đầu năm, 19h30 thứ Bảy, ngày 13/6/2026 tại Hội trường UBND xã Nông Sơn",
    text=f"Kính gửi {GREETING} {NAME},\n.một dòng bắt đầu bằng dấu chấm\n1{CODE}: dự\n{UNSUBSCRIBE}\n",
    html=f"<p>{GREETING} <b>{NAME}</b></p>\n<a href='{UNSUBSCRIBE}'>ngừng</a>\n",
    calendar="BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nUID:m-1@nhipdoan.vn\r\n"
    "ORGANIZER:mailto:organiser@place.invalid\r\nATTENDEE:mailto:attendee@place.invalid\r\nEND:VEVENT\r\n"
    "END:VCALENDAR\r\n",
    calendar_method="REQUEST",
)
AT = datetime(2026, 6, 8, 2, 0, tzinfo=UTC)


def mail(name: str = "Lê Thị <Hoa> & con", texts: Texts = TEXTS) -> bytes:
    personal = Personal(name, "đồng chí", "K7")
    return MailSkeleton.of(texts, SENDER).for_person(
        "d" * 32, "hoa@example.vn", personal, unsubscribe="https://x.vn/u/abc", date=AT
    )


def parsed(raw: bytes) -> EmailMessage:
    message = message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part is not None
    return str(part.get_content())


def test_headers_say_from_whom_to_whom_and_how_to_refuse() -> None:
    message = parsed(mail())
    assert message["From"] == "Nhịp Đoàn <thongbao@nhipdoan.vn>"
    assert message["To"].addresses[0].addr_spec == "hoa@example.vn"
    assert message["To"].addresses[0].display_name == "Lê Thị <Hoa> & con"
    assert message["Subject"] == TEXTS.subject
    assert message["Message-ID"] == f"<{'d' * 32}@nhipdoan.vn>"
    assert message["List-Unsubscribe"] == "<https://x.vn/u/abc>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message["Date"].datetime == AT
    assert not message.defects


def test_both_bodies_hold_the_person_and_only_html_is_escaped() -> None:
    message = parsed(mail())
    assert "đồng chí Lê Thị <Hoa> & con" in body(message, "plain")
    assert "1 K7: dự" in body(message, "plain")
    assert "<b>Lê Thị &lt;Hoa&gt; &amp; con</b>" in body(message, "html")
    for kind in ("plain", "html"):
        assert not {NAME, GREETING, CODE, UNSUBSCRIBE} & set(body(message, kind))


def test_the_calendar_entry_is_attached_with_its_method_and_addresses() -> None:
    [attachment] = parsed(mail()).iter_attachments()
    assert attachment.get_content_type() == "text/calendar"
    assert attachment.get_filename() == "moi-hop.ics"
    assert attachment["Content-Type"].params["method"] == "REQUEST"
    [event] = Calendar.from_ical(str(attachment.get_content())).walk("VEVENT")
    assert event["ATTENDEE"] == "mailto:hoa@example.vn"
    assert event["ORGANIZER"] == "mailto:thongbao@nhipdoan.vn"


def test_without_a_meeting_there_is_no_attachment() -> None:
    plain = TEXTS.model_copy(update={"calendar": None, "calendar_method": None})
    assert list(parsed(mail(texts=plain)).iter_attachments()) == []


def test_every_line_end_and_length_is_as_smtp_wants_it() -> None:
    for line in mail().split(b"\r\n"):
        assert b"\n" not in line
        assert len(line) <= 998


def test_for_a_server_without_8bitmime_the_same_mail_is_pure_ascii() -> None:
    raw = _seven_bit(mail())
    assert raw.isascii()
    message = parsed(raw)
    assert "đồng chí Lê Thị <Hoa> & con" in body(message, "plain")
    assert message["Message-ID"] == f"<{'d' * 32}@nhipdoan.vn>"


@given(st.text(st.characters(codec="utf-8", exclude_categories=["C", "Zl", "Zp"]), min_size=1, max_size=120))
def test_any_subject_survives_its_encoding(subject: str) -> None:
    wanted = " ".join(subject.split())
    raw = f"Subject: {encoded(wanted)}\r\n\r\n".encode()
    if not wanted.isascii():
        assert max(len(line) for line in raw.split(b"\r\n")) <= 76
    assert str(parsed(raw)["Subject"]) == wanted
