"""B3: one event becomes 10,000 e-mails, text and HTML and calendar entry, each with the person's own words."""

from __future__ import annotations

import smtplib
import sys
import time
from contextlib import closing
from datetime import UTC, datetime

from chassis.storage.mongo import MongoStore
from deploy.local.ports import free_port
from deploy.local.system import REPOSITORY
from notifications.adapters.mail_skeleton import MailSkeleton, Sender
from notifications.domain.notice import NOTICES, Personal, Texts
from tests.bench.b7_consume import produce
from tests.bench.district import name_of
from tests.bench.edge import GATEWAY, Edge, everyone, meeting, notifications, running_edge
from tests.bench.figures import Figure, Findings
from tests.bench.metering import OWN
from tests.support.eventually import eventually

TITLE = "one event to 10,000 e-mails, text and HTML, SMTP sink"
PER_SECOND, CPU = 1_500, 0.7


def run(small: bool) -> Findings:
    findings = Findings("b3", TITLE)
    people = 200 if small else 10_000
    port = free_port()
    settings = {"LOG_LEVEL": "WARNING", "SMTP_PORT": str(port), "DELIVER_CHANNELS": "email"}
    with running_edge(people, settings, email=True) as edge:
        command = [sys.executable, "-m", "tests.bench.smtp_sink", str(port)]
        edge.pids["sinks"] = edge.family.start(
            "smtp-sink", command, dict(edge.system._base_environment()), REPOSITORY
        ).pid
        edge.start(*notifications("consume", "deliver"))
        with closing(eventually(lambda: _Tally.of(port), within=10)) as tally:
            _send(edge, tally, min(people, 300), "warm-up")
            floor = _bare_smtplib(edge, people, port)
            sent = _send(edge, tally, people, "sending")
    findings.figures += [floor, sent]
    findings.at_least("sent, from the event on", sent.per_second, PER_SECOND, "/s")
    findings.at_most("sending", sent.cpu_per_1000(without=(GATEWAY, OWN)), CPU, "CPU-s/1,000")
    findings.notes.append("each person's SMS row is made beside the e-mail and left lying; `gateway` is the SMTP sink")
    findings.notes.append(f"smtplib with prebuilt mails ÷ sent {floor.per_second / sent.per_second:.2f}")
    return findings


class _Tally:
    """Asks the sink how many mails it has."""

    def __init__(self, connection: smtplib.SMTP) -> None:
        self._connection = connection

    @classmethod
    def of(cls, port: int) -> _Tally | None:
        try:
            return cls(smtplib.SMTP("127.0.0.1", port, local_hostname="bench", timeout=5))
        except OSError:
            return None

    def close(self) -> None:
        self._connection.close()

    def mails_and_last(self) -> tuple[int, float]:
        mails, _, last = self._connection.noop()[1].split()
        return int(mails), float(last)


def _send(edge: Edge, tally: _Tally, people: int, name: str) -> Figure:
    told = meeting(everyone(people))
    before, _ = tally.mails_and_last()
    with edge.meter().reading(name) as reading:
        began = time.time()
        produce(edge.ground, "scheduling", [(told, told.meeting_id, 1)])
        eventually(lambda: tally.mails_and_last()[0] >= before + people, within=240, pause=0.05)
        reading.count = people
        reading.seconds = tally.mails_and_last()[1] - began
    return reading.figure()


def _bare_smtplib(edge: Edge, people: int, port: int) -> Figure:
    """One connection; the mails are the warm-up's, built for each person before the clock starts."""
    sender = Sender("Nhịp Đoàn", "thongbao@nhipdoan.vn")
    skeleton = MailSkeleton.of(_texts(edge), sender)
    mails = [
        skeleton.for_person(
            f"{number:032x}",
            f"nguoi{number}@example.vn",
            Personal(name=name_of(number), greeting="đồng chí"),
            unsubscribe="http://127.0.0.1:8103/v1/unsubscriptions/x",
            date=datetime.now(UTC),
        )
        for number in range(people)
    ]
    smtp = smtplib.SMTP("127.0.0.1", port, local_hostname="bench", timeout=5)
    with edge.meter().reading("smtplib, mails prebuilt, one connection") as reading:
        for number, mail in enumerate(mails):
            smtp.sendmail(sender.address, [f"nguoi{number}@example.vn"], mail, ["BODY=8BITMIME"])
        reading.count = people
    smtp.quit()
    return reading.figure()


def _texts(edge: Edge) -> Texts:
    database = edge.ground.database("notifications")
    try:
        return MongoStore(database).find(NOTICES, {}, limit=1)[0].texts
    finally:
        database.client.close()
