"""What is said to a mail server, with and without its extensions, and what its answers mean for a mail."""

from __future__ import annotations

import socketserver
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from threading import Thread

import pytest

from notifications.adapters.mail_skeleton import Sender
from notifications.adapters.smtp_mailer import SmtpMailer
from notifications.application.ports import Outgoing
from notifications.application.proofs import Proofs
from notifications.domain.delivery import Channel, Delivery
from notifications.domain.notice import GREETING, NAME, Notice, Personal, Texts
from notifications.domain.sending import Accepted, Answer, InDoubt, Permanent, Temporary

NOW = datetime(2026, 6, 8, 5, tzinfo=UTC)


class Server(socketserver.ThreadingTCPServer):
    """Takes mails; `answers` says otherwise by the command's first word (`END` is the mail's last line or byte).

    groups  the commands of each read from the wire, as they came
    mails   as they were said, those by BDAT that it refused left out
    """

    daemon_threads = True

    def __init__(self, extensions: tuple[str, ...]) -> None:
        super().__init__(("127.0.0.1", 0), _Conversation)
        self.extensions = extensions
        self.answers: dict[str, str] = {}
        self.groups: list[list[str]] = []
        self.mails: list[bytes] = []

    @property
    def commands(self) -> list[str]:
        return [command for group in self.groups for command in group]


class _Conversation(socketserver.StreamRequestHandler):
    server: Server

    def handle(self) -> None:
        self.wfile.write(b"220 test\r\n")
        while raw := self.request.recv(65536):
            said, bdat, chunk = raw.partition(b"BDAT ")
            lines = said.decode().split("\r\n")[:-1]
            if bdat:
                size, _, self._chunk = chunk.partition(b"\r\n")
                lines.append(f"BDAT {size.decode()}")
                while len(self._chunk) < int(size.split()[0]):
                    self._chunk += self.request.recv(65536)
            self.server.groups.append(lines)
            for line in lines:
                if not self._answered(line):
                    return

    def _answered(self, line: str) -> bool:
        word = line.partition(" ")[0].upper()
        if word == "EHLO":
            return self._say("".join(f"250-{name}\r\n" for name in ("test", *self.server.extensions)) + "250 HELP")
        if word == "BDAT":
            return self._take_chunk()
        if not self._say(self.server.answers.get(word, "354 go on" if word == "DATA" else "250 ok")):
            return False
        return self._take_mail() if word == "DATA" and "DATA" not in self.server.answers else True

    def _take_mail(self) -> bool:
        mail = b""
        while not mail.endswith(b"\r\n.\r\n") and mail != b".\r\n":
            mail += self.request.recv(65536)
        self.server.mails.append(mail)
        return self._say(self.server.answers.get("END", "250 kept"))

    def _take_chunk(self) -> bool:
        if not self.server.answers.get("RCPT", "250").startswith("250"):
            return self._say("503 no recipients")
        self.server.mails.append(self._chunk)
        return self._say(self.server.answers.get("END", "250 kept"))

    def _say(self, answer: str) -> bool:
        """False: hung up instead."""
        if answer:
            self.wfile.write(f"{answer}\r\n".encode())
        return bool(answer)


class Ticking:
    """The monotonic clock of the mailer's machine."""

    def __init__(self) -> None:
        self.seconds = 50.0

    def __call__(self) -> float:
        return self.seconds


@contextmanager
def running(*extensions: str, monotonic: Callable[[], float] = time.monotonic) -> Iterator[tuple[Server, SmtpMailer]]:
    with Server(extensions) as server:
        thread = Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        mailer = SmtpMailer(
            "127.0.0.1",
            server.server_address[1],
            sender=Sender("Nhịp Đoàn", "thongbao@nhipdoan.vn"),
            unsubscribe_url="http://127.0.0.1:8103/v1/unsubscriptions",
            proofs=Proofs("secret", "e-mail refusals"),
            timeout_seconds=2.0,
            clock=lambda: NOW,
            monotonic=monotonic,
        )
        try:
            yield server, mailer
        finally:
            mailer.close()
            server.shutdown()
            thread.join()


def mail_to(address: str = "hoa@example.vn", text: str = f"Kính gửi {GREETING} {NAME}") -> Outgoing:
    delivery = Delivery(
        id="d" * 32,
        notice_id="n-1",
        about="m-1",
        person_id="p-1",
        channel=Channel.EMAIL,
        created=NOW,
        unit_path=("u-1",),
        unit_ids=("u-1",),
    )
    texts = Texts(sms="", subject="Giấy mời", text=text, html=f"<p>{NAME}</p>")
    notice = Notice(
        id="n-1",
        template="meeting_scheduled",
        about="m-1",
        unit_id="u-1",
        unit_path=("u-1",),
        created=NOW,
        valid_until=NOW,
        texts=texts,
    )
    return Outgoing(delivery, notice, texts, address, Personal("Lê Thị Hoa", "đồng chí"))


IN_STEPS = (("8BITMIME",), ("8BITMIME", "PIPELINING"))
AT_ONCE = ("8BITMIME", "PIPELINING", "CHUNKING")
STEPWISE = pytest.mark.parametrize("extensions", IN_STEPS, ids=["plain", "pipelined"])
ALL = pytest.mark.parametrize("extensions", [*IN_STEPS, AT_ONCE], ids=["plain", "pipelined", "at once"])
ENVELOPE = ["MAIL FROM:<thongbao@nhipdoan.vn> BODY=8BITMIME", "RCPT TO:<hoa@example.vn>"]


def test_a_mail_with_its_commands_is_one_write_where_the_server_takes_it_so() -> None:
    with running(*AT_ONCE) as (server, mailer):
        assert [mailer.send(mail_to()) for _ in range(2)] == [Accepted()] * 2
        whole = f"BDAT {len(server.mails[0])} LAST"
        assert server.groups[1:] == [[*ENVELOPE, whole]] * 2
        assert server.mails[0].startswith(b"To: ")
        assert server.mails[0].endswith(b"--\r\n")


def test_else_what_leads_to_a_mail_is_one_write_where_the_server_lets_it() -> None:
    with running("8BITMIME", "PIPELINING") as (server, mailer):
        assert mailer.send(mail_to()) == Accepted()
        assert server.groups[1] == [*ENVELOPE, "DATA"]


@pytest.mark.parametrize("extensions", [("8BITMIME",), ("8BITMIME", "CHUNKING")])
def test_else_each_command_waits_for_its_answer(extensions: tuple[str, ...]) -> None:
    with running(*extensions) as (server, mailer):
        assert mailer.send(mail_to()) == Accepted()
        assert all(len(group) == 1 for group in server.groups)


def test_on_a_connection_that_was_idle_a_mail_is_said_only_when_the_server_has_answered() -> None:
    ticking = Ticking()
    with running(*AT_ONCE, monotonic=ticking) as (server, mailer):
        mailer.send(mail_to())
        ticking.seconds += 10
        mailer.send(mail_to())
        mailer.send(mail_to())
        assert [group[-1].split()[0] for group in server.groups[1:]] == ["BDAT", "DATA", "BDAT"]


@ALL
def test_a_connection_is_kept_for_the_next_mail(extensions: tuple[str, ...]) -> None:
    with running(*extensions) as (server, mailer):
        assert [mailer.send(mail_to()) for _ in range(3)] == [Accepted()] * 3
        assert [command.partition(" ")[0].lower() for command in server.commands].count("ehlo") == 1
        assert len(server.mails) == 3


@STEPWISE
def test_a_line_that_begins_with_a_dot_does_not_end_the_mail(extensions: tuple[str, ...]) -> None:
    with running(*extensions) as (server, mailer):
        assert mailer.send(mail_to(text="a\n.\n.b")) == Accepted()
        assert b"\r\na\r\n..\r\n..b\r\n" in server.mails[0]


def test_a_mail_whose_length_is_told_is_said_as_it_is() -> None:
    with running(*AT_ONCE) as (server, mailer):
        assert mailer.send(mail_to(text="a\n.\n.b")) == Accepted()
        assert b"\r\na\r\n.\r\n.b\r\n" in server.mails[0]


@STEPWISE
@pytest.mark.parametrize(
    ("answers", "answer"),
    [
        ({"RCPT": "550 no such user"}, Permanent("bad_address")),
        ({"RCPT": "550 no such user", "DATA": "554 no recipients"}, Permanent("bad_address")),
        ({"RCPT": "452 full"}, Temporary("gateway_busy")),
        ({"MAIL": "550 not you", "RCPT": "503 MAIL first", "DATA": "503 MAIL first"}, Permanent("refused_by_server")),
        ({"DATA": "451 later"}, Temporary("gateway_busy")),
        ({"END": "554 spam"}, Permanent("refused_by_server")),
        ({"END": "451 later"}, Temporary("gateway_busy")),
    ],
)
def test_what_the_server_refuses(extensions: tuple[str, ...], answers: dict[str, str], answer: Answer) -> None:
    with running(*extensions) as (server, mailer):
        server.answers = answers
        assert mailer.send(mail_to()) == answer
        assert all(mail == b".\r\n" for mail in server.mails) or "END" in answers, "nobody got a mail"
        server.answers = {}
        assert mailer.send(mail_to()) == Accepted(), "the connection is as good as before"


@pytest.mark.parametrize(
    ("answers", "answer"),
    [
        ({"RCPT": "550 no such user"}, Permanent("bad_address")),
        ({"RCPT": "452 full"}, Temporary("gateway_busy")),
        ({"MAIL": "550 not you", "RCPT": "503 MAIL first"}, Permanent("refused_by_server")),
        ({"END": "554 spam"}, Permanent("refused_by_server")),
        ({"END": "451 later"}, Temporary("gateway_busy")),
    ],
)
def test_what_the_server_refuses_of_what_was_said_at_once(answers: dict[str, str], answer: Answer) -> None:
    with running(*AT_ONCE) as (server, mailer):
        server.answers = answers
        assert mailer.send(mail_to()) == answer
        assert not server.mails or "END" in answers, "nobody got a mail"
        server.answers = {}
        assert mailer.send(mail_to()) == Accepted(), "the connection is as good as before"


@STEPWISE
@pytest.mark.parametrize("word", ["MAIL", "RCPT", "DATA"])
def test_where_the_server_hangs_up_before_the_mail_nothing_was_taken(extensions: tuple[str, ...], word: str) -> None:
    with running(*extensions) as (server, mailer):
        server.answers = {word: ""}
        assert mailer.send(mail_to()) == Temporary("gateway_unreachable", counts=False)


@pytest.mark.parametrize("answers", [{"RCPT": "550 no such user", "END": ""}, {"MAIL": "421 enough", "RCPT": ""}])
def test_where_it_hangs_up_after_a_refusal_nothing_was_taken(answers: dict[str, str]) -> None:
    with running(*AT_ONCE) as (server, mailer):
        server.answers = answers
        assert not isinstance(mailer.send(mail_to()), InDoubt | Accepted)


@ALL
def test_where_it_hangs_up_after_the_mail_it_may_have_been_taken(extensions: tuple[str, ...]) -> None:
    with running(*extensions) as (server, mailer):
        server.answers = {"END": ""}
        assert mailer.send(mail_to()) == InDoubt()


@pytest.mark.parametrize("word", ["MAIL", "RCPT"])
def test_where_it_hangs_up_before_it_has_refused_what_was_said_at_once_it_may_have_been_taken(word: str) -> None:
    with running(*AT_ONCE) as (server, mailer):
        server.answers = {word: ""}
        assert mailer.send(mail_to()) == InDoubt()


@ALL
def test_a_server_that_closes_is_given_time(extensions: tuple[str, ...]) -> None:
    with running(*extensions) as (server, mailer):
        server.answers = {"MAIL": "421 closing"}
        assert mailer.send(mail_to()) == Temporary("gateway_busy")


@pytest.mark.parametrize(
    "address", ["hoa@example.vn>\r\nRCPT TO:<x@example.vn", "đoàn@example.vn", "", "a b@example.vn"]
)
def test_an_address_that_no_command_can_hold_is_not_said(address: str) -> None:
    with running("8BITMIME", "PIPELINING") as (server, mailer):
        assert mailer.send(replace(mail_to(), address=address)) == Permanent("bad_address")
        assert server.commands == []
