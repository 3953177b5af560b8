"""E-mail by SMTP: a kept connection per thread, a skeleton per notice, as few writes as the server lets us.

Where it takes BDAT (CHUNKING, RFC 3030) a whole mail with its commands is one write, with PIPELINING (RFC 2920) two.

SMTP has no idempotency key and nobody to ask: where the connection breaks after the mail's last byte, it may have
been taken, and it is sent again with the same Message-ID, by which mailboxes and people tell a repetition.
"""

from __future__ import annotations

import re
import smtplib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.encoders import encode_base64
from typing import Literal

import structlog

from notifications.adapters.mail_skeleton import MailSkeleton, Sender
from notifications.application.ports import Outgoing
from notifications.application.proofs import Proofs
from notifications.domain.delivery import Delivery
from notifications.domain.sending import Accepted, Answer, InDoubt, NeverSeen, Permanent, Standing, Temporary

_log = structlog.get_logger("mailer")
_SKELETONS_KEPT = 64
_WARM_SECONDS = 2.0
"""A server does not hang up so soon after an answer. Later, whether it is there is seen before a mail is said."""
_GONE = (smtplib.SMTPServerDisconnected, OSError)
_LEADING_DOT = re.compile(rb"(?m)^\.")
_SAYABLE = re.compile(r"[!-;=?-~]+")
"""An address that can stand between the brackets of a command: ASCII without blanks and brackets."""


class SmtpMailer:
    """`Carrier` for e-mail. Safe for threads: each has a connection of its own."""

    def __init__(
        self,
        host: str,
        port: int,
        *,
        sender: Sender,
        unsubscribe_url: str,
        proofs: Proofs,
        security: Literal["none", "starttls", "tls"] = "none",
        username: str | None = None,
        password: str | None = None,
        timeout_seconds: float = 15.0,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._host, self._port, self._timeout = host, port, timeout_seconds
        self._security, self._username, self._password = security, username, password
        self._sender, self._clock, self._monotonic = sender, clock, monotonic
        self._unsubscribe, self._proofs = unsubscribe_url.rstrip("/") + "/", proofs
        self._thread = threading.local()
        self._connections: list[smtplib.SMTP] = []
        self._skeletons: OrderedDict[tuple[str, bool], MailSkeleton] = OrderedDict()
        self._lock = threading.Lock()

    def send(self, outgoing: Outgoing) -> Answer:
        if not _SAYABLE.fullmatch(outgoing.address):
            return Permanent("bad_address")
        mail = self._mail(outgoing)
        for fresh in (False, True):
            connection = self._connection(fresh=fresh)
            if connection is None:
                return Temporary("gateway_unreachable", counts=False)
            try:
                return self._transaction(connection, outgoing.address, mail)
            except _Broken as broken:
                self._drop(connection)
                if broken.may_have_been_taken:
                    return InDoubt()
                if fresh:
                    break
                # An idle connection that the server closed meanwhile: nothing was taken, try a new one.
        return Temporary("gateway_unreachable", counts=False)

    def ask(self, delivery: Delivery) -> Standing:
        return NeverSeen()

    def close(self) -> None:
        with self._lock:
            connections, self._connections = self._connections, []
        for connection in connections:
            connection.close()

    def _mail(self, outgoing: Outgoing) -> bytes:
        delivery = outgoing.delivery
        key = (outgoing.notice.id, outgoing.texts is outgoing.notice.first)
        skeleton = self._skeletons.get(key)
        if skeleton is None:
            skeleton = MailSkeleton.of(outgoing.texts, self._sender)
            with self._lock:
                self._skeletons[key] = skeleton
                while len(self._skeletons) > _SKELETONS_KEPT:
                    self._skeletons.popitem(last=False)
        return skeleton.for_person(
            delivery.id,
            outgoing.address,
            outgoing.personal,
            unsubscribe=self._unsubscribe + self._proofs.of(delivery.id),
            date=self._clock(),
        )

    def _transaction(self, smtp: smtplib.SMTP, address: str, mail: bytes) -> Answer:
        options = " BODY=8BITMIME" if "8bitmime" in smtp.esmtp_features else ""
        if not options:
            mail = _seven_bit(mail)
        envelope = (
            (f"MAIL FROM:<{self._sender.address}>{options}", (250,), "refused_by_server"),
            (f"RCPT TO:<{address}>", (250, 251), "bad_address"),
        )
        refused = (self._at_once if self._takes_all_at_once(smtp) else self._in_steps)(smtp, envelope, mail)
        self._thread.answered = self._monotonic()
        return Accepted() if refused is None else self._refused(smtp, *refused)

    def _takes_all_at_once(self, smtp: smtplib.SMTP) -> bool:
        is_warm = self._monotonic() - self._thread.answered < _WARM_SECONDS
        return is_warm and "chunking" in smtp.esmtp_features and "pipelining" in smtp.esmtp_features

    def _at_once(self, smtp: smtplib.SMTP, envelope: Commands, mail: bytes) -> Refused | None:
        commands = (*envelope, (f"BDAT {len(mail)} LAST", (250,), "refused_by_server"))
        try:
            smtp.send(_lines(commands) + mail)
        except _GONE as error:  # not all of the mail was said, so that none of it counts
            raise _Broken(may_have_been_taken=False) from error
        refused = None
        try:
            for _, good, reason in commands:
                code, _ = smtp.getreply()
                if code not in good and refused is None:
                    refused = code, reason
        except _GONE as error:
            raise _Broken(may_have_been_taken=refused is None) from error
        return refused

    def _in_steps(self, smtp: smtplib.SMTP, envelope: Commands, mail: bytes) -> Refused | None:
        commands = (*envelope, ("DATA", (354,), "refused_by_server"))
        try:
            refused = (_pipelined if "pipelining" in smtp.esmtp_features else _one_by_one)(smtp, commands)
        except _GONE as error:
            raise _Broken(may_have_been_taken=False) from error
        if refused is not None:
            return refused
        try:
            smtp.send((_LEADING_DOT.sub(b"..", mail) if b"\n." in mail else mail) + b".\r\n")
            code, _ = smtp.getreply()
        except _GONE as error:
            raise _Broken(may_have_been_taken=True) from error
        return None if code == 250 else (code, "refused_by_server")

    def _refused(self, smtp: smtplib.SMTP, code: int, reason: str) -> Answer:
        _log.warning("mail refused", code=code, reason=reason)
        if code == 421:  # the server is closing the channel
            self._drop(smtp)
            return Temporary("gateway_busy")
        try:
            smtp.rset()
        except _GONE:
            self._drop(smtp)
        return Permanent(reason) if code >= 500 else Temporary("gateway_busy")

    def _connection(self, *, fresh: bool) -> smtplib.SMTP | None:
        kept: smtplib.SMTP | None = getattr(self._thread, "smtp", None)
        if kept is not None and not fresh:
            return kept
        try:
            smtp = self._connect()
        except (smtplib.SMTPException, OSError) as error:
            _log.warning("mail server unreachable", reason=type(error).__name__)
            return None
        self._thread.smtp, self._thread.answered = smtp, self._monotonic()
        with self._lock:
            self._connections.append(smtp)
        return smtp

    def _connect(self) -> smtplib.SMTP:
        kind = smtplib.SMTP_SSL if self._security == "tls" else smtplib.SMTP
        smtp = kind(self._host, self._port, local_hostname=self._sender.domain, timeout=self._timeout)
        try:
            if self._security == "starttls":
                smtp.starttls()
            if self._username and self._password:
                smtp.login(self._username, self._password)
            smtp.ehlo_or_helo_if_needed()
        except BaseException:
            smtp.close()
            raise
        return smtp

    def _drop(self, smtp: smtplib.SMTP) -> None:
        smtp.close()
        self._thread.smtp = None
        with self._lock:
            if smtp in self._connections:
                self._connections.remove(smtp)


class _Broken(Exception):
    """The connection ended in the middle."""

    def __init__(self, *, may_have_been_taken: bool) -> None:
        super().__init__()
        self.may_have_been_taken = may_have_been_taken


Commands = Sequence[tuple[str, tuple[int, ...], str]]
"""Each with the codes that let it pass, and the reason that another code is."""
Refused = tuple[int, str]
"""Code and reason of the first command that was."""


def _lines(commands: Commands) -> bytes:
    return "".join(f"{command}\r\n" for command, _, _ in commands).encode()


def _one_by_one(smtp: smtplib.SMTP, commands: Commands) -> Refused | None:
    """After one that is refused none is said."""
    for command, good, reason in commands:
        code, _ = smtp.docmd(command)
        if code not in good:
            return code, reason
    return None


def _pipelined(smtp: smtplib.SMTP, commands: Commands) -> Refused | None:
    """All in one write, DATA last, as RFC 2920 lets a client do.

    A server that takes DATA although it refused what came before waits for a mail: it gets an empty one, for nobody.
    """
    smtp.send(_lines(commands))
    refused, code = None, 0
    for _, good, reason in commands:
        code, _ = smtp.getreply()
        if code not in good and refused is None:
            refused = code, reason
    if refused is not None and code == 354:
        smtp.docmd(".")
    return refused


def _seven_bit(mail: bytes) -> bytes:
    """For a server without 8BITMIME: every part in base64. Slow, and rarely needed."""
    parsed = message_from_bytes(mail, policy=policy.SMTP.clone(cte_type="7bit"))
    for part in parsed.walk():
        if not part.is_multipart():
            content = part.get_payload(decode=True)
            assert isinstance(content, bytes)
            del part["Content-Transfer-Encoding"]
            part.set_payload(content)
            encode_base64(part)
    return parsed.as_bytes(policy=policy.SMTP.clone(cte_type="7bit"))
