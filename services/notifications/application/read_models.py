"""What this service keeps of other services' states, and how a state becomes a document."""

from __future__ import annotations

from datetime import date, datetime
from functools import lru_cache
from typing import Any

from pydantic import BaseModel, ConfigDict

from chassis.storage.documents import Document, Index, Kind
from contracts.members_states import AccountState, ContactChannel, ContactState, SigningKeyState, UnitState
from contracts.scheduling_states import ConcernAnswerState
from notifications.domain.delivery import Channel
from notifications.domain.sms_text import without_accents


class ContactSeen(Document):
    """How to reach a person. Personal data: read when a message is sent, never copied into a delivery.

    `plain_name`, `plain_greeting`: without accents, folded once here because every SMS needs them.
    """

    full_name: str
    plain_name: str
    greeting: str
    plain_greeting: str = ""
    sms: str | None = None
    email: str | None = None
    refused: tuple[str, ...] = ()
    unit_ids: tuple[str, ...] = ()

    def address(self, channel: Channel) -> str | None:
        return self.sms if channel is Channel.SMS else self.email


CONTACTS: Kind[ContactSeen] = Kind("contacts_seen", ContactSeen, (Index((("sms", 1), ("_id", 1))),))


_plain_greeting = lru_cache(maxsize=64)(without_accents)
"""There are two or three greetings in all; folding one takes as long as folding a name."""


_SMS, _EMAIL = ContactChannel.SMS, ContactChannel.EMAIL


def as_contact(state: ContactState) -> ContactSeen:
    return ContactSeen(
        id=state.person_id,
        version=state.version,
        full_name=state.full_name,
        plain_name=without_accents(state.full_name),
        greeting=state.greeting,
        plain_greeting=_plain_greeting(state.greeting),
        sms=_first_address(state, _SMS),
        email=_first_address(state, _EMAIL),
        refused=tuple(map(str, state.refused)),
        unit_ids=state.unit_ids,
    )


def _first_address(state: ContactState, channel: ContactChannel) -> str | None:
    for point in state.points:
        if point.channel is channel:
            return point.address
    return None


class UnitName(BaseModel):
    """What a unit was called on the days of `[starts, ends)`."""

    model_config = ConfigDict(frozen=True)

    name: str
    short_name: str
    starts: date
    ends: date | None = None


class UnitSeen(Document):
    path: tuple[str, ...]
    names: tuple[UnitName, ...]

    def name_on(self, day: date) -> UnitName:
        """The name of that day; before the first or after the last, the nearest."""
        for name in self.names:
            if name.starts <= day and (name.ends is None or day < name.ends):
                return name
        return self.names[0] if day < self.names[0].starts else self.names[-1]


UNITS: Kind[UnitSeen] = Kind("units_seen", UnitSeen)


def as_unit(state: UnitState) -> UnitSeen:
    return UnitSeen(
        id=state.unit_id,
        version=state.version,
        path=tuple(state.path),
        names=tuple(
            UnitName(name=facts.name, short_name=facts.short_name, starts=facts.starts, ends=facts.ends)
            for facts in sorted(state.facts, key=lambda facts: facts.starts)
        ),
    )


class ConcernAnswerSeen(Document):
    subject: str
    answer: str


CONCERN_ANSWERS: Kind[ConcernAnswerSeen] = Kind("concern_answers_seen", ConcernAnswerSeen)


def as_concern_answer(state: ConcernAnswerState) -> ConcernAnswerSeen:
    return ConcernAnswerSeen(id=state.concern_id, version=state.version, subject=state.subject, answer=state.answer)


class AccountSeen(Document):
    """From when on an account's tokens count."""

    tokens_valid_from: datetime
    disabled: bool = False


ACCOUNTS: Kind[AccountSeen] = Kind("accounts_seen", AccountSeen)


def as_account(state: AccountState) -> AccountSeen:
    return AccountSeen(
        id=state.account_id,
        version=state.version,
        tokens_valid_from=state.tokens_valid_from,
        disabled=state.disabled,
    )


class SigningKeySeen(Document):
    """A public key that verifies tokens."""

    jwk: dict[str, Any]
    not_before: datetime
    expires: datetime


SIGNING_KEYS: Kind[SigningKeySeen] = Kind("signing_keys_seen", SigningKeySeen)


def as_signing_key(state: SigningKeyState) -> SigningKeySeen:
    return SigningKeySeen(
        id=state.key_id, version=state.version, jwk=state.jwk, not_before=state.not_before, expires=state.expires
    )


READ_MODELS: tuple[Kind[Any], ...] = (CONTACTS, UNITS, CONCERN_ANSWERS, ACCOUNTS, SIGNING_KEYS)
