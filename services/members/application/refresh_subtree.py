"""Work out anew the paths under a unit that moved, in chunks: units (published), people, posts, accounts and so on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chassis.context import Context
from chassis.outcome import Outcome
from chassis.storage.changes import Changes
from chassis.storage.documents import Document, Kind
from chassis.storage.store import Store
from members.application.collections import (
    ACCOUNTS,
    CLIENTS,
    IMPORTS,
    PATH_CHANGES,
    PEOPLE,
    PORTFOLIOS,
    POSTS,
    UNITS,
)
from members.application.states import tell_unit
from members.domain.spans import revised
from members.domain.unit import PathChange, Stage, Unit

CHUNK = 200
"""Documents a transaction."""

_UNITS_OF: dict[Stage, tuple[Kind[Any], Callable[[Any], tuple[str, ...]]]] = {
    Stage.PEOPLE: (PEOPLE, lambda person: person.unit_ids),
    Stage.POSTS: (POSTS, lambda post: (post.unit_id,)),
    Stage.PORTFOLIOS: (PORTFOLIOS, lambda portfolio: (portfolio.branch_id,)),
    Stage.ACCOUNTS: (ACCOUNTS, lambda account: account.unit_ids),
    Stage.CLIENTS: (CLIENTS, lambda client: (client.unit_id,)),
    Stage.IMPORTS: (IMPORTS, lambda found: (found.unit_id,)),
}


def due_path_changes(context: Context, store: Store, limit: int = 10) -> list[PathChange]:
    return store.find(
        PATH_CHANGES, {"due": {"$lte": context.today.isoformat()}}, sort=(("due", 1), ("_id", 1)), limit=limit
    )


def refresh_subtree(context: Context, store: Store, work: PathChange) -> Outcome[int]:
    """The next chunk of one path change; its result is how many documents it works out anew.

    The old paths still lead through the moved unit, so what is below it is found by its id, in any order.
    """
    unit = store.get(UNITS, work.unit_id)
    if unit is None:
        return Outcome(0, Changes().erase(PATH_CHANGES, work))
    unit_now = _rightly_placed(context, store, unit)
    changes = Changes()
    if work.stage is Stage.UNITS:
        chunk: list[Any] = _chunk(store, UNITS, work)
        for one in chunk:
            path = unit_now.unit_path if one.id == unit.id else _below(one, unit_now)
            if path != one.unit_path:
                moved = revised(one, unit_path=path)
                tell_unit(changes.replace(UNITS, moved), context, moved)
    else:
        kind, units_of = _UNITS_OF[work.stage]
        chunk = _chunk(store, kind, work)
        paths = _paths(store, {id for one in chunk for id in units_of(one)})
        for one in chunk:
            path = tuple(dict.fromkeys(step for id in units_of(one) for step in paths.get(id, (id,))))
            if path != one.unit_path:
                changes.replace(kind, revised(one, unit_path=path))
    return Outcome(len(chunk), changes.extend(_onwards(work, chunk)))


def _chunk(store: Store, kind: Kind[Any], work: PathChange) -> list[Any]:
    return store.find(kind, {"unit_path": work.unit_id, "_id": {"$gt": work.after}}, limit=CHUNK)


def _onwards(work: PathChange, chunk: list[Document]) -> Changes:
    if len(chunk) == CHUNK:
        return Changes().replace(PATH_CHANGES, revised(work, after=chunk[-1].id))
    stages = list(Stage)
    position = stages.index(work.stage) + 1
    if position == len(stages):
        return Changes().erase(PATH_CHANGES, work)
    return Changes().replace(PATH_CHANGES, revised(work, stage=stages[position], after=""))


def _rightly_placed(context: Context, store: Store, unit: Unit) -> Unit:
    """The unit with the path that its parent of today gives it."""
    parent_id = unit.nearest(context.today).parent_id
    parent = store.get(UNITS, parent_id) if parent_id is not None else None
    above = parent.unit_path if parent is not None else ()
    return unit.model_copy(update={"unit_path": (*above, unit.id)})


def _below(one: Unit, moved: Unit) -> tuple[str, ...]:
    return (*moved.unit_path, *one.unit_path[one.unit_path.index(moved.id) + 1 :])


def _paths(store: Store, ids: set[str]) -> dict[str, tuple[str, ...]]:
    return {id: unit.unit_path for id, unit in store.get_many(UNITS, ids).items()}
