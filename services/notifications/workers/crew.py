"""The threads that call a gateway. They know nothing of the queue: tasks come in, answers go out."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from queue import Empty, SimpleQueue

from notifications.application.ports import Carrier, Outgoing
from notifications.domain.delivery import Delivery
from notifications.domain.sending import Accepted, Answer, Standing, Temporary

_FEWEST = 4
_CALLS_PER_SECOND = 1_000
_WORTH_A_LOOK = 32
"""Answers for which the deliverer is woken: to be woken for each costs a turn of the interpreter lock per message."""


@dataclass(frozen=True, slots=True)
class Sent:
    outgoing: Outgoing
    answer: Answer

    @property
    def delivery(self) -> Delivery:
        return self.outgoing.delivery


@dataclass(frozen=True, slots=True)
class Asked:
    delivery: Delivery
    standing: Standing


@dataclass(frozen=True, slots=True)
class Dropped:
    """Not called: the lease may have passed to another deliverer, or the channel is paused."""

    delivery: Delivery


Done = Sent | Asked | Dropped


class Slowness:
    """How long the gateway takes for a call, as the last calls tell, and how many senders that asks for.

    Up at once, down slowly: too few senders make everybody wait. One slow call alone hires no crowd.
    """

    def __init__(self) -> None:
        self._seconds = 0.0

    def heed(self, seconds: float) -> None:
        """A call took so long."""
        self._seconds += (seconds - self._seconds) * (0.2 if seconds > self._seconds else 0.05)

    @property
    def senders(self) -> int:
        return max(_FEWEST, round(_CALLS_PER_SECOND * self._seconds))


class Crew:
    """Calls `carrier` with as many threads as its slowness asks for: idle ones would only fight for the processor.

    `may_call` is asked right before each call, with the delivery as it was claimed.
    """

    def __init__(
        self,
        carrier: Carrier,
        *,
        name: str,
        most: int,
        may_call: Callable[[Delivery], bool],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._carrier, self._name, self._most, self._may_call = carrier, name, most, may_call
        self._monotonic = monotonic
        self._tasks: SimpleQueue[Outgoing | Delivery | None] = SimpleQueue()
        self._done: deque[Done] = deque()
        self._news = threading.Event()
        self._threads: list[threading.Thread] = []
        self._slowness = Slowness()
        self.paused_until = 0.0

    def give(self, tasks: list[Outgoing | Delivery]) -> None:
        """Outgoing is sent; of a Delivery the gateway is asked."""
        for task in tasks:
            self._tasks.put(task)
        self._hire()

    def _hire(self) -> None:
        wanted = min(self._slowness.senders, self._most, len(self._threads) + self._tasks.qsize())
        while len(self._threads) < wanted:
            thread = threading.Thread(target=self._work, name=f"send-{self._name}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def wake(self) -> None:
        """Make a waiting `answers` return."""
        self._news.set()

    def answers(self, *, wait: float, most: int) -> list[Done]:
        """What has come in. Waits up to `wait` seconds: until much has, or all that was given is being called or was,
        or something else than a plain acceptance, or until woken."""
        self._hire()
        if wait > 0 and len(self._done) < _WORTH_A_LOOK:
            self._news.wait(wait)
        self._news.clear()  # before what has come is taken: what comes after it wakes anew
        found = [self._done.popleft() for _ in range(min(most, len(self._done)))]
        if len(found) == most:  # the rest does not wait
            self._news.set()
        return found

    def take_back(self) -> list[Delivery]:
        """The deliveries that no thread has begun; they will not be."""
        back = []
        try:
            while True:
                task = self._tasks.get_nowait()
                if task is not None:
                    back.append(task.delivery if isinstance(task, Outgoing) else task)
        except Empty:
            return back

    def dismiss(self) -> None:
        """End the threads, each after its call."""
        for _ in self._threads:
            self._tasks.put(None)
        for thread in self._threads:
            thread.join(1)
        self._threads.clear()

    def _work(self) -> None:
        while (task := self._tasks.get()) is not None:
            done = self._called(task)
            self._done.append(done)
            if self._tasks.empty() or len(self._done) >= _WORTH_A_LOOK or not _is_plain(done):
                self._news.set()

    def _called(self, task: Outgoing | Delivery) -> Done:
        delivery = task.delivery if isinstance(task, Outgoing) else task
        began = self._monotonic()
        if not self._may_call(delivery):
            return Dropped(delivery)
        if began < self.paused_until:
            if not isinstance(task, Outgoing):
                return Dropped(delivery)
            return Sent(task, Temporary("gateway_busy", asked=self.paused_until - began, counts=False))
        if isinstance(task, Outgoing):
            done: Done = Sent(task, self._carrier.send(task))
        else:
            done = Asked(task, self._carrier.ask(task))
        self._slowness.heed(self._monotonic() - began)
        return done


def _is_plain(done: Done) -> bool:
    return isinstance(done, Sent) and isinstance(done.answer, Accepted)
