"""As many senders as the gateway's slowness asks for: soon enough, and no crowd for one slow call. Answers come in
company, but none waits for company that will not come."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from notifications.application.ports import Outgoing
from notifications.domain.delivery import Delivery
from notifications.domain.sending import Accepted, Answer, InDoubt, NeverSeen, Standing, Temporary
from notifications.workers.crew import Crew, Sent, Slowness
from tests.unit.notifications.test_smtp_mailer import mail_to


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


class Gateway:
    """Answers those whose turn it is: as it is told, or at once where nothing is said of them."""

    def __init__(self) -> None:
        self.answers: dict[int, Answer] = {}
        self.stuck = threading.Event()
        self.called = 0

    def send(self, outgoing: Outgoing) -> Answer:
        number, self.called = self.called, self.called + 1
        answer = self.answers.get(number, Accepted())
        if isinstance(answer, InDoubt):
            self.stuck.wait(30)
        return answer

    def ask(self, delivery: Delivery) -> Standing:
        return NeverSeen()


@contextmanager
def crew_for(gateway: Gateway, *, most: int = 1) -> Iterator[Crew]:
    crew = Crew(gateway, name="test", most=most, may_call=lambda _: True)
    try:
        yield crew
    finally:
        gateway.stuck.set()
        crew.dismiss()


def given(crew: Crew, number: int) -> None:
    crew.give([mail_to() for _ in range(number)])


def test_the_deliverer_is_woken_for_answers_in_company() -> None:
    with crew_for(Gateway()) as crew:
        given(crew, 500)
        came: list[int] = []
        while sum(came) < 500:
            came.append(len(crew.answers(wait=30, most=1000)))
        assert len(came) < 100


def test_it_is_woken_when_all_that_was_given_has_been_called() -> None:
    with crew_for(Gateway()) as crew:
        given(crew, 3)
        came: list[object] = []
        while len(came) < 3:
            news = crew.answers(wait=30, most=1000)
            assert news, "woken for nothing"
            came += news


def test_it_is_woken_at_once_when_the_gateway_asks_for_time() -> None:
    gateway = Gateway()
    gateway.answers = {1: Temporary("gateway_busy", asked=5.0), 2: InDoubt()}
    with crew_for(gateway) as crew:
        given(crew, 10)
        came = [done for done in crew.answers(wait=30, most=1000) if isinstance(done, Sent)]
        assert [type(done.answer) for done in came] == [Accepted, Temporary]


def test_answers_beyond_what_is_wanted_are_there_the_next_time() -> None:
    with crew_for(Gateway()) as crew:
        given(crew, 40)
        came: list[int] = []
        while sum(came) < 40:
            came.append(len(crew.answers(wait=30, most=10)))
        assert max(came) <= 10
