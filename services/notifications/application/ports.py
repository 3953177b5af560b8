"""What the use cases need from outside."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from chassis.messaging.envelope import Message
from notifications.domain.delivery import Channel, Delivery, State
from notifications.domain.notice import Notice, Personal, Texts
from notifications.domain.sending import Answer, Standing


class Composer(Protocol):
    """Turns a template and the words of one event into the texts of all channels, the personal places left open."""

    def compose(self, template: str, words: Any) -> Texts:
        """`words` is a dataclass whose fields the template names. Raises LookupError for an unknown template."""

    def templates(self) -> Sequence[str]:
        """The names of all templates."""


@dataclass(frozen=True, slots=True)
class Result:
    """What a claimed delivery becomes. Written only if it is still held under `claim`."""

    id: str
    claim: str
    state: State
    reason: str | None = None
    due: datetime | None = None
    attempts: int = 0
    in_doubt: bool | None = None
    gateway_id: str | None = None
    parts: int | None = None
    price_vnd: int | None = None
    sent_at: datetime | None = None
    done_at: datetime | None = None


class DeliveryQueue(Protocol):
    """The deliveries as work. Twins: adapters.mongo_queue, adapters.memory_queue.

    Every method raises Unavailable when the database does not answer. Time is the database's.
    """

    def now(self) -> datetime:
        """The database's clock, UTC."""

    def claim(self, channel: Channel, *, limit: int, lease_seconds: float) -> list[Delivery]:
        """Take up to `limit` due deliveries for `lease_seconds`; nobody else gets them until then.

        Each comes back with its attempt counted, durably, and as SENDING; as ASKING where an earlier attempt left open
        what became of it. Its `claim` is the key for :meth:`record`.
        """

    def renew(self, held: Collection[Delivery], *, lease_seconds: float) -> None:
        """Hold on to these for another `lease_seconds`; those that are held no more stay lost."""

    def record(self, results: Sequence[Result], messages: Sequence[Message]) -> int:
        """Write what became of them, with the messages to publish, all or nothing; how many were still held.

        With messages it is one transaction, and a message is left out when its delivery (its key) was held no more.
        """

    def stop_queued(self, notice_ids: Collection[str], *, about: str, reason: str) -> int:
        """Stop everything that is still queued of these notices; how many that were."""

    def states(self, ids: Iterable[str]) -> dict[str, State]:
        """What those that exist mean for the person: as `as_told` says."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A delivery with all that is needed to send it."""

    delivery: Delivery
    notice: Notice
    texts: Texts
    address: str
    personal: Personal


class Carrier(Protocol):
    """A gateway or mail server. Safe for threads. Never raises for what the other side does or does not do."""

    def send(self, outgoing: Outgoing) -> Answer:
        """Hand it over, under the delivery's id as idempotency key."""

    def ask(self, delivery: Delivery) -> Standing:
        """What became of an earlier attempt. A channel that can't be asked says NeverSeen, and it is sent again."""
