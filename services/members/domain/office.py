"""Posts (chức vụ): a person holds one in a unit for a time, on a basis, by a decision; it is ended, never deleted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from enum import StrEnum

from chassis.failures import Refusal
from chassis.storage.documents import Document
from members.domain.spans import Span, holding, overlap, revised


class Basis(StrEnum):
    """What a post rests on (domain guide §1.2)."""

    ELECTED = "elected"  # bầu
    APPOINTED = "appointed"  # chỉ định
    CONFIRMED = "confirmed"  # chuẩn y


class Post(Document):
    """Who holds which post where, `[starts, ends)`. `post` is a key of grammar.yaml; `unit_path` is the unit's."""

    person_id: str
    unit_id: str
    unit_path: tuple[str, ...]
    post: str
    basis: Basis
    decision: str | None = None
    starts: date
    ends: date | None = None
    ended_by: str | None = None
    """The decision that ended it."""


class Tenure(Span):
    """One holder's time in a post."""

    post_id: str
    person_id: str


class Seat(Document):
    """All tenures of one post in one unit. Appointments change it by compare-and-set, so that two officers who fill
    the last place at once can't both succeed."""

    tenures: tuple[Tenure, ...] = ()


def seat_id(unit_id: str, post: str) -> str:
    return f"{unit_id}:{post}"


def taken(seat: Seat, tenure: Tenure, at_most: int | None) -> Seat:
    """The seat with one more tenure. Raises Refusal when the person has it already or all places are taken."""
    meeting = [other for other in seat.tenures if overlap(other, tenure)]
    if any(other.person_id == tenure.person_id for other in meeting):
        raise Refusal(
            "post-held-already",
            vi="Người này đang giữ đúng chức vụ này trong thời gian đó.",
            en="This person holds this very post in that time already.",
            because="conflict",
        )
    if at_most is not None and _most_at_once(meeting, tenure) >= at_most:
        raise Refusal(
            "post-taken",
            vi="Chức vụ này đã có người giữ trong thời gian đó; hãy kết thúc nhiệm vụ của người trước.",
            en="The post is taken in that time; end the former holder's first.",
            because="conflict",
        )
    return revised(seat, tenures=(*seat.tenures, tenure))


def vacated(seat: Seat, post_id: str, ends: date) -> Seat:
    """The seat with one tenure ended; a tenure that would end before it began never took place."""
    shortened = (
        tenure.model_copy(update={"ends": ends}) if tenure.post_id == post_id else tenure for tenure in seat.tenures
    )
    return revised(seat, tenures=tuple(one for one in shortened if one.ends is None or one.starts < one.ends))


def _most_at_once(tenures: Sequence[Tenure], within: Span) -> int:
    """How many hold at the same time, at most, on a day of `within`: counted on the days on which one begins."""
    days = [max(one.starts, within.starts) for one in tenures]
    return max((len(holding(tenures, day)) for day in days), default=0)
