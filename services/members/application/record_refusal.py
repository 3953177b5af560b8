"""Record that a person opted out of a channel, as notifications heard it (từ chối nhận tin)."""

from __future__ import annotations

from chassis.context import context_of
from chassis.messaging.envelope import Incoming
from chassis.storage.changes import Changes
from chassis.storage.store import Store
from contracts.notifications_events import OptedOut
from members.application.collections import PEOPLE
from members.application.states import tell_person
from members.domain.person import Channel
from members.domain.spans import revised


def record_refusal(event: OptedOut, incoming: Incoming, store: Store) -> Changes:
    """The refusal kept and told on. Nothing for a person erased meanwhile, a channel unknown here, or one refused."""
    person = store.get(PEOPLE, event.person_id)
    known = {channel.value: channel for channel in Channel}
    channel = known.get(event.channel)
    if person is None or channel is None or channel in person.refused:
        return Changes()
    refusing = revised(person, refused=(*person.refused, channel))
    return tell_person(Changes().replace(PEOPLE, refusing), context_of(incoming), refusing)
