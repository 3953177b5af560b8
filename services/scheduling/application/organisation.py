"""Questions to the read models of members: which units, who holds what, who is in charge, on a day."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from chassis.failures import Refusal, missing
from chassis.storage.documents import Filter
from chassis.storage.store import Store
from contracts.grammar import grammar
from scheduling.application.read_models import (
    PEOPLE,
    PORTFOLIOS,
    POSTS,
    UNITS,
    PortfolioSeen,
    UnitSeen,
    holds_on,
)
from scheduling.domain.invitees import HeldPost

COMMUNE_KINDS = frozenset({"commune"})
BRANCH_KINDS = frozenset({"branch", "direct_branch"})
_MORE_THAN_A_COMMUNE_HAS = 300

STANDING_POSTS = frozenset(key for key, post in grammar().posts.items() if post.standing)
"""Thường trực: bí thư and phó bí thư of a commune."""

COMMITTEE_POSTS = frozenset(key for key, post in grammar().posts.items() if post.committee)
"""The other members of the standing committee (BTV)."""


def unit(store: Store, unit_id: str) -> UnitSeen:
    """The unit. Raises Refusal `missing`: what is not known here does not exist for the caller."""
    found = store.get(UNITS, unit_id)
    if found is None:
        raise missing("đơn vị", "unit")
    return found


def commune_of(store: Store, branch: UnitSeen, day: date) -> UnitSeen:
    """The commune above a branch. Raises Refusal where it stands under none."""
    above = store.get_many(UNITS, branch.path[:-1])
    for unit_id in reversed(branch.path[:-1]):
        one = above.get(unit_id)
        facts = one.on(day) if one else None
        if one is not None and facts is not None and facts.kind in COMMUNE_KINDS:
            return one
    raise _not_a(branch, "một chi đoàn thuộc Đoàn xã", "branch of a commune")


def require_commune(one: UnitSeen, day: date) -> None:
    """Raise Refusal unless `one` is a commune (Đoàn xã, phường) on `day`."""
    facts = one.on(day)
    if facts is None or facts.kind not in COMMUNE_KINDS:
        raise _not_a(one, "một Đoàn xã, phường đang hoạt động", "commune in force on that day")


def require_branch(one: UnitSeen, day: date) -> None:
    """Raise Refusal unless `one` is a branch (chi đoàn) on `day`."""
    facts = one.on(day)
    if facts is None or facts.kind not in BRANCH_KINDS:
        raise _not_a(one, "một chi đoàn đang hoạt động", "branch in force on that day")


def branches_of(store: Store, commune_id: str, day: date) -> list[UnitSeen]:
    """The branches under a commune that exist on `day`, by code, then name."""
    found = store.find(UNITS, {"path": commune_id, "kind_now": {"$in": sorted(BRANCH_KINDS)}})
    return _in_order(found, day)


def commune_with_branches(store: Store, commune_id: str, day: date) -> tuple[UnitSeen, list[UnitSeen]]:
    """The unit, and the branches under it as `branches_of` gives them; in one question where it is a commune.

    Raises Refusal `missing`. Whether it is a commune, and may be seen, is the caller's to check.
    """
    kinds = sorted(COMMUNE_KINDS | BRANCH_KINDS)
    found = store.find(UNITS, {"path": commune_id, "kind_now": {"$in": kinds}}, limit=_MORE_THAN_A_COMMUNE_HAS)
    itself = next((one for one in found if one.id == commune_id), None)
    if itself is None or len(found) == _MORE_THAN_A_COMMUNE_HAS:  # a unit of another kind, with communes under it
        return unit(store, commune_id), branches_of(store, commune_id, day)
    return itself, _in_order((one for one in found if one.kind_now in BRANCH_KINDS), day)


def posts_in(store: Store, unit_ids: Iterable[str], day: date) -> list[HeldPost]:
    """Every post held in these units on `day`, secretaries before deputies (by the order of the grammar)."""
    rank = {key: index for index, key in enumerate(grammar().posts)}
    found = store.find(POSTS, {"unit_id": {"$in": sorted(unit_ids)}})
    held = [one for one in found if holds_on(day, one.starts, one.ends)]
    held.sort(key=lambda one: (rank.get(one.post, len(rank)), one.starts, one.id))
    return [HeldPost(one.person_id, one.unit_id, one.post) for one in held]


def standing_secretaries(store: Store, commune_id: str, day: date) -> list[str]:
    """The people of thường trực on `day`."""
    return [held.person_id for held in posts_in(store, [commune_id], day) if held.post in STANDING_POSTS]


def in_charge_of(store: Store, branch_id: str, day: date) -> list[PortfolioSeen]:
    """Who is in charge (phụ trách) of a branch on `day`; the model wants exactly one (domain §2 E)."""
    found = store.find(PORTFOLIOS, {"branch_id": branch_id}, sort=(("starts", -1),))
    return [one for one in found if holds_on(day, one.starts, one.ends)]


def branches_in_charge(store: Store, person_id: str, day: date) -> list[str]:
    """The branches that a person is in charge of on `day`."""
    found = store.find(PORTFOLIOS, {"person_id": person_id})
    return sorted({one.branch_id for one in found if holds_on(day, one.starts, one.ends)})


def youth_of(store: Store, branch_ids: Sequence[str], day: date) -> list[tuple[str, str]]:
    """Person and branch of every membership (đoàn viên, thanh niên) in these branches on `day`, in order of ids."""
    wanted = set(branch_ids)
    found = store.find(PEOPLE, {"memberships": {"$elemMatch": _member_on(branch_ids, day)}})
    return [
        (person.id, held.unit_id)
        for person in found
        for held in person.memberships
        if held.unit_id in wanted and holds_on(day, held.starts, held.ends)
    ]


def names_of(store: Store, person_ids: Iterable[str]) -> dict[str, str]:
    """Full names by id. Reading them is an access to personal data: the caller writes it to the access log."""
    return {id: person.full_name for id, person in store.get_many(PEOPLE, person_ids).items()}


def unit_names(store: Store, unit_ids: Iterable[str], day: date) -> dict[str, str]:
    """Names of units as they were on `day`, or their latest where they did not exist then."""
    return {id: name_on(one, day) for id, one in store.get_many(UNITS, unit_ids).items()}


def name_on(one: UnitSeen, day: date) -> str:
    return (one.on(day) or one.latest).name


def _member_on(branch_ids: Sequence[str], day: date) -> Filter:
    return {
        "unit_id": {"$in": sorted(branch_ids)},
        "starts": {"$lte": day.isoformat()},
        "$or": [{"ends": None}, {"ends": {"$gt": day.isoformat()}}],
    }


def _in_order(found: Iterable[UnitSeen], day: date) -> list[UnitSeen]:
    here = [(facts.code or "", facts.name, one) for one in found if (facts := one.on(day))]
    return [one for _, _, one in sorted(here, key=lambda row: (row[0], row[1], row[2].id))]


def _not_a(one: UnitSeen, vi: str, en: str) -> Refusal:
    name = one.latest.name
    return Refusal("wrong-unit-kind", vi=f"“{name}” không phải là {vi}.", en=f"“{name}” is no {en}.")
