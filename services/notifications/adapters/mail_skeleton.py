"""An e-mail built once per notice as bytes, with places left open; a recipient's copy is a few replacements.

Building a MIME tree per person would be nine tenths of an e-mail's cost.
"""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from functools import lru_cache
from html import escape

from notifications.application.calendar_entry import ATTENDEE_PLACE, ORGANISER_PLACE
from notifications.domain.notice import CODE, GREETING, NAME, UNSUBSCRIBE, Personal, Texts

_ENCODED_WORD_BYTES = 39
"""UTF-8 bytes per encoded word: with its frame and `Subject: ` a line stays under the 76 characters of RFC 2047."""


@dataclass(frozen=True, slots=True)
class Sender:
    """Who the mails come from: `name` for people, `address` for machines."""

    name: str
    address: str

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]


@dataclass(frozen=True, slots=True)
class MailSkeleton:
    """The parts of a mail in the order they are sent, CRLF line ends, UTF-8 (needs 8BITMIME)."""

    sender: Sender
    head: bytes
    text: bytes
    html: bytes
    rest: bytes

    @classmethod
    def of(cls, texts: Texts, sender: Sender) -> MailSkeleton:
        outer, inner = (f"=_nhipdoan_{secrets.token_hex(12)}" for _ in range(2))
        head = (
            f"From: {named_address(sender.name, sender.address)}\r\n"
            f"Subject: {encoded(texts.subject)}\r\n"
            "Auto-Submitted: auto-generated\r\n"
            "MIME-Version: 1.0\r\n"
            f'Content-Type: multipart/mixed; boundary="{outer}"\r\n'
            "\r\n"
            f'--{outer}\r\nContent-Type: multipart/alternative; boundary="{inner}"\r\n\r\n'
            f"--{inner}\r\n{_part('text/plain')}"
        )
        html = f"--{inner}\r\n{_part('text/html')}{texts.html}\r\n--{inner}--\r\n"
        calendar = _calendar_part(texts, sender, outer) if texts.calendar is not None else ""
        return cls(
            sender,
            head.encode(),
            _lines(texts.text + "\r\n"),
            _lines(html),
            (calendar + f"--{outer}--\r\n").encode(),
        )

    def for_person(
        self, delivery_id: str, address: str, personal: Personal, *, unsubscribe: str, date: datetime
    ) -> bytes:
        """The whole mail for one recipient. The Message-ID is the delivery's for good, however often it is sent."""
        own = (
            f"To: {named_address(personal.name, address)}\r\n"
            f"Date: {_dated(date.replace(microsecond=0))}\r\n"
            f"Message-ID: <{delivery_id}@{self.sender.domain}>\r\n"
            f"List-Unsubscribe: <{unsubscribe}>\r\n"
            "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
        )
        html = Personal(escape(personal.name), escape(personal.greeting), personal.code)
        return b"".join(
            (
                own.encode(),
                self.head,
                _filled(self.text, personal, unsubscribe),
                _filled(self.html, html, unsubscribe),
                self.rest.replace(_ATTENDEE, address.encode()),
            )
        )


_NAME, _GREETING, _CODE, _UNSUBSCRIBE = (place.encode() for place in (NAME, GREETING, CODE, UNSUBSCRIBE))
_ATTENDEE = ATTENDEE_PLACE.encode()
_dated = lru_cache(maxsize=4)(format_datetime)
"""Many mails are sent within a second."""


def _filled(part: bytes, personal: Personal, unsubscribe: str) -> bytes:
    code = f" {personal.code}" if personal.code else ""
    return (
        part.replace(_NAME, personal.name.encode())
        .replace(_GREETING, personal.greeting.encode())
        .replace(_CODE, code.encode())
        .replace(_UNSUBSCRIBE, unsubscribe.encode())
    )


def _part(kind: str) -> str:
    return f'Content-Type: {kind}; charset="utf-8"\r\nContent-Transfer-Encoding: 8bit\r\n\r\n'


def _calendar_part(texts: Texts, sender: Sender, boundary: str) -> str:
    name = "huy-hop.ics" if texts.calendar_method == "CANCEL" else "moi-hop.ics"
    calendar = (texts.calendar or "").replace(ORGANISER_PLACE, sender.address)
    return (
        f"--{boundary}\r\n"
        f'Content-Type: text/calendar; charset="utf-8"; method={texts.calendar_method}; name="{name}"\r\n'
        f'Content-Disposition: attachment; filename="{name}"\r\n'
        "Content-Transfer-Encoding: 8bit\r\n\r\n"
        f"{calendar.strip()}\r\n"
    )


def _lines(text: str) -> bytes:
    return "\r\n".join(text.splitlines()).encode() + b"\r\n"


def named_address(name: str, address: str) -> str:
    """`=?utf-8?b?…?= <address>`, or the bare address where there is no name."""
    return f"{encoded(name)} <{address}>" if name else address


def encoded(text: str) -> str:
    """A header value as RFC 2047 encoded words, folded; plain ASCII stays readable."""
    if text.isascii() and text.isprintable() and not set(text) & set('"(),:;<>@[\\]=?'):
        return text
    whole = text.encode()
    if len(whole) <= _ENCODED_WORD_BYTES:
        return f"=?utf-8?b?{base64.b64encode(whole).decode()}?="
    words, word = [], b""
    for sign in text:
        raw = sign.encode()
        if len(word) + len(raw) > _ENCODED_WORD_BYTES:
            words.append(word)
            word = b""
        word += raw
    words.append(word)
    return "\r\n ".join(f"=?utf-8?b?{base64.b64encode(word).decode()}?=" for word in words)
