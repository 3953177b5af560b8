"""Appoint a person to a post (bổ nhiệm, bầu, chuẩn y)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from chassis.context import Context
from chassis.failures import Refusal
from chassis.messaging.outbox import publish
from chassis.outcome import Outcome
from chassis.storage.changes import Changes
from chassis.storage.store import Store
from contracts.grammar import grammar
from contracts.members_events import PostFilled
from members.application.authority import UNIT, demand, of_unit
from members.application.collections import POSTS, SEATS
from members.application.find_people import person_to
from members.application.find_units import the_unit
from members.application.states import tell_post
from members.domain.office import Basis, Post, Seat, Tenure, seat_id, taken
from members.domain.unit import Unit


@dataclass(frozen=True)
class Appointment:
    person_id: str
    unit_id: str
    post: str
    basis: Basis
    starts: date
    ends: date | None = None
    decision: str | None = None


def appoint(context: Context, store: Store, wanted: Appointment) -> Outcome[Post]:
    """The post filled. Raises Refusal where that kind of unit has no such post, or all its places are taken."""
    unit = the_unit(store, wanted.unit_id)
    demand(context, "posts.appoint", of_unit(unit), seen_with="posts.read", what=UNIT)
    person, _ = person_to(context, store, wanted.person_id, "people.read")
    at_most = _checked(wanted, unit)
    id = context.new_id()
    seat = store.get(SEATS, seat_id(unit.id, wanted.post))
    tenure = Tenure(post_id=id, person_id=person.id, starts=wanted.starts, ends=wanted.ends)
    filled = taken(seat or Seat(id=seat_id(unit.id, wanted.post), version=0), tenure, at_most)
    post = Post(
        id=id,
        person_id=person.id,
        unit_id=unit.id,
        unit_path=unit.unit_path,
        post=wanted.post,
        basis=wanted.basis,
        decision=wanted.decision,
        starts=wanted.starts,
        ends=wanted.ends,
    )
    changes = Changes().insert(POSTS, post)
    (changes.replace if seat else changes.insert)(SEATS, filled)
    event = PostFilled(post_id=id, person_id=person.id, unit_id=unit.id, post=post.post, starts=post.starts)
    tell_post(changes, context, post)
    return Outcome(post, publish(changes, context.message(event, key=id, sequence=post.version)))


def _checked(wanted: Appointment, unit: Unit) -> int | None:
    """How many may hold the post at once. Raises Refusal where it does not exist."""
    posts = grammar().posts
    if wanted.post not in posts:
        raise Refusal(
            "unknown-post",
            vi=f"Không có chức vụ “{wanted.post}”.",
            en=f"There is no post “{wanted.post}”; GET /v1/grammar lists them.",
            pointer="/post",
        )
    fact = unit.on(wanted.starts)
    if fact is None or fact.kind not in posts[wanted.post].kinds:
        raise Refusal(
            "post-not-in-this-unit",
            vi=f"Đơn vị này không có chức vụ {posts[wanted.post].vi} vào ngày đó.",
            en="Units of this kind don't have this post, or the unit does not exist on that day.",
            pointer="/post",
        )
    if wanted.ends is not None and wanted.ends <= wanted.starts:
        raise Refusal(
            "ends-before-start",
            vi="Ngày kết thúc phải sau ngày bắt đầu.",
            en="A post must end after it began.",
            pointer="/ends",
        )
    return posts[wanted.post].at_most
