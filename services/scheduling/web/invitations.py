"""`/v1/meetings/<id>/invitations`, `…/answers`, `…/attendance` and one's own `/v1/invitations`."""

from __future__ import annotations

from flask import Response
from pydantic import ConfigDict, Field

from chassis.context import Context
from chassis.failures import Refusal
from chassis.web.access_log import record_access
from chassis.web.app import blueprint, example
from chassis.web.commands import Reply, run_command, run_query
from chassis.web.conditions import expected_version
from chassis.web.identifiers import Id, IdPath
from chassis.web.paging import Listing, Page, PageQuery, page
from scheduling.application.answer_invitation import answer_invitation
from scheduling.application.count_answers import count_answers, invitations_filter
from scheduling.application.meeting_sight import meeting_in_reach
from scheduling.application.organisation import names_of, unit_names
from scheduling.application.permitted import actor_of
from scheduling.application.record_attendance import record_attendance
from scheduling.application.records import INVITATIONS, MEETINGS
from scheduling.domain.invitation import AnswerState, Invitation, Presence
from scheduling.web.meeting_views import (
    ATTENDANCE_EXAMPLE,
    BOARD_EXAMPLE,
    INVITATION_EXAMPLE,
    MEETING_EXAMPLE,
    AnswerBoardView,
    AnswerBody,
    AttendanceBody,
    InvitationView,
    MeetingView,
    OwnInvitationView,
)
from scheduling.web.parts import PERSON, policy, store

_ABOUT = "Ai được mời, ai đến, ai vắng"

of_meeting = blueprint("meeting_invitations", "/v1/meetings", tag="invitations", about=_ABOUT)
own = blueprint("invitations", "/v1/invitations", tag="invitations", about=_ABOUT)


class InvitationsQuery(PageQuery):
    """Which invitations of the meeting."""

    model_config = ConfigDict(extra="forbid")

    unit_id: Id | None = Field(default=None, description="Invited for this branch, or for the commune itself")
    answer: AnswerState | None = None
    presence: Presence | None = None


@of_meeting.get(
    "/<id>/invitations", summary="Who is invited and what each said", responses={200: Listing[InvitationView]}
)
@example(response=Listing[InvitationView](items=[INVITATION_EXAMPLE]))
def list_invitations(path: IdPath, query: InvitationsQuery) -> Response:
    """With names: the read is written to the access log. A branch's secretary sees those of the branch."""

    def answer(context: Context) -> Reply:
        meeting = meeting_in_reach(store(), context, path.id)
        where = [invitations_filter(context, meeting)]
        where += [
            {name: value} for name in ("unit_id", "answer", "presence") if (value := getattr(query, name)) is not None
        ]
        found = page(store(), INVITATIONS, {"$and": where}, limit=query.limit, cursor=query.cursor)
        people = [one.person_id for one in found.items]
        record_access(context, "invitations.read", meeting.unit_id, people, unit_path=meeting.unit_path)
        names = names_of(store(), people)
        units = unit_names(store(), {one.unit_id for one in found.items}, context.today)
        return Reply(
            found.listed(
                Listing[InvitationView],
                lambda one: InvitationView.of(one, name=names.get(one.person_id), unit_name=units.get(one.unit_id)),
            )
        )

    return run_query(answer)


@of_meeting.get("/<id>/answers", summary="Who is coming, in numbers by branch", responses={200: AnswerBoardView})
@example(response=BOARD_EXAMPLE)
def answers(path: IdPath) -> Response:
    """As far as the caller may see: a branch's secretary sees the branch's numbers."""

    def answer(context: Context) -> Reply:
        board = count_answers(store(), context, path.id)
        return Reply(AnswerBoardView.told(board, unit_names(store(), board.by_unit, context.today)))

    return run_query(answer)


@of_meeting.post("/<id>/answers", summary="Record an answer", responses={200: InvitationView})
@example(name="oneself", request={"coming": True}, response=INVITATION_EXAMPLE.model_copy(update={"person_name": None}))
@example(name="told by phone", request={"person_id": PERSON, "coming": False, "note": "Đi làm xa đến Tết"})
def record_answer(path: IdPath, body: AnswerBody) -> Response:
    """One's own, or that of a person who told an officer. The latest counts; after the end none does."""

    def whose(context: Context) -> str:
        person_id = body.person_id or actor_of(context).person_id
        if person_id is None:
            raise Refusal(
                "person-missing", vi="Cần chọn người trả lời.", en="Say whose answer it is.", pointer="/person_id"
            )
        return person_id

    return run_command(
        lambda context: answer_invitation(
            store(), context, path.id, whose(context), coming=body.coming, note=body.note
        ),
        lambda invitation: Reply(InvitationView.of(invitation), version=invitation.version),
    )


@of_meeting.post("/<id>/attendance", summary="Record attendance in bulk", responses={200: MeetingView})
@example(request=ATTENDANCE_EXAMPLE, response=MEETING_EXAMPLE)
def attendance(path: IdPath, body: AttendanceBody) -> Response:
    """Who came, who did not and why, guests outside the Union. Roll call opens an hour before the start.

    Đoàn xã and the host branch's secretary record everyone; another branch's secretary those of the branch.
    """
    return run_command(
        lambda context: record_attendance(
            store(), context, policy(), path.id, body.roll_call(), expected=expected_version()
        ),
        lambda meeting: Reply(MeetingView.of(meeting), version=meeting.version),
    )


class OwnQuery(PageQuery):
    model_config = ConfigDict(extra="forbid")


@own.get("", summary="One's own invitations, newest first", responses={200: Listing[OwnInvitationView]})
@example(
    response=Listing[OwnInvitationView](
        items=[
            OwnInvitationView(
                meeting=MEETING_EXAMPLE,
                reason=INVITATION_EXAMPLE.reason,
                answer=INVITATION_EXAMPLE.answer,
                answered_at=INVITATION_EXAMPLE.answered_at,
            )
        ]
    )
)
def list_own(query: OwnQuery) -> Response:
    """Everyone with an account sees what he is invited to. Empty for a partner's client."""

    def answer(context: Context) -> Reply:
        person_id = actor_of(context).person_id
        if person_id is None:
            return Reply(Listing[OwnInvitationView](items=[]))
        found = page(
            store(),
            INVITATIONS,
            {"person_id": person_id},
            sort=(("_id", -1),),
            limit=query.limit,
            cursor=query.cursor,
        )
        return Reply(_with_meetings(found))

    return run_query(answer)


def _with_meetings(found: Page[Invitation]) -> Listing[OwnInvitationView]:
    meetings = store().get_many(MEETINGS, [one.meeting_id for one in found.items])
    return Listing[OwnInvitationView](
        items=[
            OwnInvitationView(
                meeting=MeetingView.of(meetings[one.meeting_id]),
                reason=one.reason,
                answer=one.answer,
                answered_at=one.answered_at,
            )
            for one in found.items
            if one.meeting_id in meetings
        ],
        next_cursor=found.next_cursor,
    )
