"""Who may do this: the chassis' one decision, asked the way this service's use cases need it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from chassis.context import Context
from chassis.failures import Refusal, VersionConflict
from chassis.permissions import Principal, Reach, Target, permits, reach, require
from chassis.storage.documents import D, Document, Filter, Kind

What = tuple[str, str]
"""How a thing is called in the 404, in Vietnamese and English."""


def actor_of(context: Context) -> Principal:
    """Who acts. A use case that needs someone is never run without: LookupError is a defect of its caller."""
    if context.actor is None:
        raise LookupError("this use case needs an actor")
    return context.actor


def acting_as(context: Context) -> str:
    """What is written down as the one who did it: the person, or the account where there is none."""
    actor = actor_of(context)
    return actor.person_id or actor.account_id


def require_on(
    context: Context, verb: str, path: Sequence[str], *, seen_with: str, what: What, people: Iterable[str] = ()
) -> None:
    """Raise Refusal unless the actor may do `verb` here today: 404 when he may not see it, else 403."""
    require(
        actor_of(context), verb, Target(tuple(path), frozenset(people)), context.today, seen_with=seen_with, what=what
    )


def may(context: Context, verb: str, path: Sequence[str], people: Iterable[str] = ()) -> bool:
    return permits(actor_of(context), verb, Target(tuple(path), frozenset(people)), context.today)


def require_may(context: Context, verb: str, path: Sequence[str], people: Iterable[str] = ()) -> None:
    """Raise Refusal 403 unless the actor may do `verb` here; for what he has been shown to see already."""
    if not may(context, verb, path, people):
        raise forbidden(verb)


def may_see(context: Context, verb: str, seen_from: Sequence[str]) -> bool:
    """For what concerns several branches: whether any place it is seen from is within reach."""
    held = reach(actor_of(context), verb, context.today)
    return not (held.below | held.exactly).isdisjoint(seen_from)


def seen_ways(held: Reach) -> Sequence[Filter]:
    """The same decision as `may_see`, as alternatives on the field `seen_from`; see `ways_of`."""
    return ways_of(Reach(held.below, held.exactly), path="seen_from", unit="seen_from", person=None)


def ways_of(held: Reach, *, path: str = "unit_path", unit: str, person: str | None) -> Sequence[Filter]:
    """`Reach.ways`, with each subtree an alternative of its own: no more than the posts that somebody holds.

    Of one subtree an index has every order that a list is in; of two, a database may find it cheaper to sort.
    """
    rest = Reach(exactly=held.exactly - held.below, person_id=held.person_id)
    return [*({path: id} for id in sorted(held.below)), *rest.ways(path=path, unit=unit, person=person)]


def forbidden(verb: str) -> Refusal:
    return Refusal(
        "not-permitted",
        vi="Tài khoản này không có quyền thực hiện việc này.",
        en=f"This account may not do this ({verb}).",
        because="forbidden",
    )


def as_expected(kind: Kind[D], document: Document, expected: int | None) -> None:
    """Raise VersionConflict where the caller read another version (If-Match)."""
    if expected is not None and document.version != expected:
        raise VersionConflict(kind.name, document.id)
