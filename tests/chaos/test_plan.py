"""The plan of faults: the same again for the same seed, and nothing left out of the long one."""

from __future__ import annotations

import inspect
import re
from itertools import pairwise

import pytest

from chassis.messaging.kafka.consumer import KafkaSource
from chassis.messaging.lease import LEASE_SECONDS
from notifications.settings import Settings
from tests.chaos.faults import (
    LONGER_THAN_EVERY_LEASE,
    OUTSIDE_SETTINGS,
    PLATFORM,
    PROCESS_NAMES,
    Kind,
    long_plan,
    short_plan,
)

SEEDS = range(12)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_seed_draws_the_same_plan_again(seed: int) -> None:
    assert long_plan(seed, 600, with_disk=True) == long_plan(seed, 600, with_disk=True)
    assert short_plan(seed, 60, with_disk=True) != short_plan(seed + 1, 60, with_disk=True)


@pytest.mark.parametrize("seed", SEEDS)
def test_ten_minutes_break_everything(seed: int) -> None:
    plan = long_plan(seed, 600, with_disk=True)
    kinds = {fault.kind for fault in plan}
    assert kinds == set(Kind)
    killed = {name for fault in plan if fault.kind is Kind.KILL for name in fault.targets}
    frozen = {name for fault in plan if fault.kind is Kind.FREEZE for name in fault.targets}
    assert killed == set(PROCESS_NAMES)
    assert len({name.partition("-")[2] for name in frozen}) == 6, "each kind of process is frozen"
    assert {150.0} <= {fault.seconds for fault in plan if fault.kind is Kind.BROKER_STOP}
    assert {150.0} <= {fault.seconds for fault in plan if fault.kind is Kind.BROKER_FREEZE}
    away = [fault for fault in plan if fault.seconds == 150]
    disturbed = [fault for fault in plan if fault.kind is Kind.OUTSIDE]
    while_sending = [one for one in disturbed if not any(gone.at < one.ends_at < gone.ends_at for gone in away)]
    assert {str(one) for one in while_sending} == {str(one) for one in disturbed}, "not only while nothing is sent"
    assert len({str(one) for one in while_sending}) == len(OUTSIDE_SETTINGS)


def test_a_freeze_is_longer_than_every_lease_and_session_of_the_product() -> None:
    leases = (LEASE_SECONDS, Settings.model_fields["deliver_lease_seconds"].default)
    session = re.search(r"session_timeout_ms=([0-9_]+)", inspect.getsource(KafkaSource))
    assert session is not None
    longest = max(*leases, int(session[1]) / 1000)
    assert longest < 10 < LONGER_THAN_EVERY_LEASE, "work goes on within ten seconds of a holder's death"


@pytest.mark.parametrize("seed", SEEDS)
def test_clocks_whose_time_is_stored_are_stepped_so_far_that_no_stamp_is_mistaken(seed: int) -> None:
    for fault in long_plan(seed, 600, with_disk=True):
        if fault.kind is Kind.CLOCK and not fault.targets[0].endswith(("-deliver", "-timers")):
            assert abs(fault.settings["seconds"]) > 600 + 900


@pytest.mark.parametrize("seed", SEEDS)
def test_faults_end_within_the_time_and_the_platform_has_one_at_a_time(seed: int) -> None:
    for plan, seconds in ((long_plan(seed, 600, with_disk=True), 600), (short_plan(seed, 60, with_disk=True), 60)):
        assert all(fault.ends_at <= seconds for fault in plan)
        platform = [fault for fault in plan if fault.kind in PLATFORM]
        assert all(a.ends_at <= b.at for a, b in pairwise(platform))
        assert all(fault.seconds >= LONGER_THAN_EVERY_LEASE for fault in plan if fault.kind is Kind.FREEZE)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_short_plan_breaks_every_kind_of_process_two_at_once(seed: int) -> None:
    plan = short_plan(seed, 60, with_disk=False)
    kills = [fault.targets for fault in plan if fault.kind is Kind.KILL]
    assert any(len(targets) == 2 for targets in kills)
    assert {name.partition("-")[2] for targets in kills for name in targets} == {
        "web",
        "receive",
        "relay",
        "consume",
        "deliver",
        "timers",
    }
    assert {Kind.FREEZE, Kind.BROKER_KILL, Kind.MONGO_KILL, Kind.BROKER_FREEZE, Kind.OUTSIDE} <= {f.kind for f in plan}
