"""Who hosts in the next months, and who owes a turn (story 10)."""

from __future__ import annotations

from dataclasses import dataclass

from chassis.context import Context
from chassis.failures import missing
from chassis.storage.store import Store
from scheduling.application.organisation import unit
from scheduling.application.plan_rotation import may_read_rotation, rotation_of
from scheduling.domain.rotation import Debt, HostOfMonth

MONTHS_AHEAD = 6


@dataclass(frozen=True, slots=True)
class NextHosts:
    """`hosts`: year and host per month, from the present one on; months without a rotation are left out."""

    commune_id: str
    hosts: list[tuple[int, HostOfMonth]]
    owing: list[Debt]


def name_next_hosts(store: Store, context: Context, commune_id: str) -> NextHosts:
    """The next six months of a commune; read by whoever reads its rotation, or that of a branch under it."""
    commune = unit(store, commune_id)
    if not may_read_rotation(store, context, commune.path):
        raise missing("đơn vị", "unit")
    first = context.today.year * 12 + context.today.month - 1
    years = sorted({(first + ahead) // 12 for ahead in range(MONTHS_AHEAD)})
    rotations = {year: rotation for year in years if (rotation := rotation_of(store, commune_id, year))}
    hosts = [
        (index // 12, rotations[index // 12].host_of(index % 12 + 1))
        for index in range(first, first + MONTHS_AHEAD)
        if index // 12 in rotations
    ]
    latest = rotations[max(rotations)] if rotations else None
    owing = [debt for debt in latest.debts if debt.repaid_in is None] if latest else []
    return NextHosts(commune_id, hosts, owing)
