"""`/v1/concerns`: a branch's concerns (kiến nghị) from being raised to the branch's word on the answer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from flask import Response
from pydantic import ConfigDict, Field

from chassis.context import Context
from chassis.permissions import reach
from chassis.storage.documents import Filter, Sort
from chassis.web.app import blueprint, example
from chassis.web.commands import Reply, run_command, run_query
from chassis.web.conditions import expected_version
from chassis.web.identifiers import Id, IdPath
from chassis.web.paging import Listing, PageQuery, page
from scheduling.application.handle_concern import (
    answer_concern,
    classify_concern,
    close_concern,
    concern_in_reach,
    confirm_concern,
    escalate_concern,
    start_concern,
)
from scheduling.application.permitted import actor_of, may, ways_of
from scheduling.application.raise_concern import raise_concern
from scheduling.application.records import CONCERNS
from scheduling.domain.concern import Concern, ConcernCategory, ConcernState
from scheduling.web.concern_views import (
    CONCERN_EXAMPLE,
    RAISE_EXAMPLE,
    AnswerBody,
    ClassifyBody,
    CloseBody,
    ConcernView,
    ConfirmBody,
    EscalateBody,
    RaiseBody,
    StartBody,
)
from scheduling.web.parts import policy, store

concerns = blueprint("concerns", "/v1/concerns", tag="concerns", about="Tâm tư, kiến nghị của chi đoàn")


class ConcernsQuery(PageQuery):
    """Which concerns; those within reach, newest first. `overdue` lists the open ones that are oldest first."""

    model_config = ConfigDict(extra="forbid")

    unit_id: Id | None = Field(default=None, description="Of this commune or branch")
    state: ConcernState | None = None
    category: ConcernCategory | None = None
    meeting_id: Id | None = Field(default=None, description="Raised at this meeting")
    overdue: bool = Field(default=False, description="Open for longer than the policy's days (30)")

    def narrowed(self, knows: Sequence[Filter], today: date) -> Filter:
        """`knows`: of which the caller may know the branch; of others, a branch's list does not give it away."""
        parts: list[dict[str, Any]] = []
        if self.unit_id is not None:
            parts.append({"unit_path": self.unit_id})
            parts.append({"$or": [{"unit_id": self.unit_id}, {"anonymous": False}, *knows]})
        parts += [
            {name: value} for name in ("state", "category", "meeting_id") if (value := getattr(self, name)) is not None
        ]
        if self.overdue:
            since = today - timedelta(days=policy().concern_open_days)
            parts.append({"open_since": {"$lt": since.isoformat()}})
        return {"$and": parts} if parts else {}

    def order(self) -> Sort:
        return (("open_since", 1), ("_id", 1)) if self.overdue else (("_id", -1),)


@concerns.post("", summary="Raise a concern (kiến nghị)", responses={201: ConcernView})
@example(request=RAISE_EXAMPLE, response=CONCERN_EXAMPLE)
def raise_a_concern(body: RaiseBody) -> Response:
    """By a branch's secretary on any day, or by an officer who writes it down at a briefing.

    It gets the commune's next number of the year. The text stays here; the event carries the number alone.
    """
    return run_command(lambda context: raise_concern(store(), context, body.said()), _raised)


@concerns.get("", summary="Concerns within reach", responses={200: Listing[ConcernView]})
@example(response=Listing[ConcernView](items=[CONCERN_EXAMPLE]))
def list_concerns(query: ConcernsQuery) -> Response:
    """`overdue=true` answers which have been open for more than 30 days."""

    def answer(context: Context) -> Reply:
        reads, answers, confirms = (
            ways_of(reach(actor_of(context), verb, context.today), unit="branch_id", person=None)
            for verb in ("concerns.read", "concerns.answer", "concerns.confirm")
        )
        found = page(
            store(),
            CONCERNS,
            query.narrowed((*answers, *confirms), context.today),
            among=reads,
            sort=query.order(),
            limit=query.limit,
            cursor=query.cursor,
        )
        return Reply(found.listed(Listing[ConcernView], lambda one: _view(context, one)))

    return run_query(answer)


@concerns.get("/<id>", summary="One concern with its history", responses={200: ConcernView})
@example(response=CONCERN_EXAMPLE)
def read_concern(path: IdPath) -> Response:
    """Who raised an anonymous concern is shown to those who answer it and to its branch, not to the meeting."""

    def answer(context: Context) -> Reply:
        concern = concern_in_reach(store(), context, path.id)
        return Reply(_view(context, concern), version=concern.version)

    return run_query(answer)


@concerns.post("/<id>/classify", summary="Classify a concern", responses={200: ConcernView})
@example(request={"category": "rights"}, response=CONCERN_EXAMPLE)
def classify(path: IdPath, body: ClassifyBody) -> Response:
    """Rights and allowances, loans, activities, or other."""
    return run_command(
        lambda context: classify_concern(store(), context, path.id, body.category, expected=expected_version()),
        _told,
    )


@concerns.post("/<id>/start", summary="Take a concern up", responses={200: ConcernView})
@example(request={"note": "Giao đồng chí phụ trách xác minh", "expected_by": "2026-12-20"}, response=CONCERN_EXAMPLE)
def start(path: IdPath, body: StartBody) -> Response:
    """Somebody works on it; `expected_by` is when the branch may expect an answer."""
    return run_command(
        lambda context: start_concern(
            store(), context, path.id, note=body.note, expected_by=body.expected_by, expected=expected_version()
        ),
        _told,
    )


@concerns.post("/<id>/escalate", summary="Pass a concern on to a higher level", responses={200: ConcernView})
@example(request={"to": "UBND xã", "expected_by": "2026-12-25"}, response=CONCERN_EXAMPLE)
def escalate(path: IdPath, body: EscalateBody) -> Response:
    """To chi bộ, Đảng ủy, UBND or Thành Đoàn, with the day by which an answer is expected."""
    return run_command(
        lambda context: escalate_concern(
            store(), context, path.id, to=body.to, expected_by=body.expected_by, expected=expected_version()
        ),
        _told,
    )


@concerns.post("/<id>/answer", summary="Answer a concern", responses={200: ConcernView})
@example(request={"answer": "Phụ cấp quý III đã được chi trả ngày 5/12."}, response=CONCERN_EXAMPLE)
def answer_a_concern(path: IdPath, body: AnswerBody) -> Response:
    """The answer goes to the branch's secretary (or deputy) and to who raised it, by SMS and e-mail."""
    return run_command(
        lambda context: answer_concern(store(), context, path.id, body.answer, expected=expected_version()), _told
    )


@concerns.post("/<id>/confirm", summary="The branch's word on the answer", responses={200: ConcernView})
@example(name="satisfied", request={"satisfied": True}, response=CONCERN_EXAMPLE)
@example(name="not satisfied", request={"satisfied": False, "note": "Chưa nhận được phụ cấp"})
def confirm(path: IdPath, body: ConfirmBody) -> Response:
    """Unsatisfied needs a reason, and opens the concern again."""
    return run_command(
        lambda context: confirm_concern(
            store(), context, path.id, satisfied=body.satisfied, note=body.note, expected=expected_version()
        ),
        _told,
    )


@concerns.post("/<id>/close", summary="Close a concern", responses={200: ConcernView})
@example(request={"note": "Chi đoàn đã xác nhận"}, response=CONCERN_EXAMPLE)
def close(path: IdPath, body: CloseBody) -> Response:
    """Once it was answered; what was never answered is not closed."""
    return run_command(
        lambda context: close_concern(store(), context, path.id, note=body.note, expected=expected_version()), _told
    )


def _raised(concern: Concern) -> Reply:
    return Reply(ConcernView.of(concern), status=201, location=f"/v1/concerns/{concern.id}", version=concern.version)


def _told(concern: Concern) -> Reply:
    return Reply(ConcernView.of(concern), version=concern.version)


def _view(context: Context, concern: Concern) -> ConcernView:
    knows = may(context, "concerns.answer", concern.unit_path) or may(context, "concerns.confirm", concern.unit_path)
    return ConcernView.of(concern) if knows or not concern.anonymous else ConcernView.without_raiser(concern)
