"""Questions about deliveries: who got it, who did not, and why; what it cost."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from chassis.failures import missing
from chassis.permissions import Reach
from chassis.storage.documents import Filter
from chassis.storage.store import Store
from notifications.application.announce import Policy
from notifications.application.read_models import CONTACTS, ContactSeen
from notifications.domain.delivery import DELIVERIES, Channel, Delivery, State
from notifications.domain.notice import NOTICES, Notice, Personal
from notifications.domain.sms_text import Size, size_of


@dataclass(frozen=True, slots=True)
class Count:
    """How many deliveries are in a state for a reason on a channel, with their parts and price in đồng."""

    channel: Channel
    state: State
    reason: str | None
    deliveries: int
    parts: int
    price_vnd: int


class Counter(Protocol):
    """Counts deliveries where they lie. Twins in adapters.delivery_counts."""

    def count(self, where: Filter) -> list[Count]:
        """One row per channel, state and reason. Raises Unavailable."""


def readable(reach: Reach, about: str | None = None) -> Filter:
    """The deliveries within reach: by the convening unit, by the person's branch, or one's own."""
    within = reach.as_filter(path="unit_path", unit="unit_ids", person="person_id")
    return within if about is None else {"$and": [{"about": about}, within]}


@dataclass(frozen=True, slots=True)
class Shown:
    """One message with what it says to this person."""

    row: Delivery
    person: ContactSeen | None
    notice: Notice
    text: str
    size: Size | None


def message_in_reach(store: Store, reach: Reach, id: str, policy: Policy) -> Shown:
    """One message, composed as it is, or was, sent. Raises Refusal 404."""
    found = store.find(DELIVERIES, {"$and": [{"_id": id}, readable(reach)]}, limit=1)
    if not found:
        raise missing("tin nhắn", "message")
    row = found[0]
    notice = store.get(NOTICES, row.notice_id)
    assert notice is not None, "a delivery is stored with its notice"
    person = store.get(CONTACTS, row.person_id)
    texts = notice.texts
    written = texts.sms if row.channel is Channel.SMS else texts.text
    plain = row.channel is Channel.SMS and not policy.diacritics
    name, greeting = ("…", "") if person is None else (person.full_name, person.greeting)
    if person is not None and plain:
        name, greeting = person.plain_name, person.plain_greeting
    text = Personal(name, greeting, row.code).fill(written)
    return Shown(row, person, notice, text, size_of(text) if row.channel is Channel.SMS else None)


def names_of(store: Store, rows: Iterable[Delivery]) -> dict[str, str]:
    """The names of the people of these deliveries; who is not known has none."""
    contacts = store.get_many(CONTACTS, {row.person_id for row in rows})
    return {id: contact.full_name for id, contact in contacts.items()}


def things_told(store: Store, unit_id: str, since: datetime, until: datetime) -> Collection[str]:
    """What messages of a unit and those below were about, `[since, until)`."""
    of_the_time = {"unit_path": unit_id, "created": {"$gte": since, "$lt": until}}
    notices = store.find(NOTICES, of_the_time, sort=(("created", 1), ("_id", 1)))
    return {notice.about for notice in notices}
