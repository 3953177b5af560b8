"""Who is invited to what, and why. Posts and memberships are those of the meeting's day; the result is frozen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from contracts.scheduling_events import InvitationReason
from scheduling.domain.meeting import Unreached

BRANCH_SECRETARY = "branch_secretary"
BRANCH_DEPUTY = "branch_deputy"


@dataclass(frozen=True, slots=True)
class HeldPost:
    """A post that `person_id` holds in `unit_id` on the day in question."""

    person_id: str
    unit_id: str
    post: str


@dataclass(frozen=True, slots=True)
class Called:
    """A person to invite, for which reason and for which unit."""

    person_id: str
    reason: InvitationReason
    unit_id: str


@dataclass(frozen=True, slots=True)
class Roll:
    """Everyone to invite, each once, and the branches of which nobody could be."""

    called: tuple[Called, ...]
    unreached: tuple[Unreached, ...] = ()


def briefing_roll(
    commune_id: str, branch_ids: Sequence[str], posts: Iterable[HeldPost], standing_posts: frozenset[str]
) -> Roll:
    """Giao ban: thường trực and every branch's secretary, or its deputies where the secretary's post is vacant.

    Source: “thường trực đoàn xã … với bí thư chi đoàn” (domain §2 B); reminders to a deputy when vacant (§1.2).
    """
    held = tuple(posts)
    called = [_standing(post) for post in held if post.unit_id == commune_id and post.post in standing_posts]
    unreached = []
    for branch_id in branch_ids:
        leaders = branch_leaders(branch_id, held)
        called += leaders
        if not leaders:
            unreached.append(Unreached(branch_id=branch_id, reason="no_secretary_and_no_deputy"))
    return Roll(_each_once(called), tuple(unreached))


def assignment_roll(
    commune_id: str, posts: Iterable[HeldPost], standing_posts: frozenset[str], committee_posts: frozenset[str]
) -> Roll:
    """Họp BTV giao nhiệm vụ: thường trực and the other members of the standing committee (domain §2 E)."""
    here = [post for post in posts if post.unit_id == commune_id]
    standing = [_standing(post) for post in here if post.post in standing_posts]
    committee = [
        Called(post.person_id, InvitationReason.COMMITTEE_MEMBER, post.unit_id)
        for post in here
        if post.post in committee_posts
    ]
    return Roll(_each_once([*standing, *committee]))


def joint_activity_roll(branch_ids: Sequence[str], youth: Iterable[tuple[str, str]]) -> Roll:
    """Liên chi đoàn: all youth, members or not, of the host and partner branches; `youth` pairs person and branch."""
    called = _each_once(Called(person_id, InvitationReason.BRANCH_YOUTH, branch_id) for person_id, branch_id in youth)
    reached = {one.unit_id for one in called}
    return Roll(called, tuple(Unreached(branch_id=id, reason="no_youth") for id in branch_ids if id not in reached))


def branch_leaders(branch_id: str, posts: Iterable[HeldPost]) -> list[Called]:
    """The secretary of a branch; where that post is vacant, its deputies; else nobody."""
    here = [post for post in posts if post.unit_id == branch_id]
    for wanted, reason in (
        (BRANCH_SECRETARY, InvitationReason.BRANCH_SECRETARY),
        (BRANCH_DEPUTY, InvitationReason.BRANCH_DEPUTY),
    ):
        if found := [Called(post.person_id, reason, branch_id) for post in here if post.post == wanted]:
            return found
    return []


def _standing(post: HeldPost) -> Called:
    return Called(post.person_id, InvitationReason.STANDING_SECRETARY, post.unit_id)


def _each_once(called: Iterable[Called]) -> tuple[Called, ...]:
    """Who is called for two reasons keeps the first."""
    first: dict[str, Called] = {}
    for one in called:
        first.setdefault(one.person_id, one)
    return tuple(first.values())
