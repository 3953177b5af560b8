"""Runs use cases for requests: surroundings in, a committed outcome and an answer out.

A route reads as: what is decided, and how the result is told.

    return run_command(
        lambda context: convene_briefing(context, store, body.briefing()),
        lambda meeting: Reply(MeetingView.of(meeting), status=201, location=f"/v1/meetings/{meeting.id}", version=1),
    )
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from flask import Response, request
from pydantic import BaseModel

from chassis.context import Context
from chassis.failures import AlreadyExists, Refusal, VersionConflict
from chassis.outcome import Outcome
from chassis.storage.changes import Changes
from chassis.web.conditions import already_has, changed_meanwhile, etag, expected_version
from chassis.web.idempotency import IDEMPOTENCY, idempotency_key, replayed, row_id, to_store
from chassis.web.problems import ProblemRaised
from chassis.web.surroundings import Surroundings, request_context, surroundings

T = TypeVar("T")

ATTEMPTS = 4
"""One and three more, where another writer was faster each time."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: `version` becomes the ETag; `location` is the path of what was made; no body means 204."""

    body: BaseModel | None = None
    status: int = 200
    location: str | None = None
    version: int | None = None


def rendered(reply: Reply) -> Response:
    """The reply as a response."""
    if reply.body is None:
        response = Response(status=204 if reply.status == 200 else reply.status)
        response.headers.pop("Content-Type", None)
    else:
        response = Response(
            reply.body.model_dump_json(by_alias=True), status=reply.status, content_type="application/json"
        )
    if reply.version is not None:
        response.headers["ETag"] = etag(reply.version)
    if reply.location is not None:
        response.headers["Location"] = reply.location
    return response


def run_query(answer: Callable[[Context], Reply]) -> Response:
    """Answer a question. 304 when the caller has this version already."""
    reply = answer(request_context())
    if reply.version is not None and already_has(reply.version):
        response = Response(status=304)
        response.headers["ETag"] = etag(reply.version)
        return response
    return rendered(reply)


def run_command(decide: Callable[[Context], Outcome[T]], respond: Callable[[T], Reply]) -> Response:
    """Decide, commit, answer; once per Idempotency-Key, which every POST must carry.

    `decide` may be called again when another writer was faster, and must be free of effects. A VersionConflict that
    it raises, or that remains, is told as 412 where the caller sent If-Match, else as 409. On a public route, where
    nobody is known to whom a key could belong, keys are not looked at.
    """
    here = surroundings()
    conditional = expected_version() is not None  # a tag that can't be read is refused before anything is decided
    key = idempotency_key() if here.principal is not None else None
    id = row_id(here.principal, key) if here.principal is not None and key is not None else None
    try:
        return _decided(decide, respond, here, id, conditional=conditional)
    except (Refusal, VersionConflict, AlreadyExists, ProblemRaised):
        # The effect of an earlier try with this key may be why it is refused now: then that answer is the answer.
        answer = replayed(here.store, id) if id is not None else None
        if answer is None:
            raise
        return answer


def _decided(
    decide: Callable[[Context], Outcome[T]],
    respond: Callable[[T], Reply],
    here: Surroundings,
    id: str | None,
    *,
    conditional: bool,
) -> Response:
    for left in reversed(range(ATTEMPTS)):
        try:
            context = here.context()
            outcome = decide(context)
        except VersionConflict:
            if conditional or not left:
                raise
            continue
        response = rendered(respond(outcome.result))
        changes = Changes()
        if id is not None:
            changes.insert(IDEMPOTENCY, to_store(response, id=id, at=context.now))
        try:
            here.store.commit(changes.extend(outcome.changes))
            return response
        except VersionConflict:
            if not left:
                raise
    raise AssertionError("unreachable: the last attempt returns or raises")


def told_conflict(conflict: VersionConflict | AlreadyExists) -> ProblemRaised:
    """What a conflict that remains is told as."""
    if isinstance(conflict, AlreadyExists):
        return ProblemRaised(
            409,
            "already-exists",
            vi="Dữ liệu này đã có trong hệ thống.",
            en="This is there already.",
        )
    if request.headers.get("If-Match") is not None:
        return changed_meanwhile()
    return ProblemRaised(
        409,
        "changed-meanwhile",
        vi="Nhiều người đang sửa cùng một dữ liệu; hãy thử lại.",
        en="Others are changing the same thing just now: try again.",
        headers={"Retry-After": "1"},
    )
