"""Refusals that came by reply or by link: they hold here at once, until members' state says the same."""

from __future__ import annotations

from datetime import datetime

from chassis.context import Context
from chassis.messaging.outbox import publish
from chassis.storage.changes import Changes
from chassis.storage.documents import Document, Kind
from chassis.storage.store import Store
from contracts.notifications_events import OptedOut
from notifications.application.read_models import CONTACTS
from notifications.domain.delivery import Channel


class Refusal(Document):
    """A person refused a channel at `since`; its id is :func:`refusal_id`."""

    person_id: str
    channel: Channel
    since: datetime


REFUSALS: Kind[Refusal] = Kind("refusals", Refusal)


def refusal_id(channel: Channel, person_id: str) -> str:
    return f"{channel.value}:{person_id}"


def refuse(changes: Changes, person_id: str, channel: Channel, context: Context) -> Changes:
    """Keep the refusal and tell members, whose record it is."""
    id = refusal_id(channel, person_id)
    changes.insert_absent(REFUSALS, Refusal(id=id, person_id=person_id, channel=channel, since=context.now))
    event = OptedOut(person_id=person_id, channel=channel.value, at=context.now)
    return publish(changes, context.message(event, key=person_id, sequence=int(context.now.timestamp() * 1000)))


def forget_settled_refusals(store: Store, *, limit: int = 500) -> Changes:
    """Drop those refusals that members' state now carries: from then on its word counts, also a change of mind."""
    held = store.find(REFUSALS, {}, limit=limit)
    contacts = store.get_many(CONTACTS, [refusal.person_id for refusal in held])
    settled = [
        refusal
        for refusal in held
        if (contact := contacts.get(refusal.person_id)) is not None and refusal.channel.value in contact.refused
    ]
    return Changes().erase(REFUSALS, *settled)
