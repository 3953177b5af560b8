"""A branch raises a concern (kiến nghị, tâm tư), any day or at a briefing → ConcernRaised."""

from __future__ import annotations

from dataclasses import dataclass

from chassis.context import Context
from chassis.failures import Refusal, missing
from chassis.messaging.outbox import publish
from chassis.outcome import Outcome
from chassis.storage.changes import Changes
from chassis.storage.store import Store
from contracts.scheduling_events import ConcernRaised
from scheduling.application.meeting_sight import meeting_in_reach
from scheduling.application.organisation import commune_of, require_branch, unit
from scheduling.application.permitted import acting_as, actor_of, require_on
from scheduling.application.read_models import PEOPLE
from scheduling.application.records import CONCERNS, SEQUENCES, Sequence
from scheduling.domain.concern import Concern, ConcernCategory, Entry
from scheduling.domain.told_texts import free_text


@dataclass(frozen=True, slots=True)
class ConcernSaid:
    """What a branch says. `raised_by`: the person, where an officer writes it down for someone; None is the actor."""

    branch_id: str
    category: ConcernCategory
    title: str
    text: str
    anonymous: bool = False
    meeting_id: str | None = None
    raised_by: str | None = None


def raise_concern(store: Store, context: Context, said: ConcernSaid) -> Outcome[Concern]:
    """Record a concern under the next number of its commune and year (KN-01, KN-02 …, without gaps)."""
    branch = unit(store, said.branch_id)
    require_on(context, "concerns.raise", branch.path, seen_with="units.read", what=("đơn vị", "unit"))
    require_branch(branch, context.today)
    commune = commune_of(store, branch, context.today)
    if said.meeting_id is not None and meeting_in_reach(store, context, said.meeting_id).unit_id != commune.id:
        raise missing("cuộc họp", "meeting")
    if said.raised_by is not None and store.get(PEOPLE, said.raised_by) is None:
        raise missing("người này", "person")
    title, text = _texts(said)
    sequence, changes = next_number(store, f"concern:{commune.id}:{context.today.year}")
    concern = Concern(
        id=context.new_id(),
        number=f"KN-{sequence:02d}",
        sequence=sequence,
        year=context.today.year,
        unit_id=commune.id,
        branch_id=branch.id,
        unit_path=branch.path,
        category=said.category,
        title=title,
        text=text,
        anonymous=said.anonymous,
        raised_by=said.raised_by or actor_of(context).person_id,
        raised_on=context.today,
        open_since=context.today,
        meeting_id=said.meeting_id,
        history=(Entry(command="raise", at=context.now, by=acting_as(context)),),
    )
    event = ConcernRaised(
        concern_id=concern.id,
        number=concern.number,
        unit_id=concern.unit_id,
        branch_id=concern.branch_id,
        meeting_id=concern.meeting_id,
    )
    changes.insert(CONCERNS, concern)
    publish(changes, context.message(event, key=concern.id, sequence=concern.version))
    return Outcome(concern, changes)


def next_number(store: Store, series: str) -> tuple[int, Changes]:
    """The next number of a series and the change that takes it; given back when the transaction does not commit.

    The series is begun by an absent-insert of nought before the compare-and-set, so that two who begin it at once
    meet as a VersionConflict, which is tried again, and not as a duplicate.
    """
    before = store.get(SEQUENCES, series) or Sequence(id=series, version=0)
    after = Sequence(id=series, version=before.version + 1, last=before.last + 1)
    changes = Changes()
    if before.version == 0:
        changes.insert_absent(SEQUENCES, before)
    return after.last, changes.replace(SEQUENCES, after)


def _texts(said: ConcernSaid) -> tuple[str, str]:
    title, text = " ".join(free_text(said.title).split()), free_text(said.text)
    for pointer, value, name in (("/title", title, "tiêu đề"), ("/text", text, "nội dung")):
        if not value:
            raise Refusal(
                "text-missing", vi=f"Cần nhập {name} kiến nghị.", en=f"{pointer} is missing.", pointer=pointer
            )
    return title, text
