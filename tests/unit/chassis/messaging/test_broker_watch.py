"""Whether the broker answers shows in what the work asks of it."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from chassis.failures import Unavailable
from chassis.messaging.broker_watch import BrokerWatch


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def gone() -> None:
    raise Unavailable("Kafka: KafkaTimeoutError")


def test_nothing_is_owed_while_nothing_is_asked_or_all_is_answered() -> None:
    clock = Clock()
    watch = BrokerWatch(clock)
    clock.now = 1000.0
    assert watch.seconds == 0
    assert watch.watch(lambda: 7) == 7
    clock.now = 2000.0
    assert watch.seconds == 0


def test_silence_is_counted_from_the_first_question_and_told_every_minute() -> None:
    clock = Clock()
    watch = BrokerWatch(clock)
    with capture_logs() as logs:
        for _ in range(130):
            with pytest.raises(Unavailable):
                watch.watch(gone)
            clock.now += 1.0
        assert watch.seconds == 130
        watch.answered()
    assert [(line["event"], line.get("seconds", line.get("after_seconds"))) for line in logs] == [
        ("Kafka does not answer", 60),
        ("Kafka does not answer", 120),
        ("Kafka answers again", 130),
    ]
    assert watch.seconds == 0


def test_a_short_silence_is_not_worth_a_line() -> None:
    clock = Clock()
    watch = BrokerWatch(clock)
    with capture_logs() as logs:
        watch.asked()
        clock.now += 30.0
        watch.answered()
    assert logs == []
