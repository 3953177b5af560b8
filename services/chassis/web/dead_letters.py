"""Routes for operators: the records that this service's consumer put aside, having them applied once more, giving them
up.

What a record says is not shown here: a state's bytes are personal data of people whom the reader may have no business
with, and an answer lies in caches and histories. Its size and headers are; the bytes are printed at the operator's
terminal (`dead-letters show`).
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from flask import Response
from pydantic import BaseModel, Field

from chassis.context import Context
from chassis.failures import Refusal
from chassis.messaging.dead_letters import (
    DEAD_LETTERS,
    DeadLetter,
    State,
    drop_dead_letter,
    release_dead_letter,
    show_dead_letter,
)
from chassis.outcome import Outcome
from chassis.permissions import Reach, reach
from chassis.web.access_log import record_access
from chassis.web.authentication import principal
from chassis.web.commands import Reply, run_command, run_query
from chassis.web.paging import Listing, PageQuery, page
from chassis.web.routes import Routes, blueprint, example
from chassis.web.surroundings import surroundings

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


class HeaderView(BaseModel):
    """Bytes that are no UTF-8 are written out (`\\xff`)."""

    name: str
    value: str


class LetterView(LetterSummary):
    """With what went wrong, which may quote the record; each reading is written to the access log."""

    error: str
    headers: list[HeaderView]
    size: int | None = Field(description="Bytes of the payload; null for a tombstone and for what was given up")
    decided_at: datetime | None

    @classmethod
    def of(cls, letter: DeadLetter) -> LetterView:
        headers = [
            HeaderView(name=name, value=value.decode(errors="backslashreplace")) for name, value in letter.headers
        ]
        size = None if letter.value is None else len(letter.value)
        shown = LetterSummary.of(letter).model_dump()
        return cls(**shown, error=letter.error, headers=headers, size=size, decided_at=letter.decided_at)


def dead_letter_routes() -> Routes:
    """/v1/dead-letters for a service. Verbs: dead-letters.read, dead-letters.release, dead-letters.drop."""
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
    @example(
        response=_SHOWN
        | {
            "error": "the payload is no PersonState: full_name: missing",
            "headers": [{"name": "ce_type", "value": "vn.nhipdoan.members.person.state.v1"}],
            "size": 412,
            "decided_at": None,
        }
    )
    def show_letter(path: LetterPath) -> Response:
        """What it was and what went wrong; its bytes are shown at the operator's terminal only."""

        def answer(context: Context) -> Reply:
            allowed = _required("dead-letters.read", context)
            letter = show_dead_letter(surroundings().store, path.id)
            record_access(context, "dead-letters.read", min(allowed.below | allowed.exactly), 1)
            return Reply(LetterView.of(letter), version=letter.version)

        return run_query(answer)

    @routes.post("/<id>/release", summary="Xử lý lại một bản ghi lỗi", responses={200: LetterSummary})
    @example(response=_SHOWN | {"state": "released"})
    def release_letter(path: LetterPath) -> Response:
        """Have the consumer apply it once more, once and by this service alone."""

        return run_command(
            lambda context: _released(context, path.id),
            lambda letter: Reply(LetterSummary.of(letter), version=letter.version),
        )

    @routes.post("/<id>/drop", summary="Bỏ hẳn một bản ghi lỗi", responses={200: LetterSummary})
    @example(response=_SHOWN | {"state": "dropped"})
    def drop_letter(path: LetterPath) -> Response:
        """Give it up, for good: its bytes are erased; what it was and where it came from stays."""

        return run_command(
            lambda context: _dropped(context, path.id),
            lambda letter: Reply(LetterSummary.of(letter), version=letter.version),
        )

    return routes


def _released(context: Context, id: str) -> Outcome[DeadLetter]:
    _required("dead-letters.release", context)
    return release_dead_letter(surroundings().store, id, now=context.now)


def _dropped(context: Context, id: str) -> Outcome[DeadLetter]:
    _required("dead-letters.drop", context)
    return drop_dead_letter(surroundings().store, id, now=context.now)


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
