"""A mail server that keeps every mail and sends none on.

Mailboxes with these names behave in a set way, at whatever domain:

    khong-ton-tai   refused with 550, for good (no such mailbox)
    hop-thu-day     refused with 452, for now (mailbox full)
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import getaddresses
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

from deploy.local.gateway_faults import Faults
from deploy.local.message_log import Kind, Message, MessageLog, State

LARGEST_MAIL = 25_000_000
REFUSALS = {
    "khong-ton-tai": "550 5.1.1 No such mailbox here",
    "hop-thu-day": "452 4.2.2 Mailbox full",
}


@dataclass(frozen=True)
class Attachment:
    name: str
    content_type: str
    content: bytes


class MailStore:
    """The mails' bytes, one after the other in one file; the message log says where each lies."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._file = directory / "mails.bin"
        self._size = self._file.stat().st_size if self._file.exists() else 0

    def keep(self, content: bytes) -> dict[str, object]:
        """The facts by which `mail` finds it again."""
        with self._file.open("ab") as output:
            output.write(content)
        place: dict[str, object] = {"offset": self._size, "length": len(content)}
        self._size += len(content)
        return place

    def mail(self, message: Message) -> EmailMessage:
        with self._file.open("rb") as stored:
            stored.seek(int(str(message.facts["offset"])))
            return _parsed(stored.read(int(str(message.facts["length"]))))

    def forget(self) -> None:
        """To be called when the message log was cleared, which removed the file."""
        self._size = 0


class SmtpSink:
    """Takes mail for any mailbox; each recipient gets a message of his own in the log."""

    def __init__(self, log: MessageLog, store: MailStore, faults: Callable[[], Faults] = Faults) -> None:
        self._log = log
        self._store = store
        self._faults = faults

    async def listen(self, host: str, port: int) -> asyncio.Server:
        """Raises OSError when the port is taken."""
        loop = asyncio.get_running_loop()
        return await loop.create_server(
            lambda: SMTP(self, data_size_limit=LARGEST_MAIL, enable_SMTPUTF8=True, loop=loop), host, port
        )

    async def handle_RCPT(  # noqa: N802 - the name that aiosmtpd calls
        self, server: SMTP, session: Session, envelope: Envelope, address: str, rcpt_options: list[str]
    ) -> str:
        refusal = REFUSALS.get(address.partition("@")[0].lower())
        if refusal is not None:
            return refusal
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(rcpt_options)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - the name that aiosmtpd calls
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        content: Any = envelope.content
        mail = _parsed(content)
        place = self._store.keep(content)
        names = {address.lower(): name for name, address in getaddresses(mail.get_all("To", []))}
        hangs_up = random.random() < self._faults().mail_hangup_rate
        for recipient in envelope.rcpt_tos:
            facts = {
                "name": names.get(recipient.lower(), ""),
                "sender": str(mail.get("From", envelope.mail_from)),
                "subject": str(mail.get("Subject", "")),
                "message_id": str(mail.get("Message-ID", "")),
                "attachments": [_as_json(attachment) for attachment in attachments(mail)],
                **({"hung_up": True} if hangs_up else {}),
                **place,
            }
            self._log.add(Kind.EMAIL, recipient.lower(), plain_text(mail), State.DELIVERED, facts)
        if hangs_up and isinstance(server.transport, asyncio.WriteTransport):
            server.transport.abort()
        return "250 OK, kept"


def plain_text(mail: EmailMessage) -> str:
    part = mail.get_body(("plain",))
    return str(part.get_content()) if part is not None else ""


def html_text(mail: EmailMessage) -> str:
    """The HTML body; "" where there is none."""
    part = mail.get_body(("html",))
    return str(part.get_content()) if part is not None else ""


def attachments(mail: EmailMessage) -> list[Attachment]:
    """What a mail program offers to save: attachments, and calendar parts however they are marked."""
    found = []
    for part in mail.walk():
        if part.is_multipart() or not isinstance(part, EmailMessage):
            continue
        if part.get_filename() or part.get_content_type() == "text/calendar":
            content = part.get_payload(decode=True)
            name = part.get_filename() or "lich.ics"
            found.append(Attachment(name, part.get_content_type(), content if isinstance(content, bytes) else b""))
    return found


def _parsed(content: bytes) -> EmailMessage:
    mail = message_from_bytes(content, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    return mail


def _as_json(attachment: Attachment) -> dict[str, object]:
    return {
        "name": attachment.name,
        "content_type": attachment.content_type,
        "bytes": len(attachment.content),
    }
