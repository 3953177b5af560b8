"""What a message will look like and cost, before it is sent."""

from __future__ import annotations

from dataclasses import dataclass

from chassis.context import Context
from chassis.failures import missing
from chassis.permissions import Principal, Target, require
from chassis.storage.store import Store
from contracts.scheduling_events import MeetingFacts
from notifications.application.announce import Policy
from notifications.application.announce_meeting import meeting_words
from notifications.application.ports import Composer
from notifications.application.read_models import UNITS, UnitSeen
from notifications.domain.notice import Personal
from notifications.domain.sms_text import Size, as_sent, size_of

SAMPLE = Personal("Nguyễn Thị Hồng Nhung", "đồng chí")
"""A longer name than most, so that the preview rather tells one part too many than one too few."""


@dataclass(frozen=True, slots=True)
class Written:
    """A text as it would leave, and its price per recipient in đồng."""

    text: str
    size: Size
    price_vnd: int


@dataclass(frozen=True, slots=True)
class Preview:
    plain: Written
    accented: Written


def preview_text(text: str, policy: Policy) -> Preview:
    """A free text, without and with accents."""
    return Preview(_written(text, policy, diacritics=False), _written(text, policy, diacritics=True))


def preview_invitation(
    meeting: MeetingFacts, store: Store, context: Context, composer: Composer, policy: Policy
) -> Preview:
    """The invitation to a meeting that is not convened yet, to a person with a long name. Raises Refusal 404."""
    unit = unit_in_reach(store, context, meeting.unit_id, "templates.read")
    texts = composer.compose("meeting_scheduled", meeting_words(meeting, unit))
    return preview_text(SAMPLE.fill(texts.sms), policy)


def unit_in_reach(store: Store, context: Context, unit_id: str, verb: str) -> UnitSeen:
    """The unit, if the caller may apply `verb` to it. Raises Refusal 404."""
    unit = store.get(UNITS, unit_id)
    if unit is None:
        raise missing("đơn vị", "unit")
    actor = context.actor or Principal("")
    require(actor, verb, Target(unit.path), context.today, seen_with=verb, what=("đơn vị", "unit"))
    return unit


def _written(text: str, policy: Policy, *, diacritics: bool) -> Written:
    sent = as_sent(text, diacritics=diacritics)
    size = size_of(sent)
    return Written(sent, size, size.parts * policy.price_per_part)
