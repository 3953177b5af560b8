"""What every convening has in common: the meeting, its invitations and MeetingScheduled, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from chassis.context import Context
from chassis.failures import Refusal
from chassis.messaging.outbox import publish
from chassis.storage.changes import Changes
from chassis.storage.store import Store
from contracts.scheduling_events import Invitee, MeetingKind, MeetingScheduled
from scheduling.application.commune_calendar import already_this_period, better_slots, days_off, meetings_around
from scheduling.application.organisation import unit_names
from scheduling.application.permitted import acting_as
from scheduling.application.read_models import UnitSeen
from scheduling.application.records import INVITATIONS, MEETINGS
from scheduling.domain.invitation import Invitation, invitation_id
from scheduling.domain.invitees import Roll
from scheduling.domain.meeting import Meeting
from scheduling.domain.notice import Notice
from scheduling.domain.policy import Policy
from scheduling.domain.timing import Slot, require_possible, timing_notices
from scheduling.domain.told_texts import free_text, told_text

MOST_INVITEES = 20_000
"""The contract of MeetingScheduled."""


@dataclass(frozen=True, slots=True)
class MeetingPlan:
    """What an officer says about a meeting. Instants are aware; `decision` is the number of the written summons."""

    title: str
    starts_at: datetime
    ends_at: datetime
    place: str
    agenda: str = ""
    online_url: str | None = None
    answer_by: datetime | None = None
    decision: str | None = None

    @property
    def slot(self) -> Slot:
        return Slot(self.starts_at, self.ends_at)


@dataclass(frozen=True, slots=True)
class Arranged:
    """A meeting with what its officer should know, and slots that would be better where something is unusual."""

    meeting: Meeting
    notices: tuple[Notice, ...] = ()
    better: tuple[Slot, ...] = ()


@dataclass(frozen=True, slots=True)
class Gathering:
    """Which meeting of whom, beside what the plan says. `branches` are the branches it concerns."""

    kind: MeetingKind
    commune: UnitSeen
    roll: Roll
    branches: Sequence[UnitSeen] = ()
    seen_from_branches: bool = True
    host_branch_id: str | None = None
    proposal_id: str | None = None
    extra_notices: Sequence[Notice] = field(default_factory=tuple)


def arrange(
    store: Store, context: Context, policy: Policy, gathering: Gathering, plan: MeetingPlan
) -> tuple[Arranged, Changes]:
    """The meeting as it will be, and what to commit. Raises Refusal for what cannot be."""
    commune, roll = gathering.commune, gathering.roll
    around = meetings_around(store, policy, gathering.kind, commune.id, plan.slot)

    def better() -> list[Slot]:
        return better_slots(store, context, policy, kind=gathering.kind, path=commune.path, slot=plan.slot)

    require_possible(plan.slot, context.now, better=better, answer_by=plan.answer_by)
    _require_invitees(roll)
    meeting = _meeting(context, gathering, plan)
    notices = [
        *gathering.extra_notices,
        *already_this_period(policy, gathering.kind, around.same_period),
        *meeting_notices(
            store,
            context,
            policy,
            meeting,
            path=commune.path,
            person_ids=[one.person_id for one in roll.called],
            busy=around.busy,
        ),
        *_unreached_notices(store, roll, context.today),
    ]
    changes = Changes().insert(MEETINGS, meeting).insert(INVITATIONS, *_invitations(meeting, roll, gathering.branches))
    publish(changes, context.message(_scheduled(meeting, roll), key=meeting.id, sequence=meeting.version))
    return Arranged(meeting, tuple(notices), tuple(better()) if notices else ()), changes


def _meeting(context: Context, gathering: Gathering, plan: MeetingPlan) -> Meeting:
    branch_ids = tuple(one.id for one in gathering.branches)
    return Meeting(
        id=context.new_id(),
        kind=gathering.kind,
        unit_id=gathering.commune.id,
        unit_path=gathering.commune.path,
        seen_from=(*gathering.commune.path, *branch_ids) if gathering.seen_from_branches else gathering.commune.path,
        branch_ids=branch_ids,
        title=told_text(plan.title, pointer="/title", called_vi="tên cuộc họp", called_en="title"),
        agenda=free_text(plan.agenda),
        starts_at=plan.starts_at,
        ends_at=plan.ends_at,
        place=told_text(plan.place, pointer="/place", called_vi="địa điểm", called_en="place"),
        online_url=plan.online_url,
        answer_by=plan.answer_by,
        decision=plan.decision,
        convened_by=acting_as(context),
        host_branch_id=gathering.host_branch_id,
        proposal_id=gathering.proposal_id,
        invited=len(gathering.roll.called),
        unreached=gathering.roll.unreached,
    )


def meeting_notices(
    store: Store,
    context: Context,
    policy: Policy,
    meeting: Meeting,
    *,
    path: Sequence[str],
    person_ids: Sequence[str],
    busy: Sequence[Meeting],
) -> list[Notice]:
    """What is unusual about a meeting's time and place, and whom of the invited it would call away from another.

    `path` is that of the commune as it stands now, for the days off that were set above it.
    """
    slot = Slot(meeting.starts_at, meeting.ends_at)
    notices = timing_notices(meeting.kind, slot, context.now, policy, days_off(store, path, slot))
    invited = set(person_ids)
    for other in busy:
        if other.id == meeting.id:
            continue
        also = store.find(INVITATIONS, {"meeting_id": other.id})
        both = sum(invitation.person_id in invited for invitation in also)
        if both:
            notices.append(
                Notice(
                    "clash",
                    f"{both} người được mời cũng được mời dự “{other.title}” cùng giờ.",
                    f"{both} of the invited are also invited to “{other.title}” at that time.",
                )
            )
        if other.place.casefold() == meeting.place.casefold():
            notices.append(
                Notice(
                    "place-taken",
                    f"Địa điểm “{meeting.place}” đã có “{other.title}” cùng giờ.",
                    f"“{other.title}” takes place there at that time.",
                )
            )
    return notices


def _invitations(meeting: Meeting, roll: Roll, branches: Sequence[UnitSeen]) -> list[Invitation]:
    paths = {one.id: one.path for one in branches}
    return [
        Invitation(
            id=invitation_id(meeting.id, one.person_id),
            meeting_id=meeting.id,
            person_id=one.person_id,
            reason=one.reason,
            unit_id=one.unit_id,
            unit_path=paths.get(one.unit_id, meeting.unit_path),
        )
        for one in roll.called
    ]


def _scheduled(meeting: Meeting, roll: Roll) -> MeetingScheduled:
    return MeetingScheduled(
        meeting_id=meeting.id,
        meeting=meeting.facts,
        invitees=[Invitee(person_id=one.person_id, reason=one.reason) for one in roll.called],
        answer_by=meeting.answer_by,
    )


def _require_invitees(roll: Roll) -> None:
    if not roll.called:
        raise Refusal(
            "no-invitees",
            vi="Không có ai để mời: hãy kiểm tra chức vụ hoặc danh sách đoàn viên, thanh niên của các chi đoàn.",
            en="There is nobody to invite: check the posts, or the members of the branches.",
            because="conflict",
        )
    if len(roll.called) > MOST_INVITEES:
        raise Refusal(
            "too-many-invitees",
            vi=f"Cuộc họp có {len(roll.called)} người được mời, tối đa {MOST_INVITEES}: hãy chia nhỏ.",
            en=f"{len(roll.called)} people would be invited, at most {MOST_INVITEES} can be: split it.",
        )


def _unreached_notices(store: Store, roll: Roll, day: date) -> list[Notice]:
    names = unit_names(store, [one.branch_id for one in roll.unreached], day)
    texts = {
        "no_secretary_and_no_deputy": (
            "chưa có bí thư và phó bí thư nên chưa mời được ai",
            "has no secretary and no deputy, so nobody of it is invited",
        ),
        "no_youth": ("chưa có đoàn viên, thanh niên nào trong danh sách", "has no youth on its list"),
    }
    return [
        Notice(
            "branch-unreached",
            f"{names.get(one.branch_id, 'Một chi đoàn')} {texts[one.reason][0]}.",
            f"{names.get(one.branch_id, 'A branch')} {texts[one.reason][1]}.",
        )
        for one in roll.unreached
    ]
