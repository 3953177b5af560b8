"""The threads that call a gateway. They know nothing of the queue: tasks come in, answers go out."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from queue import Empty, SimpleQueue

from notifications.application.ports import Carrier, Outgoing
from notifications.domain.delivery import Delivery
from notifications.domain.sending import Answer, Standing, Temporary

_FEWEST = 4
_CALLS_PER_SECOND = 1_000


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
        self._done: SimpleQueue[Done | None] = SimpleQueue()
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
        self._done.put(None)

    def answers(self, *, wait: float, most: int) -> list[Done]:
        """What has come in; waits up to `wait` seconds for the first, or until woken."""
        self._hire()
        found: list[Done] = []
        try:
            first = self._done.get(timeout=wait) if wait > 0 else self._done.get_nowait()
            while True:
                if first is not None:
                    found.append(first)
                if len(found) >= most:
                    return found
                first = self._done.get_nowait()
        except Empty:
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
            self._done.put(self._called(task))

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
