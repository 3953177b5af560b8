"""Tell the invited of a meeting, of its move and of its end.

After a move, who was told of the old time is told of the new one; who was not gets the invitation with the new time.
After a cancellation, who was told is told; the others get nothing. Who was told is decided when the follow-up is
claimed, not here: by then the earlier notice is stopped, so that nothing of it can leave any more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from chassis.context import Context, context_of, local_day
from chassis.failures import Unready
from chassis.messaging.envelope import Incoming
from chassis.storage.changes import Changes
from chassis.storage.store import Store
from contracts.scheduling_events import MeetingCancelled, MeetingFacts, MeetingRescheduled, MeetingScheduled
from notifications.application.announce import Desk, announce, unit_of
from notifications.application.calendar_entry import calendar_entry
from notifications.application.read_models import UnitSeen
from notifications.domain import wording
from notifications.domain.notice import AUDIENCES, NOTICES, Audience, Notice, Texts


@dataclass(frozen=True)
class MeetingWords:
    """What the templates of meetings may say."""

    unit: str
    unit_short: str
    kind: str
    kind_short: str
    title: str
    place: str
    clock: str
    until: str
    day: str
    day_short: str
    online_url: str | None = None
    answer_by: str | None = None
    was_clock: str = ""
    was_day: str = ""
    was_day_short: str = ""
    was_place: str = ""
    reason: str = ""
    moved_in_time: bool = False
    moved_in_place: bool = False


@dataclass(frozen=True)
class _News:
    """One event about a meeting, with what is known around it."""

    meeting_id: str
    meeting: MeetingFacts
    incoming: Incoming
    unit: UnitSeen
    desk: Desk
    context: Context

    @classmethod
    def of(
        cls,
        event: MeetingScheduled | MeetingRescheduled | MeetingCancelled,
        incoming: Incoming,
        store: Store,
        desk: Desk,
    ) -> _News:
        unit = unit_of(store, event.meeting.unit_id)
        return cls(event.meeting_id, event.meeting, incoming, unit, desk, context_of(incoming, now=desk.clock()))

    def texts(self, template: str, words: MeetingWords) -> Texts:
        """The texts of a template with the meeting's calendar entry."""
        cancelled = template == "meeting_cancelled"
        entry = calendar_entry(
            self.meeting_id,
            sequence=self.incoming.sequence,
            summary=f"{words.kind[0].upper()}{words.kind[1:]}: {self.meeting.title}",
            place=self.meeting.place,
            starts_at=self.meeting.starts_at,
            ends_at=self.meeting.ends_at,
            organiser=words.unit,
            online_url=self.meeting.online_url,
            stamped=self.incoming.time,
            cancelled=cancelled,
        )
        return self.desk.composer.compose(template, words).model_copy(
            update={"calendar": entry, "calendar_method": "CANCEL" if cancelled else "REQUEST"}
        )

    def notice(
        self,
        template: str,
        texts: Texts,
        *,
        first: Texts | None = None,
        earlier: Sequence[Notice] = (),
        answerable: bool = True,
    ) -> Notice:
        return Notice(
            id=self.incoming.id,
            template=template,
            about=self.meeting_id,
            unit_id=self.unit.id,
            unit_path=self.unit.path,
            created=self.context.now,
            valid_until=self.meeting.starts_at,
            texts=texts,
            first=first,
            earlier=tuple(notice.id for notice in earlier),
            answerable=answerable,
            title=self.meeting.title,
            starts_at=self.meeting.starts_at,
            correlation_id=self.context.cause.correlation_id,
        )

    def announce(self, notice: Notice, people: Sequence[str], store: Store) -> Changes:
        """The notice on its way to the people."""
        return announce(notice, people, store, self.desk, self.context, happened=self.incoming.time)


def invite_to_meeting(event: MeetingScheduled, incoming: Incoming, store: Store, desk: Desk) -> Changes:
    """MeetingScheduled: an invitation to each invitee, with the meeting as a calendar entry in the e-mail."""
    news = _News.of(event, incoming, store, desk)
    texts = news.texts("meeting_scheduled", meeting_words(event.meeting, news.unit, answer_by=event.answer_by))
    people = list(dict.fromkeys(invitee.person_id for invitee in event.invitees))
    changes = news.announce(news.notice("meeting_scheduled", texts), people, store)
    return changes.insert(AUDIENCES, Audience(id=event.meeting_id, people=tuple(people)))


def tell_of_move(event: MeetingRescheduled, incoming: Incoming, store: Store, desk: Desk) -> Changes:
    """MeetingRescheduled: the move to those who were told, the invitation with the new time to the others."""
    news = _News.of(event, incoming, store, desk)
    audience, earlier = _told_before(event.meeting_id, store)
    words = meeting_words(event.meeting, news.unit, was_at=event.was_at, was_place=event.was_place, reason=event.reason)
    notice = news.notice(
        "meeting_rescheduled",
        news.texts("meeting_rescheduled", words),
        first=news.texts("meeting_scheduled", words),
        earlier=earlier,
    )
    return news.announce(notice, audience.people, store).extend(_stopped(earlier, "superseded"))


def tell_of_cancellation(event: MeetingCancelled, incoming: Incoming, store: Store, desk: Desk) -> Changes:
    """MeetingCancelled: the cancellation to those who were told; what is still queued is stopped."""
    news = _News.of(event, incoming, store, desk)
    audience, earlier = _told_before(event.meeting_id, store)
    texts = news.texts("meeting_cancelled", meeting_words(event.meeting, news.unit, reason=event.reason))
    notice = news.notice("meeting_cancelled", texts, earlier=earlier, answerable=False)
    return news.announce(notice, audience.people, store).extend(_stopped(earlier, "cancelled"))


def _told_before(meeting_id: str, store: Store) -> tuple[Audience, list[Notice]]:
    audience = store.get(AUDIENCES, meeting_id)
    if audience is None:
        raise Unready(f"audiences:{meeting_id}")
    return audience, store.find(NOTICES, {"about": meeting_id}, sort=(("created", 1), ("_id", 1)))


def _stopped(earlier: list[Notice], how: str) -> Changes:
    running = [notice for notice in earlier if notice.stopped != how]
    return Changes().replace(
        NOTICES, *(notice.model_copy(update={"stopped": how, "version": notice.version + 1}) for notice in running)
    )


def meeting_words(
    meeting: MeetingFacts,
    unit: UnitSeen,
    *,
    answer_by: datetime | None = None,
    was_at: datetime | None = None,
    was_place: str = "",
    reason: str = "",
) -> MeetingWords:
    """The meeting as people are told of it, in local time and Vietnamese."""
    name = unit.name_on(local_day(meeting.starts_at))
    return MeetingWords(
        unit=name.name,
        unit_short=name.short_name,
        kind=wording.MEETING_KINDS[meeting.kind.value],
        kind_short=wording.SHORT_MEETING_KINDS[meeting.kind.value],
        title=meeting.title,
        place=meeting.place,
        clock=wording.clock(meeting.starts_at),
        until=wording.clock(meeting.ends_at),
        day=wording.long_day(meeting.starts_at),
        day_short=wording.short_day(meeting.starts_at),
        online_url=meeting.online_url,
        answer_by=f"{wording.clock(answer_by)} {wording.long_day(answer_by)}" if answer_by else None,
        was_clock=wording.clock(was_at) if was_at else "",
        was_day=wording.long_day(was_at) if was_at else "",
        was_day_short=wording.short_day(was_at) if was_at else "",
        was_place=was_place,
        reason=reason,
        moved_in_time=was_at is not None and was_at != meeting.starts_at,
        moved_in_place=bool(was_place) and was_place != meeting.place,
    )
