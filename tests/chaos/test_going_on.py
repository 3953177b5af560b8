"""The proof that work goes on: it sees what did not, and blames a fault that lasts for no other one's silence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from tests.chaos.director import Done
from tests.chaos.faults import PROCESS_NAMES, Fault, Kind
from tests.chaos.going_on import EVERYTHING, FLOWS, MAIL, SMS, hindered_by, judged_by, ready, went_on

START = datetime(2026, 6, 8, 12, tzinfo=UTC)
RELAY = "scheduling published"


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def fault(kind: Kind, began: float, ended: float, *targets: str, **settings: float) -> Done:
    return Done(Fault(kind, began, ended - began, targets, settings), at(began), at(ended), targets)


def signs(**seconds: Sequence[float]) -> Mapping[str, Sequence[datetime]]:
    """Every sign each second for five minutes, but those named only then."""
    all_the_time = [at(second) for second in range(300)]
    told = {name.replace("_", " "): [at(one) for one in when] for name, when in seconds.items()}
    return dict.fromkeys(EVERYTHING, all_the_time) | told


def test_work_that_goes_on_in_time_is_no_fault() -> None:
    done = [fault(Kind.KILL, 50, 50, "scheduling-relay")]
    finding = went_on(done, signs(scheduling_published=[49, 59.5, 80]))
    assert not finding.broken
    assert "slowest 9.5 s" in finding.note
    assert finding.checked == 2, "what it published, and that it calls itself ready"


def test_work_that_goes_on_too_late_or_never_is_seen() -> None:
    done = [fault(Kind.KILL, 50, 50, "scheduling-relay")]
    (late,) = went_on(done, signs(scheduling_published=[49, 61])).broken
    assert "scheduling published after 11.0 s" in late
    (never,) = went_on(done, signs(scheduling_published=[49])).broken
    assert "never again" in never


def test_another_services_work_is_no_sign() -> None:
    done = [fault(Kind.KILL, 50, 50, "scheduling-relay")]
    assert went_on(done, signs(scheduling_published=[], members_published=[51])).broken


@pytest.mark.parametrize(
    ("over_it", "seen", "holds"),
    [
        ((Kind.BROKER_FREEZE, 45, 195), [199], True),  # it lasts: judged at its end
        ((Kind.BROKER_FREEZE, 45, 195), [206], False),
        ((Kind.BROKER_KILL, 57, 60), [69], True),  # it came before the work had to go on
        ((Kind.BROKER_KILL, 61, 64), [69], False),  # it came too late to explain anything
        ((Kind.CLOCK, 45, 195), [199], False),  # it hinders other work
    ],
)
def test_a_fault_over_it_is_awaited_and_no_longer(
    over_it: tuple[Kind, float, float], seen: list[float], holds: bool
) -> None:
    kind, began, ended = over_it
    other = fault(kind, began, ended, *(("members-relay",) if kind is Kind.CLOCK else ()))
    done = [fault(Kind.KILL, 50, 50, "scheduling-relay"), other]
    broken = went_on(done, signs(scheduling_published=seen)).broken
    assert any("scheduling-relay" in one for one in broken) is not holds


@pytest.mark.parametrize(("seen", "holds"), [(63, True), (65, False)])
def test_who_lives_on_anothers_work_has_his_time_from_when_that_one_works_again(seen: float, holds: bool) -> None:
    done = [fault(Kind.KILL, 45, 45, "members-web"), fault(Kind.KILL, 50, 50, "members-relay")]
    broken = went_on(done, signs(members_answers=[54], members_published=[seen])).broken
    assert any("members-relay" in one for one in broken) is not holds


@pytest.mark.parametrize(("seen", "holds"), [(62, True), (64, False)])
def test_so_it_is_where_one_fault_broke_both(seen: float, holds: bool) -> None:
    """Replies come by way of the web process: what takes them up has nothing to do before that is there again."""
    done = [fault(Kind.KILL, 50, 50, "notifications-receive", "scheduling-consume")]
    told = signs(notifications_published=[49, 53], scheduling_applied=[49, seen])
    assert (not went_on(done, told).broken) is holds


def test_the_table_says_how_many_were_judged_at_anothers_end() -> None:
    done = [fault(Kind.KILL, 50, 50, "scheduling-relay"), fault(Kind.BROKER_FREEZE, 45, 195)]
    assert "; 1 judged" in went_on(done, signs(scheduling_published=[199])).note


def test_no_fault_goes_unjudged() -> None:
    for kind in Kind:
        for name in PROCESS_NAMES:
            assert judged_by(fault(kind, 0, 0, name).fault), (kind, name)
            assert judged_by(fault(kind, 0, 0, name).fault) <= hindered_by(fault(kind, 0, 0, name).fault) <= EVERYTHING


def test_each_fault_is_judged_by_its_own_work() -> None:
    assert judged_by(fault(Kind.MONGO_KILL, 0, 1).fault) == FLOWS
    assert judged_by(fault(Kind.OUTSIDE, 0, 9, mail_hangup_rate=0.5).fault) == {MAIL}
    assert judged_by(fault(Kind.OUTSIDE, 0, 9, latency_ms=1500).fault) == {SMS}
    assert judged_by(fault(Kind.CLOCK, 0, 8, "scheduling-timers").fault) == {ready("scheduling-timers")}
    two = judged_by(fault(Kind.KILL, 0, 0, "scheduling-relay", "notifications-deliver").fault)
    assert {RELAY, SMS, MAIL} < two
