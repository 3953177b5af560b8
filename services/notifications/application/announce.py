"""One event becomes one notice and a delivery per person and channel."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from chassis.context import Context, utc_now
from chassis.failures import Unready
from chassis.messaging.outbox import publish
from chassis.storage.changes import Changes
from chassis.storage.store import Store
from notifications.application.ports import Composer
from notifications.application.read_models import CONTACTS, UNITS, ContactSeen, UnitSeen
from notifications.application.refusals import REFUSALS, refusal_id
from notifications.application.tell_results import tell_results
from notifications.domain.delivery import DELIVERIES, WILL_NOT_ARRIVE, Channel, Delivery, State, delivery_id
from notifications.domain.notice import NOTICES, Notice
from notifications.domain.quiet_hours import QuietHours
from notifications.domain.reply import invitation_code, told_apart

_OPEN_PER_PERSON = 3


@dataclass(frozen=True)
class Policy:
    """What an installation decides.

    valid_for       how long a message that is not about a meeting may wait
    contact_wait    how long an unknown person's contact is waited for before the message is given up
    tell_within     of what happened longer ago nobody is told any more; shorter than the gateway's memory of keys
    price_per_part  đồng
    """

    quiet: QuietHours = field(default_factory=lambda: QuietHours.parse(""))
    valid_for: timedelta = timedelta(hours=48)
    contact_wait: timedelta = timedelta(minutes=10)
    tell_within: timedelta = timedelta(hours=23)
    price_per_part: int = 850
    diacritics: bool = False


@dataclass(frozen=True)
class Desk:
    """What every announcement needs beside its event."""

    composer: Composer
    policy: Policy
    clock: Callable[[], datetime] = utc_now


def unit_of(store: Store, unit_id: str) -> UnitSeen:
    """The unit, or Unready until members has told of it: without it nobody knows who may read the messages."""
    unit = store.get(UNITS, unit_id)
    if unit is None:
        raise Unready(f"units:{unit_id}")
    return unit


def announce(
    notice: Notice,
    people: Sequence[str],
    store: Store,
    desk: Desk,
    context: Context,
    *,
    happened: datetime | None = None,
) -> Changes:
    """The notice with its deliveries, and MessagesFailed for whom there is no way to reach.

    Each person gets an SMS delivery, which is `skipped` with its reason where it can't be sent, and an e-mail beside
    it where he has an address. Of a person whom members has not told of yet both are queued and wait.

    What `happened` (None: now) before the policy's `tell_within` is recorded and not sent. When the topics are read
    again into an empty database, people were told by the former one, and no gateway knows the key any more. Whether
    it was so, nobody can say: the deliveries stay in doubt, so that a move or cancellation that comes now is told.
    """
    people = list(dict.fromkeys(people))
    contacts = store.get_many(CONTACTS, people)
    refused = store.get_many(REFUSALS, [refusal_id(channel, person) for person in people for channel in Channel])
    codes = _codes(notice, contacts, store, context.now) if notice.answerable else {}
    rows = list(_rows(notice, people, contacts, refused=refused, codes=codes, policy=desk.policy, now=context.now))
    if happened is not None and context.now - happened > desk.policy.tell_within:
        rows = [_untold(row, context.now) for row in rows]
    changes = Changes().insert(NOTICES, notice).insert(DELIVERIES, *rows)
    hopeless = [row for row in rows if row.state in WILL_NOT_ARRIVE and not row.in_doubt]
    return publish(changes, *tell_results(hopeless, lambda _: context.cause, new_id=context.new_id))


def _untold(row: Delivery, now: datetime) -> Delivery:
    """The delivery as one that is not sent for its age; one that has another obstacle keeps that."""
    if row.state is not State.QUEUED:
        return row
    changed = {"state": State.SKIPPED, "reason": "too_old", "due": None, "done_at": now, "in_doubt": True}
    return row.model_copy(update=changed)


def _rows(
    notice: Notice,
    people: Sequence[str],
    contacts: Mapping[str, ContactSeen],
    *,
    refused: Collection[str],
    codes: Mapping[str, str],
    policy: Policy,
    now: datetime,
) -> Iterator[Delivery]:
    # A follow-up is looked at at once, in quiet hours too: to stop what it overtakes. It is sent when they end.
    due = now if notice.earlier else policy.quiet.next_allowed(now, notice.message_class)
    for person in people:
        contact = contacts.get(person)
        branches = contact.unit_ids if contact is not None else ()
        path = (*notice.unit_path, *(unit for unit in branches if unit not in notice.unit_path))
        units = (notice.unit_id, *(unit for unit in branches if unit != notice.unit_id))
        for channel in Channel:
            address = contact.address(channel) if contact is not None else ""
            if address is None and channel is Channel.EMAIL:
                continue
            reason = _obstacle(contact, channel, address, refusal_id(channel, person) in refused)
            if notice.even_if_refused and reason == "refused":
                reason = None
            yield Delivery(
                id=delivery_id(notice.id, person, channel),
                notice_id=notice.id,
                about=notice.about,
                person_id=person,
                channel=channel,
                state=State.SKIPPED if reason else State.QUEUED,
                reason=reason,
                due=None if reason else due,
                created=now,
                done_at=now if reason else None,
                answer_until=notice.valid_until if notice.answerable and channel is Channel.SMS else None,
                unit_path=path,
                unit_ids=units,
                code=codes.get(person, ""),
            )


def _obstacle(contact: ContactSeen | None, channel: Channel, address: str | None, refused: bool) -> str | None:
    if contact is None:
        return None
    if address is None:
        return "no_mobile"
    return "refused" if refused or channel.value in contact.refused else None


def _codes(notice: Notice, contacts: Mapping[str, ContactSeen], store: Store, now: datetime) -> Mapping[str, str]:
    """The codes of those whose bare `1` would be ambiguous: several people of this audience on one phone, or another
    open invitation."""
    elsewhere, unread = _open_elsewhere(notice, contacts, store, now)
    on_phone: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for about, person in [*((notice.about, person) for person in contacts), *elsewhere]:
        if (phone := contacts[person].sms) is not None:
            on_phone[phone].add((about, person))
    codes = {}
    for person, contact in contacts.items():
        if contact.sms is not None and (len(on_phone[contact.sms]) > 1 or person in unread):
            others = on_phone[contact.sms] - {(notice.about, person)}
            codes[person] = told_apart(
                invitation_code(notice.about, person), [invitation_code(*other) for other in others]
            )
    return codes


def _open_elsewhere(
    notice: Notice, people: Collection[str], store: Store, now: datetime
) -> tuple[set[tuple[str, str]], Set[str]]:
    """Their other open invitations, as meeting and person, and those whose were not read. A few rows per person are
    looked at, not all that may have piled up: of those beyond it is assumed that they have some, since a code too many
    only makes a text longer."""
    # Not asked by what they are about: that would lead the database to the index of `about`, and to sorting.
    still_open = {"person_id": {"$in": list(people)}, "answer_until": {"$gt": now}}
    most = 100 + _OPEN_PER_PERSON * len(people)
    rows = store.find(DELIVERIES, still_open, sort=(("person_id", 1), ("answer_until", 1)), limit=most)
    found = {(row.about, row.person_id) for row in rows if row.about != notice.about}
    return found, frozenset() if len(rows) < most else {person for person in people if person > rows[-1].person_id}
