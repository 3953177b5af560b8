"""`/v1/briefings`, `/v1/assignment-meetings`, `/v1/meetings`: convene, move, cancel, read."""

from __future__ import annotations

from typing import Any

from flask import Response
from pydantic import ConfigDict, Field

from chassis.context import Context
from chassis.storage.documents import Filter
from chassis.web.app import blueprint, example
from chassis.web.commands import Reply, run_command, run_query
from chassis.web.conditions import expected_version
from chassis.web.fields import Instant
from chassis.web.identifiers import Id, IdPath
from chassis.web.paging import Listing, PageQuery, page
from contracts.scheduling_events import MeetingKind
from scheduling.application.change_meeting import cancel_meeting, reschedule_meeting
from scheduling.application.close_meeting import close_meeting, miss_meeting, write_minutes
from scheduling.application.convene_meeting import convene_assignment_meeting, convene_briefing
from scheduling.application.convening import Arranged
from scheduling.application.meeting_sight import meeting_in_reach, meetings_in_reach
from scheduling.application.records import MEETINGS
from scheduling.domain.meeting import Meeting, MeetingState
from scheduling.web.meeting_views import (
    ARRANGED_EXAMPLE,
    CONVENE_EXAMPLE,
    MEETING_EXAMPLE,
    MINUTES_EXAMPLE,
    ArrangedView,
    ConveneBody,
    MeetingView,
    MinutesBody,
    ReasonBody,
    RescheduleBody,
)
from scheduling.web.parts import policy, store

_ABOUT = "Giao ban, họp Ban Thường vụ giao nhiệm vụ, sinh hoạt liên chi đoàn"

briefings = blueprint("briefings", "/v1/briefings", tag="meetings", about=_ABOUT)
assignment_meetings = blueprint("assignment_meetings", "/v1/assignment-meetings", tag="meetings", about=_ABOUT)
meetings = blueprint("meetings", "/v1/meetings", tag="meetings", about=_ABOUT)


class MeetingsQuery(PageQuery):
    """Which meetings; those within reach, latest first."""

    model_config = ConfigDict(extra="forbid")

    unit_id: Id | None = Field(default=None, description="Convened by this commune")
    kind: MeetingKind | None = None
    state: MeetingState | None = None
    starts_from: Instant | None = None
    starts_before: Instant | None = None

    def narrowed(self) -> Filter:
        parts: list[dict[str, Any]] = [
            {name: value} for name in ("unit_id", "kind", "state") if (value := getattr(self, name)) is not None
        ]
        if self.starts_from is not None:
            parts.append({"starts_at": {"$gte": self.starts_from}})
        if self.starts_before is not None:
            parts.append({"starts_at": {"$lt": self.starts_before}})
        return {"$and": parts} if parts else {}


@briefings.post("", summary="Convene a briefing (giao ban)", responses={201: ArrangedView})
@example(request=CONVENE_EXAMPLE, response=ARRANGED_EXAMPLE)
def convene_a_briefing(body: ConveneBody) -> Response:
    """Invite thường trực and every branch's secretary, or its deputy where that post is vacant.

    Invitees are those who hold the posts on the day of the meeting; they are frozen, each with the reason. A branch
    with neither secretary nor deputy is listed as `unreached`. What is unusual about the time is told as `warnings`.
    """
    return run_command(
        lambda context: convene_briefing(store(), context, policy(), body.unit_id, body.plan()), _convened
    )


@assignment_meetings.post("", summary="Convene an assignment meeting (họp BTV)", responses={201: ArrangedView})
@example(request=CONVENE_EXAMPLE | {"title": "Họp Ban Thường vụ tháng 12"}, response=ARRANGED_EXAMPLE)
def convene_an_assignment_meeting(body: ConveneBody) -> Response:
    """Invite thường trực and the other members of the standing committee (ủy viên Ban Thường vụ)."""
    return run_command(
        lambda context: convene_assignment_meeting(store(), context, policy(), body.unit_id, body.plan()), _convened
    )


@meetings.get("", summary="Meetings within reach, latest first", responses={200: Listing[MeetingView]})
@example(response=Listing[MeetingView](items=[MEETING_EXAMPLE]))
def list_meetings(query: MeetingsQuery) -> Response:
    """Those of the units whose meetings the caller may read. One's own invitations are at `/v1/invitations`."""

    def answer(context: Context) -> Reply:
        found = page(
            store(),
            MEETINGS,
            query.narrowed(),
            among=meetings_in_reach(context),
            sort=(("starts_at", -1), ("_id", -1)),
            limit=query.limit,
            cursor=query.cursor,
        )
        return Reply(found.listed(Listing[MeetingView], MeetingView.of))

    return run_query(answer)


@meetings.get("/<id>", summary="One meeting", responses={200: MeetingView})
@example(response=MEETING_EXAMPLE)
def read_meeting(path: IdPath) -> Response:
    """For who reads meetings of a unit it concerns, and for everyone invited."""
    return run_query(lambda context: _told(meeting_in_reach(store(), context, path.id)))


@meetings.post("/<id>/reschedule", summary="Move a meeting", responses={200: ArrangedView})
@example(
    request={
        "starts_at": "2026-12-13T19:00:00+07:00",
        "ends_at": "2026-12-13T21:00:00+07:00",
        "place": "Nhà văn hóa thôn Trung Hạ",
        "reason": "Hội trường UBND xã bận",
    },
    response=ARRANGED_EXAMPLE,
)
def reschedule(path: IdPath, body: RescheduleBody) -> Response:
    """Those who were told are told again. Answers that were given stay, and may be changed."""
    return run_command(
        lambda context: reschedule_meeting(
            store(), context, policy(), path.id, body.new_time(), expected=expected_version()
        ),
        lambda arranged: Reply(ArrangedView.told(arranged), version=arranged.meeting.version),
    )


@meetings.post("/<id>/cancel", summary="Call a meeting off", responses={200: MeetingView})
@example(request={"reason": "Mưa lũ, đường vào xã bị chia cắt"}, response=MEETING_EXAMPLE)
def cancel(path: IdPath, body: ReasonBody) -> Response:
    """Everyone invited is told; what is still queued about it is stopped."""
    return run_command(
        lambda context: cancel_meeting(store(), context, path.id, body.reason, expected=expected_version()), _told
    )


@meetings.post("/<id>/minutes", summary="Write the minutes (biên bản)", responses={200: MeetingView})
@example(request=MINUTES_EXAMPLE, response=MEETING_EXAMPLE)
def minutes(path: IdPath, body: MinutesBody) -> Response:
    """Possible once attendance was recorded or the time has passed. Written again, they replace what was there."""
    return run_command(
        lambda context: write_minutes(
            store(), context, path.id, body.conclusions, body.per_branch(), expected=expected_version()
        ),
        _told,
    )


@meetings.post("/<id>/close", summary="Close a meeting as held", responses={200: MeetingView})
@example(response=MEETING_EXAMPLE)
def close(path: IdPath) -> Response:
    """Needs minutes: only meetings with minutes count for the year."""
    return run_command(lambda context: close_meeting(store(), context, path.id, expected=expected_version()), _told)


@meetings.post("/<id>/miss", summary="Say that a meeting did not take place", responses={200: MeetingView})
@example(request={"reason": "Không đủ người dự"}, response=MEETING_EXAMPLE)
def miss(path: IdPath, body: ReasonBody) -> Response:
    """For a meeting whose time has passed; nobody is told anew, and it counts for nothing."""
    return run_command(
        lambda context: miss_meeting(store(), context, path.id, body.reason, expected=expected_version()), _told
    )


def _convened(arranged: Arranged) -> Reply:
    meeting = arranged.meeting
    return Reply(
        ArrangedView.told(arranged), status=201, location=f"/v1/meetings/{meeting.id}", version=meeting.version
    )


def _told(meeting: Meeting) -> Reply:
    return Reply(MeetingView.of(meeting), version=meeting.version)
