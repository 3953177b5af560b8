"""The first start: the root unit and an administrator of it, so that everything else can come through the API."""

from __future__ import annotations

from datetime import date

from chassis.context import Context
from chassis.outcome import Outcome
from chassis.storage.changes import Changes
from chassis.storage.store import Store
from members.application.collections import ACCOUNTS, UNITS
from members.application.create_unit import short_name
from members.application.find_accounts import account_named
from members.application.ports import Passwords
from members.application.states import tell_account, tell_unit
from members.domain.account import Account, StandingGrant, check_password
from members.domain.names import tidied
from members.domain.unit import UnitFact, new_unit

ADMINISTRATOR = "quantri"
FOUNDED = date(1931, 3, 26)
"""The Union's founding day: the root is older than every unit that will be entered under it."""
ROOT_KIND, ADMINISTRATORS_POST = "province", "province_administrator"


def found_organisation(
    context: Context, store: Store, passwords: Passwords, *, unit_name: str, unit_code: str | None, password: str
) -> Outcome[bool]:
    """The root unit, and the account `quantri` with an administrator's permissions there. False when it exists.

    The account belongs to no person: it is for setting up, and should be disabled once people have accounts.
    """
    if account_named(store, ADMINISTRATOR) is not None:
        return Outcome(False)
    check_password(password, ADMINISTRATOR, pointer="BOOTSTRAP_ADMIN_PASSWORD")
    fact = UnitFact(
        starts=FOUNDED,
        name=tidied(unit_name),
        short_name=short_name(None, unit_name),
        code=unit_code,
        kind=ROOT_KIND,
    )
    root = new_unit(context.new_id(), fact, ())
    account = Account(
        id=context.new_id(),
        kind="administrator",
        username=ADMINISTRATOR,
        password_hash=passwords.hashed(password),
        tokens_valid_from=context.now,
        sessions_valid_from=context.now,
        standing_grants=(StandingGrant(unit_id=root.id, post=ADMINISTRATORS_POST),),
        unit_ids=(root.id,),
        unit_path=root.unit_path,
    )
    changes = Changes().insert(UNITS, root).insert(ACCOUNTS, account)
    return Outcome(True, tell_account(tell_unit(changes, context, root), context, account))
