"""Who is coming, who is not, who is silent: in all and by branch, counted by index."""

from __future__ import annotations

from dataclasses import dataclass

from chassis.context import Context
from chassis.permissions import reach
from chassis.storage.documents import Filter
from chassis.storage.store import Store
from scheduling.application.meeting_sight import meeting_in_reach
from scheduling.application.permitted import actor_of, may
from scheduling.application.records import IGNORED_REPLIES, INVITATIONS
from scheduling.domain.invitation import AnswerState
from scheduling.domain.meeting import Meeting


@dataclass(frozen=True, slots=True)
class Answers:
    """Numbers of one unit, or of the whole meeting."""

    coming: int
    not_coming: int
    silent: int


@dataclass(frozen=True, slots=True)
class AnswerBoard:
    """`by_unit`: the convening unit and each branch that has invitees. `late`: replies that came after the end."""

    meeting: Meeting
    total: Answers
    by_unit: dict[str, Answers]
    late: int


def count_answers(store: Store, context: Context, meeting_id: str) -> AnswerBoard:
    """The board as far as the actor may see it: a branch's secretary sees the branch's numbers."""
    meeting = meeting_in_reach(store, context, meeting_id)
    visible = [
        unit_id
        for unit_id in dict.fromkeys([meeting.unit_id, *meeting.branch_ids])
        if may(context, "invitations.read", _path(meeting, unit_id))
    ]
    by_unit = {unit_id: _answers(store, {"meeting_id": meeting.id, "unit_id": unit_id}) for unit_id in visible}
    by_unit = {unit_id: one for unit_id, one in by_unit.items() if one.coming + one.not_coming + one.silent}
    total = Answers(
        sum(one.coming for one in by_unit.values()),
        sum(one.not_coming for one in by_unit.values()),
        sum(one.silent for one in by_unit.values()),
    )
    whole = may(context, "invitations.read", meeting.unit_path)
    late = store.count(IGNORED_REPLIES, {"meeting_id": meeting.id}) if whole else 0
    return AnswerBoard(meeting, total, by_unit, late)


def invitations_filter(context: Context, meeting: Meeting) -> Filter:
    """The invitations of a meeting that lists show to the actor."""
    held = reach(actor_of(context), "invitations.read", context.today)
    if not held.below.isdisjoint(meeting.unit_path):
        return {"meeting_id": meeting.id}
    return {"$and": [{"meeting_id": meeting.id}, held.as_filter()]}


def _path(meeting: Meeting, unit_id: str) -> tuple[str, ...]:
    return meeting.unit_path if unit_id == meeting.unit_id else (*meeting.unit_path, unit_id)


def _answers(store: Store, where: Filter) -> Answers:
    def count(answer: AnswerState) -> int:
        return store.count(INVITATIONS, {**where, "answer": answer.value})

    return Answers(count(AnswerState.COMING), count(AnswerState.NOT_COMING), count(AnswerState.SILENT))
