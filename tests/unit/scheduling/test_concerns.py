"""Concerns: numbered without gaps, answered to the right people, and the branch has the last word."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from chassis.failures import Refusal, VersionConflict
from chassis.outcome import Outcome
from chassis.storage.memory import MemoryStore
from contracts.scheduling_events import ConcernAnswered, ConcernRaised
from contracts.scheduling_states import ConcernAnswerState
from scheduling.application.handle_concern import (
    answer_concern,
    classify_concern,
    close_concern,
    confirm_concern,
    escalate_concern,
    start_concern,
)
from scheduling.application.raise_concern import ConcernSaid, raise_concern
from scheduling.application.records import CONCERNS
from scheduling.domain.concern import Concern, ConcernCategory, ConcernState
from tests.unit.scheduling.commune import (
    BRANCH_DEPUTY,
    BRANCH_SECRETARY,
    BRANCHES,
    CLERK,
    MEMBER,
    NOW,
    OTHER_BRANCH,
    OTHER_SECRETARY,
    SECRETARY,
    context_of,
    done,
    published,
    settled_commune,
)

LATER = date(2026, 12, 1)


def said(branch_id: str = BRANCHES[0], **changes: Any) -> ConcernSaid:
    values: dict[str, Any] = {
        "branch_id": branch_id,
        "category": ConcernCategory.RIGHTS,
        "title": "Phụ cấp quý III",
        "text": "Ba tháng nay chưa nhận được phụ cấp.",
    }
    return ConcernSaid(**(values | changes))


def raised(store: MemoryStore) -> Concern:
    return done(store, raise_concern(store, context_of(BRANCH_SECRETARY), said()))


def test_a_branch_raises_a_concern_and_its_text_stays_here() -> None:
    store = settled_commune()
    outcome = raise_concern(store, context_of(BRANCH_SECRETARY), said())
    (event,) = published(outcome.changes)
    assert isinstance(event, ConcernRaised)
    assert (event.number, event.branch_id) == ("KN-01", BRANCHES[0])
    assert "phụ cấp" not in event.model_dump_json()
    concern = done(store, outcome)
    assert (concern.state, concern.raised_by, concern.year) == (ConcernState.RECORDED, BRANCH_SECRETARY, 2026)


def test_numbers_are_gap_free_per_commune_and_year() -> None:
    store = settled_commune()
    numbers = []
    for days in (0, 1, 70, 71):
        context = context_of(SECRETARY, NOW + timedelta(days=days))
        numbers.append(done(store, raise_concern(store, context, said())).number)
    assert numbers == ["KN-01", "KN-02", "KN-01", "KN-02"]
    other = raise_concern(store, context_of(OTHER_SECRETARY), said(OTHER_BRANCH))
    assert done(store, other).number == "KN-01"


@pytest.mark.parametrize("already", [0, 1])
def test_two_at_once_do_not_get_one_number(already: int) -> None:
    store = settled_commune()
    for _ in range(already):
        raised(store)
    one = raise_concern(store, context_of(SECRETARY), said())
    other = raise_concern(store, context_of(SECRETARY), said())
    store.commit(one.changes)
    with pytest.raises(VersionConflict):
        store.commit(other.changes)
    assert store.count(CONCERNS, {}) == already + 1


def test_a_branch_raises_nothing_for_another_and_an_officer_writes_down_for_someone() -> None:
    store = settled_commune()
    with pytest.raises(Refusal) as refused:
        raise_concern(store, context_of(BRANCH_SECRETARY), said(BRANCHES[1]))
    assert refused.value.because == "missing"
    outcome = raise_concern(store, context_of(CLERK), said(BRANCHES[1], raised_by=BRANCH_DEPUTY))
    assert done(store, outcome).raised_by == BRANCH_DEPUTY


def test_the_answer_goes_to_the_branch_and_the_raiser_and_its_text_only_into_the_state() -> None:
    store = settled_commune()
    concern = done(store, raise_concern(store, context_of(CLERK), said(raised_by=MEMBER)))
    outcome = answer_concern(store, context_of(), concern.id, "Đã chi trả ngày 5/12 cho anh Sơn.")
    state, event = published(outcome.changes)
    assert isinstance(state, ConcernAnswerState)
    assert (state.concern_id, state.version, state.answer) == (concern.id, 2, "Đã chi trả ngày 5/12 cho anh Sơn.")
    assert state.subject == "Phụ cấp quý III"
    assert isinstance(event, ConcernAnswered)
    assert event.recipient_ids == [BRANCH_SECRETARY, MEMBER]
    assert "Sơn" not in event.model_dump_json()
    assert done(store, outcome).state is ConcernState.ANSWERED


def test_where_the_secretarys_post_is_vacant_the_deputy_is_answered() -> None:
    store = settled_commune()
    concern = done(store, raise_concern(store, context_of(BRANCH_DEPUTY), said(BRANCHES[1])))
    event = published(answer_concern(store, context_of(), concern.id, "Đã xử lý.").changes)[1]
    assert isinstance(event, ConcernAnswered)
    assert event.recipient_ids == [BRANCH_DEPUTY]


def test_the_whole_way_with_a_second_answer_after_the_branch_was_not_satisfied() -> None:
    store = settled_commune()
    id = raised(store).id
    office, branch = context_of(), context_of(BRANCH_SECRETARY)

    def then(outcome: Outcome[Concern]) -> ConcernState:
        return done(store, outcome).state

    assert then(classify_concern(store, office, id, ConcernCategory.LOAN)) is ConcernState.CLASSIFIED
    assert then(start_concern(store, office, id, expected_by=LATER)) is ConcernState.IN_PROGRESS
    assert then(escalate_concern(store, office, id, to="UBND xã", expected_by=LATER)) is ConcernState.ESCALATED
    assert then(answer_concern(store, office, id, "Đã chuyển UBND.")) is ConcernState.ANSWERED
    assert then(confirm_concern(store, branch, id, satisfied=False, note="Chưa có")) is ConcernState.UNSATISFIED
    assert then(answer_concern(store, office, id, "Đã chi trả.")) is ConcernState.ANSWERED
    assert then(confirm_concern(store, branch, id, satisfied=True)) is ConcernState.CONFIRMED
    assert then(close_concern(store, office, id)) is ConcernState.CLOSED
    concern = store.get(CONCERNS, id)
    assert concern is not None
    assert [entry.command for entry in concern.history][:4] == ["raise", "classify", "start", "escalate"]
    assert (concern.escalated_to, concern.category) == ("UBND xã", ConcernCategory.LOAN)


def test_words_that_are_needed_are_asked_for() -> None:
    store = settled_commune()
    id = raised(store).id
    office, branch = context_of(), context_of(BRANCH_SECRETARY)
    with pytest.raises(Refusal) as no_answer:
        answer_concern(store, office, id, "  ")
    assert no_answer.value.pointer == "/answer"
    done(store, answer_concern(store, office, id, "Xong."))
    with pytest.raises(Refusal) as no_reason:
        confirm_concern(store, branch, id, satisfied=False)
    assert no_reason.value.pointer == "/note"
    with pytest.raises(Refusal) as past:
        escalate_concern(store, office, id, to="UBND xã", expected_by=date(2026, 1, 1))
    assert past.value.pointer == "/expected_by"


def test_only_the_office_answers_and_only_the_branch_confirms() -> None:
    store = settled_commune()
    id = raised(store).id
    with pytest.raises(Refusal) as branch:
        answer_concern(store, context_of(BRANCH_SECRETARY), id, "x")
    assert branch.value.because == "forbidden"
    with pytest.raises(Refusal) as other_branch:
        confirm_concern(store, context_of(BRANCH_DEPUTY), id, satisfied=True)
    assert other_branch.value.because == "missing"
    with pytest.raises(Refusal) as office:
        confirm_concern(store, context_of(), id, satisfied=True)
    assert office.value.because == "forbidden"


def test_a_version_that_was_read_and_is_gone_is_a_conflict() -> None:
    store = settled_commune()
    id = raised(store).id
    done(store, classify_concern(store, context_of(), id, ConcernCategory.OTHER, expected=1))
    with pytest.raises(VersionConflict):
        classify_concern(store, context_of(), id, ConcernCategory.LOAN, expected=1)
