"""Posts as they are read: who holds them on a day, and which are vacant (khuyết)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from chassis.context import Context
from chassis.failures import missing
from chassis.storage.documents import Filter
from chassis.storage.store import Store
from contracts.grammar import grammar
from members.application.authority import POST, at, demand, within
from members.application.collections import POSTS
from members.domain.office import Post
from members.domain.spans import in_force
from members.domain.unit import Unit


@dataclass(frozen=True)
class PostsWanted:
    """What a list of posts is narrowed by. `ended` takes those that do not hold on `on` too."""

    on: date
    ended: bool = False
    unit_id: str | None = None
    under: str | None = None
    person_id: str | None = None
    post: str | None = None


@dataclass(frozen=True)
class Vacancy:
    """A post that the grammar knows for this kind of unit and that nobody holds."""

    unit: Unit
    post: str


def read_post(context: Context, store: Store, id: str) -> Post:
    post = store.get(POSTS, id)
    if post is None:
        raise missing(*POST)
    demand(context, "posts.read", at(post.unit_path, post.person_id), seen_with="posts.read", what=POST)
    return post


def posts_wanted(context: Context, wanted: PostsWanted) -> Filter:
    parts: list[Filter] = [within(context, "posts.read")]
    if not wanted.ended:
        parts.append(in_force(wanted.on))
    told = {
        "unit_id": wanted.unit_id,
        "unit_path": wanted.under,
        "person_id": wanted.person_id,
        "post": wanted.post,
    }
    parts.extend({name: value} for name, value in told.items() if value is not None)
    return parts[0] if len(parts) == 1 else {"$and": parts}


def held_in(store: Store, unit_ids: Iterable[str], on: date) -> list[Post]:
    """Posts held in these units on a day."""
    where = {"$and": [{"unit_id": {"$in": list(unit_ids)}}, in_force(on)]}
    return store.find(POSTS, where, sort=(("unit_id", 1), ("post", 1), ("_id", 1)))


def vacancies(units: Sequence[Unit], held: Sequence[Post], on: date) -> list[Vacancy]:
    """Posts nobody holds, in the order of the units and of the grammar."""
    filled = {(post.unit_id, post.post) for post in held}
    return [
        Vacancy(unit, name)
        for unit in units
        if (fact := unit.on(on)) is not None
        for name, post in grammar().posts.items()
        if fact.kind in post.kinds and (unit.id, name) not in filled
    ]
