"""Confirm an import, so that it is carried out; stop it on its way; or discard it."""

from __future__ import annotations

from chassis.context import Context
from chassis.outcome import Outcome
from chassis.storage.changes import Changes
from chassis.storage.store import Store
from members.application.authority import as_read
from members.application.collections import IMPORTS
from members.application.find_imports import the_import
from members.domain.people_import import PeopleImport, StopReason, confirmed, discarded, stopped


def confirm_import(context: Context, store: Store, id: str, expected: int | None) -> Outcome[PeopleImport]:
    """The import on its way: its ready rows are taken over in chunks by the timers, the open ones wait."""
    found = the_import(context, store, id)
    as_read(found, IMPORTS, expected)
    changed = confirmed(found, context.now)
    return Outcome(changed, Changes().replace(IMPORTS, changed))


def stop_import(context: Context, store: Store, id: str, expected: int | None) -> Outcome[PeopleImport]:
    """The import halted after the chunk that is being taken over; confirming it again goes on with the rest."""
    found = the_import(context, store, id)
    as_read(found, IMPORTS, expected)
    changed = stopped(found, StopReason.OFFICER)
    return Outcome(changed, Changes().replace(IMPORTS, changed))


def discard_import(context: Context, store: Store, id: str, expected: int | None) -> Outcome[PeopleImport]:
    """The import put aside; the same file may be uploaded again."""
    found = the_import(context, store, id)
    as_read(found, IMPORTS, expected)
    changed = discarded(found)
    return Outcome(changed, Changes().replace(IMPORTS, changed))
