"""Take a concern from classification to its answer and the branch's word on it."""

from __future__ import annotations

from datetime import date

from chassis.context import Context
from chassis.failures import Refusal, missing
from chassis.messaging.outbox import publish
from chassis.outcome import Outcome
from chassis.storage.changes import Changes
from chassis.storage.store import Store
from contracts.scheduling_events import ConcernAnswered
from contracts.scheduling_states import ConcernAnswerState
from scheduling.application.organisation import posts_in
from scheduling.application.permitted import acting_as, as_expected, may, require_may
from scheduling.application.records import CONCERNS
from scheduling.domain.concern import Concern, ConcernCategory
from scheduling.domain.invitees import branch_leaders
from scheduling.domain.told_texts import free_text


def concern_in_reach(store: Store, context: Context, concern_id: str) -> Concern:
    """The concern. Raises Refusal `missing` where there is none, and the same where the actor may not see it."""
    concern = store.get(CONCERNS, concern_id)
    if concern is None or not may(context, "concerns.read", concern.unit_path):
        raise missing("kiến nghị", "concern")
    return concern


def classify_concern(
    store: Store, context: Context, concern_id: str, category: ConcernCategory, *, expected: int | None = None
) -> Outcome[Concern]:
    concern = _answered_for(store, context, concern_id, expected)
    return _changed(concern.classified(category, at=context.now, by=acting_as(context)))


def start_concern(
    store: Store,
    context: Context,
    concern_id: str,
    *,
    note: str | None = None,
    expected_by: date | None = None,
    expected: int | None = None,
) -> Outcome[Concern]:
    """Somebody works on it; `expected_by` is the day on which the branch may expect an answer."""
    concern = _answered_for(store, context, concern_id, expected)
    _require_future(expected_by, context.today)
    return _changed(concern.started(at=context.now, by=acting_as(context), note=_note(note), expected_by=expected_by))


def escalate_concern(
    store: Store, context: Context, concern_id: str, *, to: str, expected_by: date, expected: int | None = None
) -> Outcome[Concern]:
    """Pass it on to chi bộ, Đảng ủy, UBND or Thành Đoàn, with the day by which an answer is expected."""
    concern = _answered_for(store, context, concern_id, expected)
    _require_future(expected_by, context.today)
    to = _required(to, "/to", "cấp được chuyển đến", "level it is passed to")
    return _changed(concern.escalated(to=to, expected_by=expected_by, at=context.now, by=acting_as(context)))


def answer_concern(
    store: Store, context: Context, concern_id: str, text: str, *, expected: int | None = None
) -> Outcome[Concern]:
    """Answer the branch → ConcernAnswered, and the text as state, in one transaction."""
    concern = _answered_for(store, context, concern_id, expected)
    answer = _required(text, "/answer", "nội dung trả lời", "answer")
    answered = concern.answered(answer, at=context.now, by=acting_as(context))
    event = ConcernAnswered(
        concern_id=answered.id,
        number=answered.number,
        unit_id=answered.unit_id,
        branch_id=answered.branch_id,
        recipient_ids=_recipients(store, answered, context.today),
    )
    changes = tell_answer(Changes().replace(CONCERNS, answered), context, answered)
    return Outcome(answered, publish(changes, context.message(event, key=answered.id, sequence=answered.version)))


def tell_answer(changes: Changes, context: Context, concern: Concern) -> Changes:
    """The answer as state; the event carries no text."""
    state = ConcernAnswerState(
        concern_id=concern.id, version=concern.version, subject=concern.title, answer=concern.answer or ""
    )
    return publish(changes, context.message(state, key=concern.id, sequence=concern.version))


def confirm_concern(
    store: Store,
    context: Context,
    concern_id: str,
    *,
    satisfied: bool,
    note: str | None = None,
    expected: int | None = None,
) -> Outcome[Concern]:
    """The branch's word on the answer. Unsatisfied needs a reason and opens the concern again."""
    concern = concern_in_reach(store, context, concern_id)
    require_may(context, "concerns.confirm", concern.unit_path)
    as_expected(CONCERNS, concern, expected)
    by = acting_as(context)
    if satisfied:
        return _changed(concern.confirmed(at=context.now, by=by, note=_note(note)))
    reason = _required(note or "", "/note", "lý do chưa thỏa đáng", "reason")
    return _changed(concern.disputed(at=context.now, by=by, note=reason))


def close_concern(
    store: Store, context: Context, concern_id: str, *, note: str | None = None, expected: int | None = None
) -> Outcome[Concern]:
    concern = _answered_for(store, context, concern_id, expected)
    return _changed(concern.closed(at=context.now, by=acting_as(context), note=_note(note)))


def _answered_for(store: Store, context: Context, concern_id: str, expected: int | None) -> Concern:
    concern = concern_in_reach(store, context, concern_id)
    require_may(context, "concerns.answer", concern.unit_path)
    as_expected(CONCERNS, concern, expected)
    return concern


def _recipients(store: Store, concern: Concern, day: date) -> list[str]:
    """The branch's secretary, or deputy where the post is vacant, and who raised it; each once."""
    leaders = branch_leaders(concern.branch_id, posts_in(store, [concern.branch_id], day))
    raiser = [concern.raised_by] if concern.raised_by else []
    return list(dict.fromkeys([*(one.person_id for one in leaders), *raiser]))


def _changed(concern: Concern) -> Outcome[Concern]:
    return Outcome(concern, Changes().replace(CONCERNS, concern))


def _note(note: str | None) -> str | None:
    return (free_text(note) or None) if note else None


def _required(text: str, pointer: str, vi: str, en: str) -> str:
    clean = free_text(text)
    if not clean:
        raise Refusal("text-missing", vi=f"Cần nhập {vi}.", en=f"The {en} is missing.", pointer=pointer)
    return clean


def _require_future(day: date | None, today: date) -> None:
    if day is not None and day < today:
        raise Refusal(
            "due-in-the-past",
            vi=f"Ngày dự kiến trả lời {day:%d/%m/%Y} đã qua.",
            en=f"The expected day {day.isoformat()} has passed.",
            pointer="/expected_by",
        )
