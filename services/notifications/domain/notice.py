"""What one event has to say, composed once for everybody: the texts with places left open for the person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from chassis.storage.documents import Document, Index, Kind
from notifications.domain.message_class import MessageClass

NAME, GREETING, CODE, UNSUBSCRIBE = "\ue001", "\ue002", "\ue003", "\ue004"
"""Private-use signs that stand in composed texts where the person's name, form of address, reply code and link to
refuse further e-mails go."""


class Texts(BaseModel):
    """One event's message on each channel. `sms` is as it will be sent (folded, or NFC); `calendar` is iCalendar."""

    model_config = ConfigDict(frozen=True)

    sms: str
    subject: str
    text: str
    html: str
    calendar: str | None = None
    calendar_method: Literal["REQUEST", "CANCEL"] | None = None


class Notice(Document):
    """Its id is the event's.

    first         said instead of `texts` to those who have not been told anything about it yet; None: they get nothing
    earlier       the notices about the same thing that this one overtakes, oldest first
    stopped       `superseded` or `cancelled`: what is still queued of it must not be sent
    valid_until   not sent later than this instant
    answerable    a reply by SMS until `valid_until` answers it
    even_if_refused  the one confirmation of a refusal
    """

    template: str
    about: str
    unit_id: str
    unit_path: tuple[str, ...]
    message_class: MessageClass = MessageClass.DIRECTING
    created: datetime
    valid_until: datetime
    texts: Texts
    first: Texts | None = None
    earlier: tuple[str, ...] = ()
    stopped: str | None = None
    answerable: bool = False
    title: str = ""
    starts_at: datetime | None = None
    even_if_refused: bool = False
    correlation_id: str = ""


NOTICES: Kind[Notice] = Kind(
    "notices",
    Notice,
    (Index((("about", 1), ("created", 1), ("_id", 1))), Index((("unit_path", 1), ("created", 1), ("_id", 1)))),
)


class Audience(Document):
    """Who was invited to a meeting; its id is the meeting's. The invitation froze them: later events carry no list."""

    people: tuple[str, ...]


AUDIENCES: Kind[Audience] = Kind("audiences", Audience)


@dataclass(frozen=True, slots=True)
class Personal:
    """The personal part of a message."""

    name: str
    greeting: str
    code: str = ""

    def fill(self, text: str) -> str:
        """`text` with the person in it."""
        code = f" {self.code}" if self.code else ""
        return text.replace(NAME, self.name).replace(GREETING, self.greeting).replace(CODE, code)
