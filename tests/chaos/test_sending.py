"""The proof that nobody is told twice: a repetition needs a hang-up, a lost answer or a cut, a cut has its bound."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from tests.chaos.commands import Ledger
from tests.chaos.director import Done
from tests.chaos.evidence import Stores
from tests.chaos.faults import Fault, Kind
from tests.chaos.proofs import Evidence
from tests.chaos.sending import DELIVERER, WINDOW, cuts_of, mails_sent, sms_repetitions_explained, sms_sent_once

START = datetime(2026, 6, 8, 12, tzinfo=UTC)
Row = dict[str, Any]


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def evidence(*deliveries: Row) -> Evidence:
    class Rows:
        def rows(self, service: str, collection: str, where: Row) -> list[Row]:
            return [row for row in deliveries if row["channel"] == where["channel"]]

    return Evidence(Ledger(), cast(Stores, Rows()), {})


def delivery(id: str, state: str, *, channel: str, reason: str | None = None, in_doubt: bool = False) -> Row:
    return {"_id": id, "state": state, "reason": reason, "in_doubt": in_doubt, "channel": channel}


def mail(id: str, seconds: float, *, hung_up: bool = False) -> Row:
    told: Row = {"kind": "email", "message_id": f"<{id}@doan.example>", "at": at(seconds).isoformat()}
    return told | ({"hung_up": True} if hung_up else {})


def sms(id: str, seconds: float, *again: float, lost: int = 0) -> Row:
    return {
        "kind": "sms",
        "request_id": id,
        "at": at(seconds).isoformat(),
        "repeated_at": " ".join(at(one).isoformat() for one in again),
        "answers_lost": lost,
    }


def done(kind: Kind, began: float, ended: float, *targets: str) -> list[Done]:
    return [Done(Fault(kind, began, ended - began, targets), at(began), at(ended), targets)]


KILLED = done(Kind.KILL, 50, 50, DELIVERER)


def broken_mails(copies: Sequence[Row], faults: Sequence[Done]) -> list[str]:
    rows = {str(one["message_id"])[1:].partition("@")[0] for one in copies}
    accepted = [delivery(id, "accepted", channel="email") for id in rows]
    return mails_sent(evidence(*accepted), copies, faults).broken


def test_a_mail_may_come_again_after_a_hang_up_or_a_kill_and_for_nothing_else() -> None:
    assert not broken_mails([mail("a", 10, hung_up=True), mail("a", 12)], [])
    assert not broken_mails([mail("a", 49.9), mail("a", 61)], KILLED)
    assert broken_mails([mail("a", 10), mail("a", 12)], KILLED)
    assert broken_mails([mail("a", 10, hung_up=True), mail("a", 12), mail("a", 14)], []), "one hang-up, two repetitions"


def test_a_kill_explains_no_more_than_its_window() -> None:
    copies = [copy for n in range(WINDOW + 1) for copy in (mail(f"m-{n}", 49.9), mail(f"m-{n}", 61))]
    assert not broken_mails(copies[:-2], KILLED)
    (told,) = broken_mails(copies, KILLED)
    assert f"{WINDOW + 1} repeated" in told


def test_a_mail_that_was_accepted_and_did_not_come_is_lost() -> None:
    assert mails_sent(evidence(delivery("a", "accepted", channel="email")), [], []).broken


@pytest.mark.parametrize(
    ("repeated", "faults", "holds"),
    [
        (sms("a", 10), [], True),
        (sms("a", 10, 12, lost=1), [], True),
        (sms("a", 10, 12, 14, lost=1), [], False),
        (sms("a", 49, 60), KILLED, True),
        (sms("a", 10, 12), KILLED, False),
        (sms("a", 49, 60), done(Kind.KILL, 50, 50, "notifications-receive"), False),
        (sms("a", 55, 80), done(Kind.MONGO_FREEZE, 50, 65), True),
        (sms("a", 55, 80), done(Kind.BROKER_FREEZE, 50, 65), False),
    ],
)
def test_an_sms_is_asked_for_again_for_a_reason(repeated: Row, faults: list[Done], holds: bool) -> None:
    assert bool(sms_repetitions_explained([repeated], faults).broken) is not holds


def test_a_kill_that_met_no_running_deliverer_cut_nothing() -> None:
    missed = Done(Fault(Kind.KILL, 50, 0, (DELIVERER,)), at(50), at(50), ())
    assert cuts_of([missed]) == []


@pytest.mark.parametrize(
    ("row", "times", "holds"),
    [
        (delivery("a", "delivered", channel="sms"), 1, True),
        (delivery("a", "delivered", channel="sms"), 2, False),
        (delivery("a", "accepted", channel="sms"), 0, False),
        (delivery("a", "skipped", channel="sms", reason="no_mobile"), 0, True),
        (delivery("a", "skipped", channel="sms", reason="no_mobile"), 1, False),
        (delivery("a", "expired", channel="sms", reason="expired", in_doubt=True), 1, True),
        (delivery("a", "expired", channel="sms", reason="expired", in_doubt=True), 2, False),
        (delivery("a", "failed", channel="sms", reason="not_delivered"), 1, True),
        (delivery("a", "queued", channel="sms"), 0, False),
    ],
)
def test_every_delivery_is_at_the_gateway_once_or_says_why_not(row: Row, times: int, holds: bool) -> None:
    assert bool(sms_sent_once(evidence(row), [sms("a", 10)] * times).broken) is not holds


def test_what_is_no_delivery_has_no_business_at_the_gateway() -> None:
    assert sms_sent_once(evidence(), [sms("stranger", 10)]).broken
