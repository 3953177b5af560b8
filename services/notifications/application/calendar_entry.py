"""A meeting as an iCalendar object (RFC 5545, scheduled as RFC 5546 says)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from icalendar import Alarm, Calendar, Event, Timezone, TimezoneStandard, vCalAddress, vText

from notifications.domain.quiet_hours import ZONE

ORGANISER_PLACE = "organiser@place.invalid"
ATTENDEE_PLACE = "attendee@place.invalid"
"""Stand where the mailer puts the sender's and the recipient's addresses."""


def calendar_entry(
    meeting_id: str,
    *,
    sequence: int,
    summary: str,
    place: str,
    starts_at: datetime,
    ends_at: datetime,
    organiser: str,
    online_url: str | None,
    stamped: datetime,
    cancelled: bool,
) -> str:
    """The calendar file's text. The UID is the meeting's for good; a higher SEQUENCE replaces what was sent before."""
    calendar = Calendar()
    calendar.add("prodid", "-//Nhip Doan//nhipdoan//VI")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", "CANCEL" if cancelled else "REQUEST")
    calendar.add_component(_zone())
    event = Event()
    event.add("uid", f"{meeting_id}@nhipdoan.vn")
    event.add("sequence", sequence)
    event.add("dtstamp", stamped.astimezone(UTC))
    event.add("dtstart", starts_at.astimezone(ZONE))
    event.add("dtend", ends_at.astimezone(ZONE))
    event.add("summary", summary)
    event.add("location", place)
    event.add("status", "CANCELLED" if cancelled else "CONFIRMED")
    if online_url:
        event.add("url", online_url)
    by = vCalAddress(f"mailto:{ORGANISER_PLACE}")
    by.params["cn"] = vText(organiser)
    event.add("organizer", by)
    attendee = vCalAddress(f"mailto:{ATTENDEE_PLACE}")
    attendee.params["role"] = vText("REQ-PARTICIPANT")
    attendee.params["rsvp"] = vText("FALSE")  # answers come by SMS or on the web, not into a mailbox
    event.add("attendee", attendee)
    if not cancelled:
        event.add_component(_alarm(summary))
    calendar.add_component(event)
    return str(calendar.to_ical().decode())


def _zone() -> Timezone:
    zone = Timezone()
    zone.add("tzid", "Asia/Ho_Chi_Minh")
    standard = TimezoneStandard()
    standard.add("dtstart", datetime(1975, 6, 13))  # noqa: DTZ001  local by RFC 5545 §3.6.5
    standard.add("tzoffsetfrom", ZONE.utcoffset(datetime(2000, 1, 1)))  # noqa: DTZ001  an offset, no instant
    standard.add("tzoffsetto", ZONE.utcoffset(datetime(2000, 1, 1)))  # noqa: DTZ001  an offset, no instant
    standard.add("tzname", "+07")
    zone.add_component(standard)
    return zone


def _alarm(summary: str) -> Alarm:
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", summary)
    alarm.add("trigger", timedelta(hours=-2))
    return alarm
