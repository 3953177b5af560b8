"""Record who came, who did not and why, and guests outside the Union → AttendanceRecorded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chassis.context import Context
from chassis.failures import Refusal
from chassis.messaging.outbox import publish
from chassis.outcome import Outcome
from chassis.storage.changes import Changes
from chassis.storage.store import Store
from contracts.scheduling_events import AttendanceRecorded
from scheduling.application.meeting_sight import meeting_in_reach
from scheduling.application.permitted import as_expected, forbidden, may
from scheduling.application.records import INVITATIONS, MEETINGS
from scheduling.domain.invitation import Invitation, Presence, invitation_id
from scheduling.domain.meeting import MEETING, Guests, Meeting, MeetingCommand
from scheduling.domain.policy import Policy
from scheduling.domain.told_texts import free_text, has_contact


@dataclass(frozen=True, slots=True)
class RollCall:
    """`absent`: person and a key of the policy's absence reasons. `guests` None keeps the guests recorded before."""

    present: Sequence[str] = ()
    absent: Sequence[tuple[str, str]] = ()
    guests: Sequence[Guests] | None = None


def record_attendance(
    store: Store, context: Context, policy: Policy, meeting_id: str, call: RollCall, *, expected: int | None = None
) -> Outcome[Meeting]:
    """Add to a meeting's attendance; who is named again is corrected, who is not named stays as he was.

    Đoàn xã (meetings.manage) and the host branch's secretary may record everyone; another branch's secretary
    (attendance.record) those of his branch.
    """
    meeting = meeting_in_reach(store, context, meeting_id)
    as_expected(MEETINGS, meeting, expected)
    MEETING.after(meeting.state, MeetingCommand.RECORD_ATTENDANCE)
    absent = dict(call.absent)
    _require_clear(policy, [*call.present, *(person_id for person_id, _ in call.absent)], absent)
    whole_meeting = _may_record_all(context, meeting)
    invitations = _invitations(store, context, meeting, [*call.present, *absent], whole_meeting)
    guests = meeting.guests
    if call.guests is not None:
        if not whole_meeting:
            raise forbidden("meetings.manage")
        guests = _guests(call.guests)
    changed = [
        one.was_absent(absent[one.person_id]) if one.person_id in absent else one.was_present() for one in invitations
    ]
    attended = meeting.attended(
        present=_counted(store, meeting, Presence.PRESENT, invitations, changed),
        absent=_counted(store, meeting, Presence.ABSENT, invitations, changed),
        guests=guests,
        now=context.now,
        opens=policy.roll_call_opens,
    )
    changes = Changes().replace(MEETINGS, attended).replace(INVITATIONS, *changed)
    assert attended.attendance is not None
    event = AttendanceRecorded(meeting_id=attended.id, **attended.attendance.model_dump())
    publish(changes, context.message(event, key=attended.id, sequence=attended.version))
    return Outcome(attended, changes)


def _may_record_all(context: Context, meeting: Meeting) -> bool:
    if may(context, "meetings.manage", meeting.unit_path):
        return True
    host = meeting.host_branch_id
    return host is not None and may(context, "attendance.record", (*meeting.unit_path, host))


def _invitations(
    store: Store, context: Context, meeting: Meeting, people: Sequence[str], whole_meeting: bool
) -> list[Invitation]:
    found = store.get_many(INVITATIONS, [invitation_id(meeting.id, person_id) for person_id in people])
    named = [found.get(invitation_id(meeting.id, person_id)) for person_id in people]
    invited = [one for one in named if one is not None]
    if not whole_meeting:
        if not any(may(context, "attendance.record", one.unit_path) for one in invited):
            raise forbidden("attendance.record")
        invited = [one for one in invited if may(context, "attendance.record", one.unit_path)]
    strangers = len(people) - len(invited)
    if strangers:
        raise Refusal(
            "not-invited",
            vi=f"Có {strangers} người không có trong danh sách mời (của đơn vị bạn): hãy ghi là khách.",
            en=f"{strangers} of these people are not invited (from your unit): record them as guests.",
            pointer="/present",
        )
    return invited


def _require_clear(policy: Policy, named: Sequence[str], absent: Mapping[str, str]) -> None:
    if len(set(named)) != len(named):
        raise Refusal(
            "named-twice",
            vi="Một người được ghi hai lần: mỗi người chỉ có mặt hoặc vắng mặt.",
            en="Someone is named twice: a person is present or absent.",
            pointer="/present",
        )
    unknown = set(absent.values()) - set(policy.absence_reasons)
    if unknown:
        known = ", ".join(policy.absence_reasons)
        raise Refusal(
            "unknown-absence-reason",
            vi=f"Lý do vắng mặt không hợp lệ. Có thể dùng: {known}.",
            en=f"Unknown reason of absence. Possible: {known}.",
            pointer="/absent",
        )


def _guests(groups: Sequence[Guests]) -> tuple[Guests, ...]:
    if any(group.name and has_contact(group.name) for group in groups):
        raise Refusal(
            "contact-in-text",
            vi="Không ghi số điện thoại hoặc e-mail của khách.",
            en="Leave guests' phone numbers and e-mail addresses out.",
            pointer="/guests",
        )
    return tuple(Guests(count=one.count, name=free_text(one.name) or None if one.name else None) for one in groups)


def _counted(
    store: Store, meeting: Meeting, presence: Presence, before: Sequence[Invitation], after: Sequence[Invitation]
) -> int:
    stored = store.count(INVITATIONS, {"meeting_id": meeting.id, "presence": presence.value})
    return stored - sum(one.presence is presence for one in before) + sum(one.presence is presence for one in after)
