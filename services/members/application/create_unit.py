"""Create a unit (thành lập đơn vị) under another one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from chassis.context import Context
from chassis.failures import Refusal
from chassis.outcome import Outcome
from chassis.storage.changes import Changes
from chassis.storage.store import Store
from contracts.grammar import grammar
from members.application.authority import UNIT, demand, of_unit
from members.application.collections import UNITS
from members.application.find_units import the_unit, units_by_id
from members.application.states import tell_unit
from members.domain.names import tidied
from members.domain.unit import Unit, UnitFact, new_unit

SHORT_NAME = 30
"""Characters of a short name at most: it stands in SMS."""


@dataclass(frozen=True)
class NewUnit:
    kind: str
    name: str
    parent_id: str
    starts: date
    short_name: str | None = None
    code: str | None = None
    decision: str | None = None
    clusters: tuple[str, ...] = ()
    pilot: bool = False
    meets_every_months: int = 1
    meeting_consent: str | None = None


def create_unit(context: Context, store: Store, wanted: NewUnit) -> Outcome[Unit]:
    """A new unit. Raises Refusal where the grammar does not allow it under that parent, or the code is in use."""
    parent = the_unit(store, wanted.parent_id)
    demand(context, "units.manage", of_unit(parent), seen_with="units.read", what=UNIT)
    fact = UnitFact(
        starts=wanted.starts,
        name=tidied(wanted.name),
        short_name=short_name(wanted.short_name, wanted.name),
        code=wanted.code,
        kind=wanted.kind,
        parent_id=parent.id,
        decision=wanted.decision,
    )
    check_place(fact, parent)
    check_code(store, fact, None)
    check_rhythm(wanted.meets_every_months, wanted.meeting_consent)
    unit = new_unit(
        context.new_id(),
        fact,
        parent.unit_path,
        clusters=check_clusters(store, wanted.clusters, wanted.starts),
        pilot=wanted.pilot,
        meets_every_months=wanted.meets_every_months,
        meeting_consent=wanted.meeting_consent,
    )
    return Outcome(unit, tell_unit(Changes().insert(UNITS, unit), context, unit))


def short_name(given: str | None, name: str) -> str:
    """The short name given, or the name itself cut to size."""
    return tidied(given or name)[:SHORT_NAME].strip()


def check_place(fact: UnitFact, parent: Unit) -> None:
    """Raises Refusal unless grammar.yaml lets this kind stand under the parent's kind on the day."""
    kinds = grammar().unit_kinds
    if fact.kind not in kinds:
        raise Refusal(
            "unknown-unit-kind",
            vi=f"Không có loại đơn vị “{fact.kind}”; chọn một trong: {', '.join(kinds)}.",
            en=f"There is no kind of unit “{fact.kind}”; choose one of: {', '.join(kinds)}.",
            pointer="/kind",
        )
    above = parent.on(fact.starts)
    if above is None:
        raise Refusal(
            "parent-not-there",
            vi="Đơn vị cấp trên không hoạt động vào ngày đó.",
            en="The parent does not exist on that day.",
            pointer="/starts",
        )
    if above.kind not in kinds[fact.kind].under:
        raise Refusal(
            "unit-out-of-place",
            vi=f"{kinds[fact.kind].vi} không thể trực thuộc {kinds[above.kind].vi}.",
            en=f"A {fact.kind} can't stand under a {above.kind}.",
            pointer="/parent_id",
        )


def check_code(store: Store, fact: UnitFact, unit_id: str | None) -> None:
    """Raises Refusal when another unit has the code on that day. Codes come back to life: the day decides."""
    if fact.code is None:
        return
    holders = store.find(UNITS, {"facts.code": fact.code})
    for other in holders:
        theirs = other.on(fact.starts)
        if other.id != unit_id and theirs is not None and theirs.code == fact.code:
            raise Refusal(
                "code-in-use",
                vi=f"Mã {fact.code} đang được dùng cho đơn vị khác vào ngày đó.",
                en=f"The code {fact.code} is in use for another unit on that day.",
                because="conflict",
                pointer="/code",
            )


def check_clusters(store: Store, clusters: Sequence[str], on: date) -> tuple[str, ...]:
    """The clusters, each once. Raises Refusal when one is not a cluster on that day."""
    wanted = tuple(dict.fromkeys(clusters))
    found = units_by_id(store, wanted)
    for id in wanted:
        fact = found[id].on(on) if id in found else None
        if fact is None or not grammar().unit_kinds[fact.kind].groups_only:
            raise Refusal(
                "not-a-cluster",
                vi="Có mục không phải là cụm đang hoạt động.",
                en="One of these is not a cluster on that day.",
                pointer="/clusters",
            )
    return wanted


def check_rhythm(every_months: int, consent: str | None) -> None:
    """Monthly, or once in three months with the upper level's consent (Charter 2022 art. 17)."""
    if every_months == 3 and not consent:
        raise Refusal(
            "consent-missing",
            vi="Sinh hoạt 3 tháng một lần cần văn bản đồng ý của Đoàn cấp trên (Điều lệ Đoàn, điều 17).",
            en="Meeting once in three months needs the upper level's consent document (Charter, article 17).",
            pointer="/meeting_consent",
        )
