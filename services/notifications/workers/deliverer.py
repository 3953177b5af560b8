"""Takes due deliveries of one channel, has them sent, writes what became of them in bulk.

One thread claims and decides, one writes; a crew of others only calls the gateway. A delivery is held under a lease
that is renewed while it waits or is sent, and is not sent once the lease may have passed to another deliverer.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from prometheus_client import Counter, Gauge

from chassis.failures import Unavailable
from chassis.storage.store import Store
from notifications.application.announce import Policy
from notifications.application.ports import Carrier, DeliveryQueue, Outgoing, Result
from notifications.application.settle import announcements, settle, settle_asked
from notifications.application.sort_out import postponed, sort_out
from notifications.domain.delivery import LONG_AGO, Channel, Delivery
from notifications.domain.notice import Notice
from notifications.domain.sending import Temporary
from notifications.workers.crew import Asked, Crew, Done, Dropped, Sent

_log = structlog.get_logger("deliverer")

RESULTS = Counter("notifications_results_total", "What became of claimed deliveries", ("channel", "state"))
LOST = Counter("notifications_lost_claims_total", "Deliveries whose lease had passed on", ("channel",))
HELD = Gauge("notifications_held_deliveries", "Deliveries claimed and not yet recorded", ("channel",))

_LONGEST_PAUSE = 30.0
_WIND_UP = 18.0


@dataclass(frozen=True)
class Pace:
    """How a deliverer works. Times in seconds.

    batch    rows per claim; twice as many are held at most
    threads  calls at once at most
    lease    how long a claimed row is ours; a crash delays its rows by so much
    idle     between looks at an empty queue, when no alarm rings
    linger   how long results wait for company before they are written
    """

    batch: int = 250
    threads: int = 96
    lease: float = 9.0
    idle: float = 0.5
    linger: float = 0.03


@dataclass(slots=True)
class _Held:
    delivery: Delivery
    notice: Notice | None
    until: float
    """Monotonic; from then on the row may be another deliverer's."""
    recorded: bool = False


class Deliverer:
    """One channel's deliverer. `run` it in a thread; `wake` and `stop` may be called from any other."""

    def __init__(
        self,
        channel: Channel,
        carrier: Carrier,
        queue: DeliveryQueue,
        store: Store,
        policy: Policy,
        *,
        pace: Pace | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.channel, self._queue, self._store, self._policy = channel, queue, store, policy
        self._pace, self._monotonic = pace or Pace(), monotonic
        self._crew = Crew(
            carrier, name=channel.value, most=self._pace.threads, may_call=self._is_ours, monotonic=monotonic
        )
        self._held: dict[str, _Held] = {}
        self._results: list[tuple[_Held, Result]] = []
        self._first_result_at = 0.0
        self._writer = ThreadPoolExecutor(1, f"write-{channel.value}")
        self._writing: tuple[list[tuple[_Held, Result]], Future[int]] | None = None
        self._pauses = 0
        self._next_claim = 0.0
        self._woken = False
        self._found_nothing = False
        self._renewed = monotonic()
        self._clock = (LONG_AGO, 0.0)
        self._stopping = threading.Event()
        self.last_turn = monotonic()

    def wake(self) -> None:
        """There may be something due: look now."""
        self._woken = True
        self._crew.wake()

    def stop(self) -> None:
        """Claim no more; what is not on its way goes back into the queue, what is gets its result."""
        self._stopping.set()
        self._crew.wake()

    def run(self) -> None:
        """Work until stopped. Any error but Unavailable ends it."""
        while not self._stopping.is_set():
            self.last_turn = self._monotonic()
            try:
                self._turn()
            except Unavailable as error:
                _log.warning("unavailable: backing off", reason=str(error))
                self._stopping.wait(0.5)
        self._wind_up()

    def run_until_empty(self) -> None:
        """Work until nothing is due, or the channel is paused, and nothing is held. For tests and benches."""
        while self._held or not (self._found_nothing or self._crew.paused_until > self._monotonic()):
            self._turn()
        self._wind_up()

    def _turn(self) -> None:
        claimed = self._claim() if self._may_claim() else 0
        for done in self._crew.answers(wait=0.0 if claimed else self._patience(), most=self._pace.batch):
            self._take(done)
        self._finish_writing()
        if self._results and self._is_time_to_write():
            self._write()
        self._renew()

    # --- claiming and deciding

    def _may_claim(self) -> bool:
        now = self._monotonic()
        is_time = self._woken or now >= self._next_claim
        return is_time and now >= self._crew.paused_until and len(self._held) <= self._pace.batch

    def _claim(self) -> int:
        began = self._monotonic()
        self._woken = False  # before the question: who is woken while it is asked asks again
        batch = self._queue.claim(self.channel, limit=self._pace.batch, lease_seconds=self._pace.lease)
        self._found_nothing = not batch
        if not batch:
            self._next_claim = began + self._pace.idle
            return 0
        self._next_claim = 0.0
        assert batch[0].due is not None, "a claimed delivery is due when its lease ends"
        self._clock = (batch[0].due - timedelta(seconds=self._pace.lease), began)
        sorted_out = sort_out(batch, self._store, self._queue, self._policy, now=self._clock[0])
        until = began + self._pace.lease * 0.9
        for row in batch:
            self._held[row.id] = _Held(row, sorted_out.notices.get(row.notice_id), until)
        for row, result in sorted_out.decided:
            self._keep(self._held[row.id], result)
        tasks: list[Outgoing | Delivery] = [*sorted_out.ask, *sorted_out.send]
        self._crew.give(tasks)
        HELD.labels(self.channel.value).set(len(self._held))
        return len(batch)

    def _is_ours(self, delivery: Delivery) -> bool:
        held = self._held.get(delivery.id)
        if held is None or held.delivery.claim != delivery.claim:
            return False
        return self._monotonic() < held.until

    def _renew(self) -> None:
        """Hold on to what has waited for a third of the lease. Only what is certainly still ours counts as renewed."""
        began = self._monotonic()
        if began - self._renewed < self._pace.lease / 3:
            return
        self._renewed = began
        ours = [held for held in list(self._held.values()) if held.until > began]
        if not ours:
            return
        self._queue.renew([held.delivery for held in ours], lease_seconds=self._pace.lease)
        done = self._monotonic()
        for held in ours:
            if done < held.until:
                held.until = began + self._pace.lease * 0.9

    # --- collecting and recording

    def _patience(self) -> float:
        now = self._monotonic()
        if self._results and self._writing is None:
            return max(0.0, self._first_result_at + self._pace.linger - now)
        if self._held:
            return 0.05
        return max(0.0, min(self._pace.idle, max(self._next_claim, self._crew.paused_until) - now))

    def _take(self, done: Done) -> None:
        held = self._held.get(done.delivery.id)
        if held is None or held.recorded or held.delivery.claim != done.delivery.claim:
            return  # of a claim that has passed on, perhaps to ourselves
        if isinstance(done, Dropped):
            del self._held[done.delivery.id]
            LOST.labels(self.channel.value).inc()
        elif isinstance(done, Sent):
            if isinstance(done.answer, Temporary):
                self._heed(done.answer)
            else:
                self._pauses = 0
            self._keep(held, settle(done.outgoing, done.answer, self._policy, now=self._time(), chance=random.random()))
        elif isinstance(done, Asked):
            self._keep(held, settle_asked(done.delivery, done.standing, now=self._time()))

    def _heed(self, answer: Temporary) -> None:
        """When the other side asks for time or is away, stop claiming and calling for a while."""
        now = self._monotonic()
        if now < self._crew.paused_until or (answer.counts and answer.asked is None):
            return
        self._pauses += 1
        pause = answer.asked if answer.asked is not None else min(_LONGEST_PAUSE, 0.5 * 2.0 ** min(self._pauses, 7))
        self._crew.paused_until = now + pause
        _log.warning("channel paused", channel=self.channel.value, seconds=round(pause, 1), reason=answer.reason)

    def _keep(self, held: _Held, result: Result) -> None:
        if not self._results:
            self._first_result_at = self._monotonic()
        held.recorded = True
        self._results.append((held, result))

    def _is_time_to_write(self) -> bool:
        return (
            len(self._results) >= self._pace.batch // 2
            or len(self._results) == len(self._held)
            or self._monotonic() - self._first_result_at >= self._pace.linger
        )

    def _write(self) -> None:
        """Have what has come together written by the writing thread, once it has written what it has."""
        if self._writing is not None or not self._results:
            return
        results, self._results = self._results, []
        written = self._writer.submit(self._record, results)
        self._writing = (results, written)
        written.add_done_callback(lambda _: self._crew.wake())

    def _record(self, results: list[tuple[_Held, Result]]) -> int:
        notices = {held.notice.id: held.notice for held, _ in results if held.notice is not None}
        messages = announcements([(held.delivery, result) for held, result in results], notices)
        return self._queue.record([result for _, result in results], messages)

    def _finish_writing(self) -> None:
        """Let go of what was written. Raises Unavailable, after which it is written again: a repetition is void."""
        if self._writing is None or not self._writing[1].done():
            return
        (results, written), self._writing = self._writing, None
        try:
            held_still = written.result()
        except Unavailable:
            self._results = results + self._results
            raise
        for held, result in results:
            if self._held.get(held.delivery.id) is held:  # else it was due at once and is claimed anew
                del self._held[held.delivery.id]
            RESULTS.labels(self.channel.value, result.state.value).inc()
        if held_still < len(results):
            LOST.labels(self.channel.value).inc(len(results) - held_still)
        HELD.labels(self.channel.value).set(len(self._held))

    def _time(self) -> datetime:
        """The database's time, counted on from the last claim."""
        told, at = self._clock
        return told + timedelta(seconds=self._monotonic() - at)

    def _wind_up(self) -> None:
        """Give back what was not begun, wait for what was, and write it all down."""
        deadline = self._monotonic() + _WIND_UP
        for delivery in self._crew.take_back():
            held = self._held.get(delivery.id)
            if held is not None and not held.recorded:
                self._keep(held, postponed(delivery, self._time(), ""))
        while self._held and self._monotonic() < deadline:
            for done in self._crew.answers(wait=0.1, most=self._pace.batch):
                self._take(done)
            try:
                self._finish_writing()
            except Unavailable as error:
                _log.warning("unavailable: results wait", reason=str(error))
                time.sleep(0.2)
            self._write()
        self._crew.dismiss()
        self._writer.shutdown()
