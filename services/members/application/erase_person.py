"""Erase a person (xóa dữ liệu cá nhân) at their request: here, and by tombstones wherever copies are kept."""

from __future__ import annotations

from chassis.context import Context
from chassis.outcome import Outcome
from chassis.storage.changes import Changes
from chassis.storage.store import Store
from members.application.authority import as_read
from members.application.collections import (
    ACCOUNTS,
    CHARGES,
    ERASURES,
    IMPORT_FILES,
    IMPORT_ROWS,
    PEOPLE,
    PORTFOLIOS,
    POSTS,
    SEATS,
)
from members.application.end_post import ended_post
from members.application.find_accounts import account_of
from members.application.find_people import person_to
from members.application.give_portfolio import ended_portfolio
from members.application.states import forget_person, tell_account
from members.domain.account import signed_out
from members.domain.import_cells import Values
from members.domain.office import Seat, seat_id, vacated
from members.domain.people_import import ImportRow, RowState
from members.domain.person import erasure_of
from members.domain.portfolio import Charge, laid_down
from members.domain.spans import revised

__all__ = ["erase_person"]


def erase_person(context: Context, store: Store, id: str, expected: int | None) -> Outcome[None]:
    """Gone: the person, what their import rows say, and the files those came in.

    Posts and portfolios end today and keep the bare id; the account can't be used again. That the id was erased is
    kept, so that it can be told again to whoever did not hear it.
    """
    person, _ = person_to(context, store, id, "people.manage")
    as_read(person, PEOPLE, expected)
    erasure = erasure_of(person, context.today)
    changes = Changes().erase(PEOPLE, person).insert(ERASURES, erasure)
    _end_offices(context, store, id, changes)
    if (account := account_of(store, id)) is not None:
        blank = signed_out(account, context.now, disabled=True, username=f"-{account.id}", password_hash="")
        tell_account(changes.replace(ACCOUNTS, blank), context, blank)
    _blank_imports(store, id, changes)
    return Outcome(None, forget_person(changes, context, erasure))


def _end_offices(context: Context, store: Store, id: str, changes: Changes) -> None:
    seats: dict[str, Seat] = {}
    for post in store.find(POSTS, {"person_id": id}):
        if post.ends is None or post.ends > context.today:
            ends, place = max(context.today, post.starts), seat_id(post.unit_id, post.post)
            ended_post(context, post, ends, None, changes)
            if (seat := seats.get(place) or store.get(SEATS, place)) is not None:
                seats[place] = vacated(seat, post.id, ends).model_copy(update={"version": seat.version})
    changes.replace(SEATS, *(revised(seat) for seat in seats.values()))
    charges: dict[str, Charge] = {}
    for portfolio in store.find(PORTFOLIOS, {"person_id": id}):
        if portfolio.ends is None or portfolio.ends > context.today:
            ends, branch = max(context.today, portfolio.starts), portfolio.branch_id
            ended_portfolio(context, portfolio, ends, changes)
            if (charge := charges.get(branch) or store.get(CHARGES, branch)) is not None:
                charges[branch] = laid_down(charge, portfolio.id, ends).model_copy(update={"version": charge.version})
    changes.replace(CHARGES, *(revised(charge) for charge in charges.values()))


def _blank_imports(store: Store, id: str, changes: Changes) -> None:
    rows = store.find(IMPORT_ROWS, {"person_id": id})
    changes.replace(IMPORT_ROWS, *(_blank(row) for row in rows))
    for file in store.get_many(IMPORT_FILES, {row.import_id for row in rows}).values():
        changes.erase(IMPORT_FILES, file)


def _blank(row: ImportRow) -> ImportRow:
    return revised(row, cells={}, values=Values(), notes=(), state=RowState.DONE)
