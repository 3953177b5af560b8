"""What happened in scheduling: ids, instants and short titles that all invited may see; no personal data.

Texts that may name people (concerns, answers, reports, minutes) never travel on an event.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import ClassVar

from pydantic import Field

from contracts.model import Contract, Part

_EVENTS = "scheduling.events.v1"


class MeetingKind(StrEnum):
    BRIEFING = "briefing"  # giao ban
    ASSIGNMENT_MEETING = "assignment_meeting"  # họp BTV giao nhiệm vụ
    JOINT_ACTIVITY = "joint_activity"  # sinh hoạt liên chi đoàn


class InvitationReason(StrEnum):
    """Why a person is invited."""

    STANDING_SECRETARY = "standing_secretary"  # thường trực Đoàn xã
    BRANCH_SECRETARY = "branch_secretary"  # bí thư chi đoàn
    BRANCH_DEPUTY = "branch_deputy"  # phó bí thư, where the secretary's post is vacant
    COMMITTEE_MEMBER = "committee_member"  # UV BTV
    BRANCH_YOUTH = "branch_youth"  # youth of a partner branch


class Invitee(Part):
    person_id: str
    reason: InvitationReason


class MeetingFacts(Part):
    """What all invited people are told. The instants are UTC; show them in Asia/Ho_Chi_Minh."""

    kind: MeetingKind
    unit_id: str
    """The unit that convenes it."""
    title: str = Field(max_length=120)
    starts_at: datetime
    ends_at: datetime
    place: str = Field(max_length=120)
    online_url: str | None = None


class MeetingScheduled(Contract):
    """A meeting was convened; its invitees are frozen in it, each with the reason. At most 20,000 invitees."""

    TYPE: ClassVar[str] = "vn.nhipdoan.scheduling.meeting.scheduled.v1"
    TOPIC: ClassVar[str] = _EVENTS
    AGGREGATE: ClassVar[str] = "meeting"

    meeting_id: str
    meeting: MeetingFacts
    invitees: list[Invitee] = Field(max_length=20_000)
    answer_by: datetime | None = None


class MeetingRescheduled(Contract):
    """A meeting got another time or place. Who is invited did not change; those who were told are told again."""

    TYPE: ClassVar[str] = "vn.nhipdoan.scheduling.meeting.rescheduled.v1"
    TOPIC: ClassVar[str] = _EVENTS
    AGGREGATE: ClassVar[str] = "meeting"

    meeting_id: str
    meeting: MeetingFacts
    was_at: datetime
    was_place: str
    reason: str = Field(max_length=120)


class MeetingCancelled(Contract):
    """A meeting will not take place."""

    TYPE: ClassVar[str] = "vn.nhipdoan.scheduling.meeting.cancelled.v1"
    TOPIC: ClassVar[str] = _EVENTS
    AGGREGATE: ClassVar[str] = "meeting"

    meeting_id: str
    meeting: MeetingFacts
    reason: str = Field(max_length=120)


class AttendanceRecorded(Contract):
    """Attendance of a meeting was recorded: counts alone."""

    TYPE: ClassVar[str] = "vn.nhipdoan.scheduling.meeting.attendance-recorded.v1"
    TOPIC: ClassVar[str] = _EVENTS
    AGGREGATE: ClassVar[str] = "meeting"

    meeting_id: str
    present: int
    absent: int
    guests: int


class InvitationAnswered(Contract):
    """An invited person said whether he comes."""

    TYPE: ClassVar[str] = "vn.nhipdoan.scheduling.invitation.answered.v1"
    TOPIC: ClassVar[str] = _EVENTS
    AGGREGATE: ClassVar[str] = "invitation"

    meeting_id: str
    person_id: str
    coming: bool
    by: str
    """`sms`, `web`, or `officer` who was told by phone."""


class TaskAssigned(Contract):
    """A committee member was handed a task for a branch (giao nhiệm vụ)."""

    TYPE: ClassVar[str] = "vn.nhipdoan.scheduling.task.assigned.v1"
    TOPIC: ClassVar[str] = _EVENTS
    AGGREGATE: ClassVar[str] = "task"

    task_id: str
    unit_id: str
    branch_id: str
    assignee_id: str
    title: str = Field(max_length=120)
    due_on: date
    meeting_id: str | None = None


class TaskAcknowledged(Contract):
    """The assignee confirmed that he has the task."""

    TYPE: ClassVar[str] = "vn.nhipdoan.scheduling.task.acknowledged.v1"
    TOPIC: ClassVar[str] = _EVENTS
    AGGREGATE: ClassVar[str] = "task"

    task_id: str
    unit_id: str
    assignee_id: str


class TaskCompleted(Contract):
    """The assignee reported the task as done; the commune will accept or return it."""

    TYPE: ClassVar[str] = "vn.nhipdoan.scheduling.task.completed.v1"
    TOPIC: ClassVar[str] = _EVENTS
    AGGREGATE: ClassVar[str] = "task"

    task_id: str
    unit_id: str
    branch_id: str
    assignee_id: str
    title: str = Field(max_length=120)


class TaskAccepted(Contract):
    """The commune accepted the result."""

    TYPE: ClassVar[str] = "vn.nhipdoan.scheduling.task.accepted.v1"
    TOPIC: ClassVar[str] = _EVENTS
    AGGREGATE: ClassVar[str] = "task"

    task_id: str
    unit_id: str
    branch_id: str
    assignee_id: str
    title: str = Field(max_length=120)


class TaskReturned(Contract):
    """The commune returned the task to be done again, with a new due date."""

    TYPE: ClassVar[str] = "vn.nhipdoan.scheduling.task.returned.v1"
    TOPIC: ClassVar[str] = _EVENTS
    AGGREGATE: ClassVar[str] = "task"

    task_id: str
    unit_id: str
    branch_id: str
    assignee_id: str
    title: str = Field(max_length=120)
    due_on: date


class TaskOverdue(Contract):
    """A task's due date passed without a result."""

    TYPE: ClassVar[str] = "vn.nhipdoan.scheduling.task.overdue.v1"
    TOPIC: ClassVar[str] = _EVENTS
    AGGREGATE: ClassVar[str] = "task"

    task_id: str
    unit_id: str
    branch_id: str
    assignee_id: str
    title: str = Field(max_length=120)
    due_on: date


class ConcernRaised(Contract):
    """A branch raised a concern (kiến nghị, tâm tư); its text stays in scheduling."""

    TYPE: ClassVar[str] = "vn.nhipdoan.scheduling.concern.raised.v1"
    TOPIC: ClassVar[str] = _EVENTS
    AGGREGATE: ClassVar[str] = "concern"

    concern_id: str
    number: str
    """How people call it, e.g. `KN-07`."""
    unit_id: str
    branch_id: str
    meeting_id: str | None = None


class ConcernAnswered(Contract):
    """A concern was answered; the text is the state of the same id on `scheduling.concern-answers.v1`."""

    TYPE: ClassVar[str] = "vn.nhipdoan.scheduling.concern.answered.v1"
    TOPIC: ClassVar[str] = _EVENTS
    AGGREGATE: ClassVar[str] = "concern"

    concern_id: str
    number: str
    unit_id: str
    branch_id: str
    recipient_ids: list[str]
    """Whom the answer goes back to: the branch's secretary, or deputy where the post is vacant, and who raised it."""


class LinkProposalSubmitted(Contract):
    """A host branch proposed a joint activity to chi bộ and Đoàn xã."""

    TYPE: ClassVar[str] = "vn.nhipdoan.scheduling.link-proposal.submitted.v1"
    TOPIC: ClassVar[str] = _EVENTS
    AGGREGATE: ClassVar[str] = "link-proposal"

    proposal_id: str
    unit_id: str
    host_branch_id: str
    partner_branch_ids: list[str]
    title: str = Field(max_length=120)
    starts_at: datetime
    decider_ids: list[str]
    """The standing secretaries who are asked to decide for Đoàn xã."""


class LinkProposalApproved(Contract):
    """Chi bộ and Đoàn xã have both agreed; the joint activity is convened as `meeting_id`."""

    TYPE: ClassVar[str] = "vn.nhipdoan.scheduling.link-proposal.approved.v1"
    TOPIC: ClassVar[str] = _EVENTS
    AGGREGATE: ClassVar[str] = "link-proposal"

    proposal_id: str
    unit_id: str
    host_branch_id: str
    partner_branch_ids: list[str]
    title: str = Field(max_length=120)
    starts_at: datetime
    meeting_id: str
    proposer_id: str


class LinkProposalDeclined(Contract):
    """Chi bộ or Đoàn xã did not agree."""

    TYPE: ClassVar[str] = "vn.nhipdoan.scheduling.link-proposal.declined.v1"
    TOPIC: ClassVar[str] = _EVENTS
    AGGREGATE: ClassVar[str] = "link-proposal"

    proposal_id: str
    unit_id: str
    host_branch_id: str
    title: str = Field(max_length=120)
    declined_by: str
    """`party_cell` (chi bộ) or `commune` (Đoàn xã)."""
    proposer_id: str


class HostRotationPlanned(Contract):
    """The host branch of each month of a year was named."""

    TYPE: ClassVar[str] = "vn.nhipdoan.scheduling.host-rotation.planned.v1"
    TOPIC: ClassVar[str] = _EVENTS
    AGGREGATE: ClassVar[str] = "host-rotation"

    rotation_id: str
    unit_id: str
    year: int
    host_branch_ids: list[str]
    """Twelve ids, January first; an empty string where no branch can host."""
