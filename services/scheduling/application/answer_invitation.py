"""Record whether an invited person comes: told by the person himself, by an officer who was told, or by SMS reply."""

from __future__ import annotations

from datetime import datetime

from chassis.context import Context, context_of
from chassis.failures import Refusal, missing
from chassis.messaging.envelope import Incoming
from chassis.messaging.outbox import publish
from chassis.outcome import Outcome
from chassis.storage.changes import Changes
from chassis.storage.store import Store
from contracts.notifications_events import ReplyMeaning, ReplyReceived
from contracts.scheduling_events import InvitationAnswered
from scheduling.application.permitted import actor_of, forbidden, may
from scheduling.application.records import IGNORED_REPLIES, INVITATIONS, MEETINGS, IgnoredReply
from scheduling.domain.invitation import AnsweredBy, Invitation, invitation_id
from scheduling.domain.meeting import MEETING, Meeting, MeetingCommand
from scheduling.domain.told_texts import free_text

_INVITATION_WHAT = ("giấy mời", "invitation")


def answer_invitation(
    store: Store, context: Context, meeting_id: str, person_id: str, *, coming: bool, note: str | None = None
) -> Outcome[Invitation]:
    """The answer of `person_id`, given by himself or by an officer who was told → InvitationAnswered."""
    meeting, invitation = _invitation(store, context, meeting_id, person_id)
    if actor_of(context).person_id == person_id and may(context, "invitations.answer", (), [person_id]):
        by = AnsweredBy.WEB
    elif may(context, "invitations.record", invitation.unit_path):
        by = AnsweredBy.OFFICER
    else:
        raise forbidden("invitations.record")
    meeting.require_open_for_answers(context.now)
    answered = invitation.answered(coming=coming, by=by, at=context.now, note=free_text(note) if note else None)
    if answered is None:
        raise Refusal(
            "later-answer-exists",
            vi="Đã có câu trả lời nhận được muộn hơn; câu trả lời muộn nhất được giữ lại.",
            en="A later answer is there already; the latest counts.",
            because="conflict",
        )
    return Outcome(answered, _changes(context, answered))


def reply_received(event: ReplyReceived, incoming: Incoming, store: Store) -> Changes:
    """A reply by SMS becomes the answer; one that comes too late, or from someone not invited, is counted aside."""
    meeting = store.get(MEETINGS, event.meeting_id)
    invitation = store.get(INVITATIONS, invitation_id(event.meeting_id, event.person_id))
    if meeting is None or invitation is None:
        return _ignored(event, "not_invited")
    if not _counts(meeting, event.received_at):
        return _ignored(event, "meeting_over")
    answered = invitation.answered(coming=event.meaning is ReplyMeaning.COMING, by=AnsweredBy.SMS, at=event.received_at)
    if answered is None:
        return _ignored(event, "older")
    return _changes(context_of(incoming), answered)


def _counts(meeting: Meeting, received_at: datetime) -> bool:
    return MEETING.allows(meeting.state, MeetingCommand.ANSWER) and received_at < meeting.ends_at


def _ignored(event: ReplyReceived, reason: str) -> Changes:
    row = IgnoredReply(id=event.reply_id, meeting_id=event.meeting_id, reason=reason, received_at=event.received_at)
    return Changes().insert_absent(IGNORED_REPLIES, row)


def _changes(context: Context, answered: Invitation) -> Changes:
    event = InvitationAnswered(
        meeting_id=answered.meeting_id,
        person_id=answered.person_id,
        coming=answered.answer.value == "coming",
        by=str(answered.answered_by),
    )
    changes = Changes().replace(INVITATIONS, answered)
    return publish(changes, context.message(event, key=answered.id, sequence=answered.version))


def _invitation(store: Store, context: Context, meeting_id: str, person_id: str) -> tuple[Meeting, Invitation]:
    invitation = store.get(INVITATIONS, invitation_id(meeting_id, person_id))
    meeting = store.get(MEETINGS, meeting_id)
    if (
        invitation is None
        or meeting is None
        or not may(context, "invitations.read", invitation.unit_path, [invitation.person_id])
    ):
        raise missing(*_INVITATION_WHAT)
    return meeting, invitation
