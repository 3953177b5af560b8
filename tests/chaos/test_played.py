"""A whole run says which faults it played, and is red when it left one out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from deploy.local.gateway_faults import Faults
from notifications.settings import Settings
from tests.chaos import coverage
from tests.chaos.commands import Command, Ledger
from tests.chaos.director import Done
from tests.chaos.faults import OUTSIDE_SETTINGS, Kind, long_plan
from tests.chaos.played import OUTSIDE, everything_played, played

START = datetime(2026, 6, 8, 12, tzinfo=UTC)
DISTURBED = dict.fromkeys(OUTSIDE, 1)


def done_of(seed: int) -> list[Done]:
    """The whole plan, played as planned."""
    return [
        Done(fault, START + timedelta(seconds=fault.at), START + timedelta(seconds=fault.ends_at), fault.targets)
        for fault in long_plan(seed, 600, with_disk=True)
    ]


@pytest.mark.parametrize("seed", range(40))
def test_every_ten_minute_plan_contains_every_fault(seed: int) -> None:
    assert not everything_played(played(done_of(seed), DISTURBED, with_disk=True)).broken


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.OUTSIDE])
def test_a_kind_that_was_left_out_makes_the_run_red(kind: Kind) -> None:
    done = [one for one in done_of(5) if one.fault.kind is not kind]
    assert everything_played(played(done, DISTURBED, with_disk=True)).broken


@pytest.mark.parametrize("name", OUTSIDE)
def test_so_does_a_disturbance_that_chance_never_had_happen(name: str) -> None:
    counts = played(done_of(5), {**DISTURBED, name: 0}, with_disk=True)
    assert everything_played(counts).broken == [OUTSIDE[name]]


def test_a_process_that_was_not_running_was_not_broken() -> None:
    missed = [
        Done(one.fault, one.began, one.ended, () if one.fault.kind is Kind.KILL else one.hit) for one in done_of(5)
    ]
    assert "kill -9 of relay" in everything_played(played(missed, DISTURBED, with_disk=True)).broken


def test_an_absence_of_a_few_seconds_is_no_long_one() -> None:
    short = [
        Done(one.fault, one.began, one.began + timedelta(seconds=5), one.hit)
        if one.fault.kind is Kind.BROKER_FREEZE
        else one
        for one in done_of(5)
    ]
    assert everything_played(played(short, DISTURBED, with_disk=True)).broken == ["broker frozen for 150 s"]


def test_what_the_sinks_are_told_is_what_they_know() -> None:
    for settings in OUTSIDE_SETTINGS:
        assert Faults.model_validate(dict(settings))


def test_a_lost_answer_outlasts_the_product_s_patience() -> None:
    """Else it would be a hang-up, not a time-out after accepting."""
    longest = max(settings.get("lost_answer_seconds", 0.0) for settings in OUTSIDE_SETTINGS)
    assert longest > Settings.model_fields["gateway_timeout_seconds"].default


def test_a_load_that_left_something_out_makes_the_run_red() -> None:
    ledger = Ledger()
    for name in coverage.ASKED_FOR[2:]:
        ledger.begin(Command("k", name, "POST", "scheduling", "/v1/briefings", "a", (), status=201))
    assert coverage.everything_asked(ledger).broken == ["/v1/assignment-meetings"]
