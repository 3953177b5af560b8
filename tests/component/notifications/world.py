"""A notifications service in memory: its read models, its queue, a clock that stands until it is moved."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from chassis.context import Context
from chassis.failures import Unready
from chassis.messaging.envelope import Cause, Incoming
from chassis.messaging.handlers import Projection, Reaction
from chassis.messaging.outbox import OUTBOX
from chassis.storage.memory import MemoryStore
from chassis.storage.store import Store
from contracts.catalogue import CATALOGUE
from contracts.members_states import ContactChannel, ContactPoint, ContactState, UnitFacts, UnitState
from contracts.model import Contract
from contracts.notifications_events import MessagesDelivered, MessagesFailed
from contracts.scheduling_events import (
    InvitationReason,
    Invitee,
    MeetingCancelled,
    MeetingFacts,
    MeetingKind,
    MeetingRescheduled,
    MeetingScheduled,
)
from notifications.adapters.memory_queue import MemoryQueue
from notifications.adapters.template_files import TemplateFiles
from notifications.application.announce import Desk, Policy
from notifications.application.ports import Carrier, DeliveryQueue, Outgoing
from notifications.application.receive_reply import Reply, receive_reply
from notifications.domain.delivery import DELIVERIES, Channel, Delivery, State
from notifications.domain.sending import Accepted, Answer, NeverSeen, Standing
from notifications.workers.deliverer import Deliverer, Pace
from notifications.workers.handlers import handlers

PROVINCE, COMMUNE, OTHER_COMMUNE = "u-province", "u-commune", "u-other"
BRANCH, SECOND_BRANCH = "u-branch-1", "u-branch-2"
MEETING = "m-briefing"

MONDAY_NOON = datetime.fromisoformat("2026-06-08T12:00:00+07:00").astimezone(UTC)
SATURDAY_EVENING = datetime.fromisoformat("2026-06-13T19:30:00+07:00").astimezone(UTC)


class Clock:
    def __init__(self, now: datetime = MONDAY_NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> None:
        self.now += timedelta(**by)


class FakeCarrier:
    """Accepts everything, unless told otherwise, and remembers what it was given."""

    def __init__(self, answer: Callable[[Outgoing], Answer] | None = None) -> None:
        self.sent: list[Outgoing] = []
        self.asked: list[Delivery] = []
        self.answer = answer or (lambda outgoing: Accepted(f"sms-{outgoing.delivery.id}"))
        self.standing: Callable[[Delivery], Standing] = lambda _: NeverSeen()

    def send(self, outgoing: Outgoing) -> Answer:
        self.sent.append(outgoing)
        return self.answer(outgoing)

    def ask(self, delivery: Delivery) -> Standing:
        self.asked.append(delivery)
        return self.standing(delivery)

    def texts(self) -> list[str]:
        """What was sent, by SMS, as each person reads it."""
        return [outgoing.personal.fill(outgoing.texts.sms) for outgoing in self.sent]

    def people(self) -> list[str]:
        return sorted(outgoing.delivery.person_id for outgoing in self.sent)


@dataclass
class World:
    """What happens, happens by the same handlers that the consume process runs."""

    store: Store = field(default_factory=MemoryStore)
    clock: Clock = field(default_factory=Clock)
    policy: Policy = field(default_factory=Policy)
    make_queue: Callable[[Store, Clock], DeliveryQueue] = MemoryQueue
    sms: FakeCarrier = field(default_factory=FakeCarrier)
    mail: FakeCarrier = field(default_factory=FakeCarrier)
    _ids: Any = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        self.desk = Desk(TemplateFiles(), self.policy, self.clock)
        self.handlers = handlers(self.desk)
        self.queue = self.make_queue(self.store, self.clock)

    # --- what others tell

    def hear(self, event: Contract, *, id: str | None = None, sequence: int = 1, ago: timedelta = timedelta(0)) -> None:
        """Handle a record of what happened some time ago as the consumer would. Raises Unready."""
        for handler in self.handlers:
            if isinstance(handler, Projection) and isinstance(event, handler.state):
                self.store.project(handler.kind, [handler.as_document(event)])
            elif isinstance(handler, Reaction) and type(event) is handler.event:
                incoming = self.incoming(event, id or f"event-{next(self._ids):04}", sequence, self.clock() - ago)
                self.store.commit(handler.handle(event, incoming, self.store))

    def incoming(self, event: Contract, id: str, sequence: int, time: datetime | None = None) -> Incoming:
        at = time or self.clock()
        return Incoming(
            event.TOPIC, 0, 0, id, event.TYPE, "test", "key", sequence, at, Cause("chain"), event.to_bytes()
        )

    def unready(self, event: Contract) -> str:
        """What the event waits for."""
        try:
            self.hear(event)
        except Unready as error:
            return error.waits_for
        raise AssertionError("the event did not wait")

    def units(self) -> None:
        self.unit(PROVINCE, "Thành Đoàn Đà Nẵng", "Thanh Doan Da Nang", "province")
        self.unit(COMMUNE, "Đoàn xã Nông Sơn", "Doan xa Nong Son", "commune", PROVINCE)
        self.unit(OTHER_COMMUNE, "Đoàn xã Quế Phước", "Doan xa Que Phuoc", "commune", PROVINCE)
        self.unit(BRANCH, "Chi đoàn thôn Trung Hạ", "CD Trung Ha", "branch", PROVINCE, COMMUNE)
        self.unit(SECOND_BRANCH, "Chi đoàn thôn Trung Thượng", "CD Trung Thuong", "branch", PROVINCE, COMMUNE)

    def unit(self, id: str, name: str, short: str, kind: str, *above: str) -> None:
        facts = UnitFacts(name=name, short_name=short, kind=kind, starts=datetime(2025, 7, 1, tzinfo=UTC).date())
        self.hear(UnitState(unit_id=id, version=1, facts=[facts], path=[*above, id]))

    def person(
        self,
        id: str,
        name: str = "Lê Thị Hoa",
        phone: str | None = "+84912345678",
        mail: str | None = None,
        *,
        refused: Sequence[ContactChannel] = (),
        units: Sequence[str] = (BRANCH,),
        version: int = 1,
    ) -> None:
        points = []
        if phone is not None:
            points.append(ContactPoint(channel=ContactChannel.SMS, address=phone))
        if mail is not None:
            points.append(ContactPoint(channel=ContactChannel.EMAIL, address=mail))
        self.hear(
            ContactState(
                person_id=id,
                version=version,
                full_name=name,
                greeting="đồng chí",
                points=points,
                refused=tuple(refused),
                unit_ids=tuple(units),
            )
        )

    def people(self, number: int, *, mail: bool = False) -> list[str]:
        ids = [f"p-{n:05}" for n in range(number)]
        for n, id in enumerate(ids):
            self.person(id, phone=f"+8491{n:07}", mail=f"nguoi{n}@example.vn" if mail else None)
        return ids

    # --- what is done with it

    def deliver(self, channel: Channel = Channel.SMS) -> None:
        """Work off everything that is due now."""
        deliverer = self.deliverer(channel)
        deliverer.run_until_empty()

    def deliverer(self, channel: Channel = Channel.SMS, carrier: Carrier | None = None) -> Deliverer:
        carrier = carrier or (self.sms if channel is Channel.SMS else self.mail)
        return Deliverer(channel, carrier, self.queue, self.store, self.policy, pace=Pace(batch=50, threads=4))

    def reply(self, text: str, phone: str = "0912345678", sms_id: str | None = None) -> str:
        reply = Reply(sms_id=sms_id or f"reply-{next(self._ids)}", phone=phone, text=text)
        outcome = receive_reply(reply, self.store, self.desk, self.context())
        self.store.commit(outcome.changes)
        return outcome.result

    def context(self) -> Context:
        return Context(now=self.clock(), cause=Cause("chain"))

    # --- what came of it

    def rows(
        self, *, about: str = MEETING, channel: Channel = Channel.SMS, notice: str | None = None
    ) -> list[Delivery]:
        where: dict[str, Any] = {"about": about, "channel": channel.value}
        if notice is not None:
            where["notice_id"] = notice
        return self.store.find(DELIVERIES, where, sort=(("person_id", 1), ("created", 1), ("_id", 1)))

    def row(self, person: str, **which: Any) -> Delivery:
        [row] = [row for row in self.rows(**which) if row.person_id == person]
        return row

    def states(self, **which: Any) -> dict[str, tuple[State, str | None]]:
        return {row.person_id: (row.state, row.reason) for row in self.rows(**which)}

    def published(self, model: type[Contract]) -> list[Any]:
        rows = self.store.find(OUTBOX, {"type": model.TYPE})
        return [CATALOGUE[row.type].from_bytes(row.payload or b"") for row in rows]

    def told(self, model: type[MessagesDelivered] | type[MessagesFailed]) -> list[Any]:
        """The messages of which events of this kind tell, whatever groups they came in."""
        return [message for group in self.published(model) for message in group.messages]


def facts(
    *,
    starts_at: datetime = SATURDAY_EVENING,
    place: str = "Hội trường UBND xã",
    title: str = "Giao ban 6 tháng đầu năm",
) -> MeetingFacts:
    return MeetingFacts(
        kind=MeetingKind.BRIEFING,
        unit_id=COMMUNE,
        title=title,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(hours=1, minutes=30),
        place=place,
    )


def scheduled(people: Sequence[str], *, meeting_id: str = MEETING, meeting: MeetingFacts | None = None) -> Contract:
    return MeetingScheduled(
        meeting_id=meeting_id,
        meeting=meeting or facts(),
        invitees=[Invitee(person_id=person, reason=InvitationReason.BRANCH_SECRETARY) for person in people],
    )


def moved(to: datetime, *, meeting_id: str = MEETING) -> Contract:
    return MeetingRescheduled(
        meeting_id=meeting_id,
        meeting=facts(starts_at=to),
        was_at=SATURDAY_EVENING,
        was_place="Hội trường UBND xã",
        reason="Trùng lịch tiếp xúc cử tri",
    )


def cancelled(*, meeting_id: str = MEETING) -> Contract:
    return MeetingCancelled(meeting_id=meeting_id, meeting=facts(), reason="Mưa lũ")
