"""Routes for operators: the records that this service's consumer put aside, and having them applied once more."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from flask import Response
from pydantic import BaseModel, Field

from chassis.context import Context
from chassis.failures import Refusal
from chassis.messaging.dead_letters import DEAD_LETTERS, DeadLetter, release_dead_letter, show_dead_letter
from chassis.outcome import Outcome
from chassis.permissions import Reach, reach
from chassis.web.access_log import record_access
from chassis.web.authentication import principal
from chassis.web.commands import Reply, run_command, run_query
from chassis.web.paging import Listing, PageQuery, page
from chassis.web.routes import Routes, blueprint, example
from chassis.web.surroundings import surroundings

State = Literal["open", "released", "settled", "dropped"]

_SHOWN = {
    "id": "members.people.v1:3:1207",
    "topic": "members.people.v1",
    "type": "vn.nhipdoan.members.person.state.v1",
    "error_class": "Malformed",
    "state": "open",
    "attempts": 1,
    "failed_at": "2026-03-26T12:30:00Z",
}


class LetterPath(BaseModel):
    """`topic:partition:offset`"""

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,249}:[0-9]{1,6}:[0-9]{1,18}$", max_length=280)]


class LettersQuery(PageQuery):
    state: State = Field(default="open", description="Which ones; `open` wait for a decision")


class LetterSummary(BaseModel):
    """A dead letter without what it said: its bytes may hold personal data and are not shown here."""

    id: str
    topic: str
    type: str
    error_class: str
    state: State
    attempts: int
    failed_at: datetime

    @classmethod
    def of(cls, letter: DeadLetter) -> LetterSummary:
        return cls.model_validate(letter, from_attributes=True)


class LetterView(LetterSummary):
    """With what went wrong, which may quote the record; each reading is written to the access log."""

    error: str


def dead_letter_routes() -> Routes:
    """/v1/dead-letters for a service. Verbs: dead-letters.read, dead-letters.release."""
    routes = blueprint("dead_letters", "/v1/dead-letters", about="Bản ghi lỗi của dịch vụ này (dành cho quản trị)")

    @routes.get("", summary="Các bản ghi lỗi", responses={200: Listing[LetterSummary]})
    @example(response={"items": [_SHOWN], "next_cursor": None})
    def list_letters(query: LettersQuery) -> Response:
        """Records that could not be applied, in the order of their origin."""

        def answer(context: Context) -> Reply:
            _required("dead-letters.read", context)
            store = surroundings().store
            found = page(store, DEAD_LETTERS, {"state": query.state}, limit=query.limit, cursor=query.cursor)
            return Reply(found.listed(Listing[LetterSummary], LetterSummary.of))

        return run_query(answer)

    @routes.get("/<id>", summary="Một bản ghi lỗi", responses={200: LetterView})
    @example(response=_SHOWN | {"error": "not a PersonState: full_name is missing"})
    def show_letter(path: LetterPath) -> Response:
        """What it was and what went wrong."""

        def answer(context: Context) -> Reply:
            allowed = _required("dead-letters.read", context)
            letter = show_dead_letter(surroundings().store, path.id)
            record_access(context, "dead-letters.read", min(allowed.below | allowed.exactly), 1)
            return Reply(LetterView.model_validate(letter, from_attributes=True), version=letter.version)

        return run_query(answer)

    @routes.post("/<id>/release", summary="Xử lý lại một bản ghi lỗi", responses={200: LetterSummary})
    @example(response=_SHOWN | {"state": "released"})
    def release_letter(path: LetterPath) -> Response:
        """Have the consumer apply it once more, once and by this service alone."""

        return run_command(
            lambda context: _released(context, path.id),
            lambda letter: Reply(LetterSummary.of(letter), version=letter.version),
        )

    return routes


def _released(context: Context, id: str) -> Outcome[DeadLetter]:
    _required("dead-letters.release", context)
    return release_dead_letter(surroundings().store, id, now=context.now)


def _required(verb: str, context: Context) -> Reach:
    """Records belong to no unit: whoever has the verb somewhere (the grammar gives it at the root) has it here."""
    allowed = reach(principal(), verb, context.today)
    if not (allowed.below or allowed.exactly):
        raise Refusal(
            "not-permitted",
            vi="Tài khoản này không có quyền xem hoặc xử lý bản ghi lỗi.",
            en=f"This account may not do this ({verb}).",
            because="forbidden",
        )
    return allowed
