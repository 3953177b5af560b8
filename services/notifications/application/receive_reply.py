"""What a person typed on his phone becomes an answer, a refusal, a question back, or a line for an officer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b

from chassis.context import Context
from chassis.messaging.outbox import publish
from chassis.outcome import Outcome
from chassis.storage.changes import Changes
from chassis.storage.documents import Document, Index, Kind
from chassis.storage.store import Store
from contracts.notifications_events import ReplyMeaning, ReplyReceived
from notifications.application.announce import Desk, announce
from notifications.application.read_models import CONTACTS, UNITS, ContactSeen
from notifications.application.refusals import REFUSALS, refusal_id, refuse
from notifications.domain import wording
from notifications.domain.delivery import DELIVERIES, TOLD, Channel, Delivery
from notifications.domain.message_class import MessageClass
from notifications.domain.notice import NOTICES, Notice, Texts
from notifications.domain.phone import e164
from notifications.domain.reply import Meaning, Understood, invitation_code, told_apart, understand

QUESTIONS_A_DAY = 2
"""How often a phone is asked which meeting it meant, so that two machines do not talk to each other for ever."""
CHOICES_SHOWN = 4
LONGEST_TEXT = 480
"""Characters of a reply that are kept: three SMS parts."""


class ReplyRow(Document):
    """A reply as it came; its id is made from the gateway's SmsId, so that one that comes twice is one.

    text         kept for 90 days: people write personal things
    became       `answer`, `opt_out`, `asked_which`, `unclear`, `unknown_phone`, `nothing_open`
    person_ids   whose phone it is; several where a family shares it
    """

    text: str
    became: str
    received_at: datetime
    person_ids: tuple[str, ...] = ()
    person_id: str | None = None
    meeting_id: str | None = None
    meaning: str | None = None
    unit_path: tuple[str, ...] = ()
    unit_ids: tuple[str, ...] = ()


REPLIES_ARE_KEPT_FOR = 90 * 24 * 3600

REPLIES: Kind[ReplyRow] = Kind(
    "replies",
    ReplyRow,
    (
        # A list shows what is within reach by any of three: each gives its part in the order of the list.
        Index((("unit_path", 1), ("received_at", -1), ("_id", -1))),
        Index((("unit_ids", 1), ("received_at", -1), ("_id", -1))),
        Index((("person_ids", 1), ("received_at", -1), ("_id", -1))),
        Index((("person_id", 1), ("meeting_id", 1))),
        Index((("received_at", 1),), expires_after=REPLIES_ARE_KEPT_FOR),
    ),
)


@dataclass(frozen=True)
class Reply:
    """As the gateway hands it over. `sms_id`: the gateway's own name for it."""

    sms_id: str
    phone: str
    text: str


@dataclass(frozen=True)
class WhichWords:
    """What the question back may say."""

    choices: str
    unit: str = "Nhịp Đoàn"


@dataclass(frozen=True)
class OptOutWords:
    """The confirmation of a refusal has no words of its own."""

    unit: str = "Nhịp Đoàn"


@dataclass(frozen=True)
class _Open:
    """An invitation that a reply may mean."""

    row: Delivery
    notice: Notice
    answered: bool

    @property
    def code(self) -> str:
        return invitation_code(self.row.about, self.row.person_id)


def reply_id(sms_id: str) -> str:
    return blake2b(f"esms\n{sms_id}".encode(), digest_size=16).hexdigest()


def receive_reply(reply: Reply, store: Store, desk: Desk, context: Context) -> Outcome[str]:
    """Decide what a reply means; the result is the word that `ReplyRow.became` keeps. Idempotent by `sms_id`.

    An answer goes to scheduling as ReplyReceived. `TC` refuses SMS for everybody on this phone, at once, and is
    confirmed once. A bare digit with several open invitations is answered with the codes to choose from.
    """
    known = store.get(REPLIES, reply_id(reply.sms_id))
    if known is not None:
        return Outcome(known.became)
    phone = e164(reply.phone)
    people = store.find(CONTACTS, {"sms": phone}) if phone is not None else []
    row = ReplyRow(
        id=reply_id(reply.sms_id),
        text=reply.text[:LONGEST_TEXT],
        became="unknown_phone",
        received_at=context.now,
        person_ids=tuple(person.id for person in people),
        unit_ids=tuple(dict.fromkeys(unit for person in people for unit in person.unit_ids)),
    )
    if not people:
        return _kept(row, "unknown_phone")
    open_ones = _open_invitations(people, store, context.now)
    row = row.model_copy(update={"unit_path": _who_may_read(row, open_ones, people, store)})
    understood = understand(reply.text)
    if understood.meaning is Meaning.OPT_OUT:
        return _opt_out(row, people, store, desk, context)
    if understood.meaning is Meaning.UNCLEAR or not open_ones:
        return _kept(row, "unclear" if understood.meaning is Meaning.UNCLEAR else "nothing_open")
    meant = _may_be_meant(understood, open_ones)
    if len(meant) != 1:
        return _ask_which(row, open_ones, store, desk, context, among=meant or open_ones)
    return _answer(row, meant[0], ReplyMeaning(understood.meaning.value), context)


def _answer(row: ReplyRow, chosen: _Open, meaning: ReplyMeaning, context: Context) -> Outcome[str]:
    row = row.model_copy(
        update={
            "became": "answer",
            "person_id": chosen.row.person_id,
            "meeting_id": chosen.row.about,
            "meaning": meaning.value,
        }
    )
    event = ReplyReceived(
        reply_id=row.id,
        meeting_id=chosen.row.about,
        person_id=chosen.row.person_id,
        meaning=meaning,
        received_at=context.now,
    )
    changes = Changes().insert(REPLIES, row)
    return Outcome(row.became, publish(changes, context.message(event, key=row.id, sequence=1)))


def _may_be_meant(understood: Understood, open_ones: Sequence[_Open]) -> Sequence[_Open]:
    """By the code; without one it is the only unanswered one, or any."""
    if understood.code is not None:
        return [one for one in open_ones if one.code.startswith(understood.code)]
    unanswered = [one for one in open_ones if not one.answered]
    return unanswered if len(unanswered) == 1 else open_ones


def _open_invitations(people: Sequence[ContactSeen], store: Store, now: datetime) -> list[_Open]:
    """One per person and meeting, the last sent first: told, not begun, not cancelled."""
    ids = [person.id for person in people]
    still_open = {"person_id": {"$in": ids}, "answer_until": {"$gt": now}}
    rows = store.find(DELIVERIES, still_open, sort=(("person_id", 1), ("answer_until", 1)))
    rows.sort(key=lambda row: row.created, reverse=True)
    told = [row for row in rows if row.state in TOLD and row.channel is Channel.SMS]
    notices = store.get_many(NOTICES, {row.notice_id for row in told})
    of_them = {"person_id": {"$in": ids}, "meeting_id": {"$in": [row.about for row in told]}}
    answered = {
        (reply.person_id, reply.meeting_id)
        for reply in store.find(REPLIES, of_them, sort=(("person_id", 1), ("meeting_id", 1)))
    }
    found: dict[tuple[str, str], _Open] = {}
    for row in told:
        notice = notices[row.notice_id]
        if notice.stopped != "cancelled":
            key = (row.person_id, row.about)
            found.setdefault(key, _Open(row, notice, key in answered))
    return list(found.values())


def _opt_out(row: ReplyRow, people: Sequence[ContactSeen], store: Store, desk: Desk, context: Context) -> Outcome[str]:
    changes = Changes().insert(REPLIES, row.model_copy(update={"became": "opt_out"}))
    known = store.get_many(REFUSALS, [refusal_id(Channel.SMS, person.id) for person in people])
    before = [p for p in people if Channel.SMS.value in p.refused or refusal_id(Channel.SMS, p.id) in known]
    for person in people:
        if person not in before:
            refuse(changes, person.id, Channel.SMS, context)
    if len(before) == len(people):
        return Outcome("opt_out", changes)  # refused and confirmed before
    words = OptOutWords()
    notice = _answer_notice(row, people[0], desk.composer.compose("opt_out_confirmed", words), desk, context)
    notice = notice.model_copy(update={"template": "opt_out_confirmed", "even_if_refused": True})
    return Outcome("opt_out", changes.extend(_by_sms_only(announce(notice, [people[0].id], store, desk, context))))


def _ask_which(
    row: ReplyRow, open_ones: Sequence[_Open], store: Store, desk: Desk, context: Context, *, among: Sequence[_Open]
) -> Outcome[str]:
    person_id = open_ones[0].row.person_id
    asked = store.find(
        NOTICES,
        {
            "about": person_id,
            "created": {"$gt": context.now - timedelta(days=1)},
            "template": "which_meeting",
        },
        sort=(("created", 1), ("_id", 1)),
        limit=QUESTIONS_A_DAY,
    )
    if len(asked) >= QUESTIONS_A_DAY:
        return _kept(row, "unclear")
    soonest = sorted(among, key=lambda one: one.notice.valid_until)[:CHOICES_SHOWN]
    choices = "; ".join(_choice(one, open_ones) for one in soonest)
    contact = store.get(CONTACTS, person_id)
    assert contact is not None, "the person was found by his phone"
    texts = desk.composer.compose("which_meeting", WhichWords(choices))
    notice = _answer_notice(row, contact, texts, desk, context)
    changes = _by_sms_only(announce(notice, [person_id], store, desk, context))
    return Outcome("asked_which", changes.insert(REPLIES, row.model_copy(update={"became": "asked_which"})))


def _choice(one: _Open, open_ones: Sequence[_Open]) -> str:
    code = told_apart(one.code, [other.code for other in open_ones if other is not one])
    day = wording.short_day(one.notice.starts_at) if one.notice.starts_at is not None else ""
    return f"1 {code} = dự {wording.shortened(one.notice.title, 40)} {day}".rstrip()


def _answer_notice(row: ReplyRow, person: ContactSeen, texts: Texts, desk: Desk, context: Context) -> Notice:
    """A message that answers a person: he has just written, so it is sent at once, by the rule for one-time codes."""
    return Notice(
        id=row.id,
        template="which_meeting",
        about=person.id,
        unit_id=row.unit_ids[0] if row.unit_ids else "",
        unit_path=row.unit_path,
        message_class=MessageClass.ONE_TIME_CODE,
        created=context.now,
        valid_until=context.now + desk.policy.valid_for,
        texts=texts,
        correlation_id=context.cause.correlation_id,
    )


def _by_sms_only(changes: Changes) -> Changes:
    """Who writes by SMS is answered by SMS."""
    kept = [
        change
        for change in changes.changes
        if not (isinstance(change.document, Delivery) and change.document.channel is not Channel.SMS)
    ]
    return Changes(kept)


def _kept(row: ReplyRow, became: str) -> Outcome[str]:
    return Outcome(became, Changes().insert(REPLIES, row.model_copy(update={"became": became})))


def _who_may_read(
    row: ReplyRow, open_ones: Sequence[_Open], people: Sequence[ContactSeen], store: Store
) -> tuple[str, ...]:
    """The paths of the branches of those on this phone, and of the units whose invitations they have."""
    units = store.get_many(UNITS, [unit for person in people for unit in person.unit_ids])
    ids = [id for unit in units.values() for id in unit.path]
    ids += [id for one in open_ones for id in one.row.unit_path]
    return tuple(dict.fromkeys([*ids, *row.unit_ids]))
