"""As many senders as the gateway's slowness asks for: soon enough, and no crowd for one slow call."""

from __future__ import annotations

from collections.abc import Iterable

from notifications.workers.crew import Slowness


def senders_after(calls: Iterable[float]) -> int:
    """How many there should be after calls that took so many seconds."""
    slowness = Slowness()
    for seconds in calls:
        slowness.heed(seconds)
    return slowness.senders


def test_a_quick_gateway_needs_few() -> None:
    assert senders_after([0.001] * 20) == 4


def test_one_that_became_slow_has_nearly_all_it_needs_after_a_dozen_calls() -> None:
    assert senders_after([0.001] * 500 + [0.1] * 12) >= 90


def test_the_first_calls_of_a_slow_one_already_hire_more() -> None:
    assert senders_after([0.1] * 4) >= 50


def test_one_slow_call_hires_no_crowd() -> None:
    assert senders_after([0.001] * 50 + [0.05]) <= 12


def test_one_that_is_quick_again_is_believed_in_time() -> None:
    assert senders_after([0.1] * 50 + [0.001] * 20) > 30
    assert senders_after([0.1] * 50 + [0.001] * 200) == 4
