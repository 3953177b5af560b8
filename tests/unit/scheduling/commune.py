"""A small commune as members tells of it: what the tests of scheduling stand on.

Branch 1 has a secretary; branch 2 only a deputy; branch 3 neither; branch 4's secretary is the commune's deputy too.
Each branch has five youth: three members, two youth outside the Union. Commune 2 is another one next to it.
"""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar

from chassis.context import Context
from chassis.messaging.envelope import Cause, Incoming
from chassis.messaging.handlers import Projection
from chassis.messaging.outbox import OUTBOX, OutboxRow
from chassis.outcome import Outcome
from chassis.permissions import Principal
from chassis.storage.changes import Changes
from chassis.storage.memory import MemoryStore
from chassis.storage.store import Store
from chassis.web.token_claims import GrantClaim, PortfolioClaim, Rights, TokenClaims
from contracts.catalogue import CATALOGUE
from contracts.members_states import Membership, PersonState, PortfolioState, PostState, UnitFacts, UnitState
from contracts.model import Contract
from scheduling.adapters.policy_file import read_policy
from scheduling.adapters.token_trust import rights
from scheduling.application.convening import MeetingPlan
from scheduling.domain.policy import Policy
from scheduling.workers.handlers import HANDLERS

POLICY: Policy = read_policy()
RIGHTS: Rights = rights()
LONG_AGO = date(2025, 7, 1)
NOW = datetime(2026, 11, 2, 2, 0, tzinfo=UTC)
"""Monday, 2 November 2026, 09:00 in Vietnam."""


def uid(number: int) -> str:
    return f"0190a1b2-0000-7000-8000-{number:012d}"


PROVINCE, COMMUNE, OTHER_COMMUNE = uid(1), uid(10), uid(20)
BRANCHES = [uid(11), uid(12), uid(13), uid(14)]
OTHER_BRANCH = uid(21)
SECRETARY, DEPUTY, MEMBER, OTHER_MEMBER, CLERK = uid(101), uid(102), uid(103), uid(104), uid(105)
BRANCH_SECRETARY, BRANCH_DEPUTY, OTHER_SECRETARY = uid(111), uid(112), uid(121)
PROVINCE_OFFICER = uid(150)
NAMES = {
    SECRETARY: "Nguyễn Thị Hạnh",
    DEPUTY: "Trần Văn Bình",
    MEMBER: "Lê Văn Tài",
    OTHER_MEMBER: "Phạm Thị Lan",
    CLERK: "Võ Thị Mai",
    BRANCH_SECRETARY: "Đỗ Văn Sơn",
    BRANCH_DEPUTY: "Hồ Thị Thu",
}


def youth(branch: int) -> list[str]:
    """The five youth of a branch, by its number from 1."""
    return [uid(1000 + branch * 10 + one) for one in range(5)]


def path_of(unit_id: str) -> list[str]:
    if unit_id in BRANCHES:
        return [PROVINCE, COMMUNE, unit_id]
    if unit_id == OTHER_BRANCH:
        return [PROVINCE, OTHER_COMMUNE, unit_id]
    return [PROVINCE] if unit_id == PROVINCE else [PROVINCE, unit_id]


def unit_state(
    unit_id: str,
    name: str,
    kind: str,
    *,
    code: str | None = None,
    starts: date = LONG_AGO,
    ends: date | None = None,
    version: int = 1,
    meets_every_months: int = 1,
    path: list[str] | None = None,
) -> UnitState:
    facts = UnitFacts(name=name, short_name=name[:30], code=code, kind=kind, starts=starts, ends=ends)
    return UnitState(
        unit_id=unit_id,
        version=version,
        facts=[facts],
        path=path or path_of(unit_id),
        meets_every_months=meets_every_months,
    )


def person_state(person_id: str, name: str, *memberships: Membership, version: int = 1) -> PersonState:
    return PersonState(
        person_id=person_id, version=version, full_name=name, sort_key=name.lower(), memberships=list(memberships)
    )


def member_of(unit_id: str, kind: str = "member", starts: date = LONG_AGO, ends: date | None = None) -> Membership:
    return Membership(unit_id=unit_id, kind=kind, starts=starts, ends=ends)


def post_state(
    number: int, person_id: str, unit_id: str, post: str, *, starts: date = LONG_AGO, ends: date | None = None
) -> PostState:
    return PostState(
        post_id=uid(2000 + number),
        version=1,
        person_id=person_id,
        unit_id=unit_id,
        post=post,
        basis="appointed",
        starts=starts,
        ends=ends,
    )


def portfolio_state(number: int, person_id: str, branch_id: str) -> PortfolioState:
    return PortfolioState(
        portfolio_id=uid(3000 + number),
        version=1,
        person_id=person_id,
        commune_id=COMMUNE,
        branch_id=branch_id,
        starts=LONG_AGO,
    )


def told(store: Store, *states: Contract) -> None:
    """Let scheduling hear these states, through its own table of handlers."""
    for state in states:
        handler = next(one for one in HANDLERS if isinstance(one, Projection) and one.state is type(state))
        store.project(handler.kind, [handler.as_document(state)])


def settled_commune() -> MemoryStore:
    store = MemoryStore()
    settle(store)
    return store


def settle(store: Store) -> None:
    """Let scheduling hear of the whole commune."""
    told(store, unit_state(PROVINCE, "Thành Đoàn Đà Nẵng", "province"))
    told(store, unit_state(COMMUNE, "Đoàn xã Nông Sơn", "commune", code="20656"))
    told(store, unit_state(OTHER_COMMUNE, "Đoàn xã Quế Phước", "commune", code="20669"))
    told(store, unit_state(OTHER_BRANCH, "Chi đoàn thôn Phú Gia", "branch", code="01"))
    names = ["Trung Hạ", "Trung Thượng", "Lộc Tây", "Lộc Đông"]
    for number, (branch_id, name) in enumerate(zip(BRANCHES, names, strict=True), start=1):
        told(store, unit_state(branch_id, f"Chi đoàn thôn {name}", "branch", code=f"{number:02d}"))
        for one, person_id in enumerate(youth(number)):
            kind = "member" if one < 3 else "youth"
            told(store, person_state(person_id, f"Thanh niên {number}{one}", member_of(branch_id, kind)))
    for person_id, name in NAMES.items():
        told(store, person_state(person_id, name))
    told(store, person_state(OTHER_SECRETARY, "Bùi Văn Hải"))
    told(
        store,
        post_state(1, SECRETARY, COMMUNE, "commune_secretary"),
        post_state(2, DEPUTY, COMMUNE, "commune_deputy"),
        post_state(3, MEMBER, COMMUNE, "standing_member"),
        post_state(4, OTHER_MEMBER, COMMUNE, "standing_member"),
        post_state(5, BRANCH_SECRETARY, BRANCHES[0], "branch_secretary"),
        post_state(6, BRANCH_DEPUTY, BRANCHES[1], "branch_deputy"),
        post_state(7, DEPUTY, BRANCHES[3], "branch_secretary"),
        post_state(8, OTHER_SECRETARY, OTHER_COMMUNE, "commune_secretary"),
        post_state(9, CLERK, COMMUNE, "commune_clerk"),
    )
    told(store, portfolio_state(1, MEMBER, BRANCHES[0]), portfolio_state(2, MEMBER, BRANCHES[1]))
    told(store, portfolio_state(3, OTHER_MEMBER, BRANCHES[2]), portfolio_state(4, OTHER_MEMBER, BRANCHES[3]))


POSTS_OF: dict[str, list[tuple[str, str]]] = {
    SECRETARY: [("commune_secretary", COMMUNE)],
    DEPUTY: [("commune_deputy", COMMUNE), ("branch_secretary", BRANCHES[3])],
    MEMBER: [("standing_member", COMMUNE)],
    OTHER_MEMBER: [("standing_member", COMMUNE)],
    CLERK: [("commune_clerk", COMMUNE)],
    BRANCH_SECRETARY: [("branch_secretary", BRANCHES[0])],
    BRANCH_DEPUTY: [("branch_deputy", BRANCHES[1])],
    OTHER_SECRETARY: [("commune_secretary", OTHER_COMMUNE)],
    PROVINCE_OFFICER: [("province_officer", PROVINCE)],
}
PORTFOLIOS_OF = {MEMBER: BRANCHES[:2], OTHER_MEMBER: BRANCHES[2:]}


def grants_of(person_id: str) -> tuple[GrantClaim, ...]:
    return tuple(GrantClaim(u=unit_id, p=post) for post, unit_id in POSTS_OF.get(person_id, []))


def portfolios_of(person_id: str) -> tuple[PortfolioClaim, ...]:
    return tuple(PortfolioClaim(b=branch_id) for branch_id in PORTFOLIOS_OF.get(person_id, []))


def principal(person_id: str) -> Principal:
    """As the person's token makes it."""
    claims = TokenClaims(
        iss="x",
        sub=f"account-of-{person_id}",
        person=person_id,
        grants=grants_of(person_id),
        portfolios=portfolios_of(person_id),
        iat=0,
        exp=1,
        jti="x",
    )
    return RIGHTS.principal(claims)


T = TypeVar("T")

_ids = itertools.count(500_000)


def context_of(person_id: str | None = SECRETARY, now: datetime = NOW) -> Context:
    return Context(
        now=now,
        cause=Cause(correlation_id="c"),
        actor=principal(person_id) if person_id else None,
        new_id=lambda: uid(next(_ids)),
    )


def done(store: Store, outcome: Outcome[T]) -> T:
    """The outcome, committed."""
    store.commit(outcome.changes)
    return outcome.result


def in_days(days: int, hour: int = 19, minute: int = 0) -> datetime:
    """An instant so many days after NOW, at this local hour."""
    return NOW.replace(hour=0) + timedelta(days=days, hours=hour - 7, minutes=minute)


def plan(days: int = 12, hour: int = 19, **changes: Any) -> MeetingPlan:
    """An evening two Saturdays ahead, unless told otherwise: nothing unusual about it."""
    starts = in_days(days, hour)
    values: dict[str, Any] = {
        "title": "Giao ban 6 tháng cuối năm",
        "starts_at": starts,
        "ends_at": starts + timedelta(hours=2),
        "place": "Hội trường UBND xã",
    }
    return MeetingPlan(**(values | changes))


def published(changes: Changes) -> list[Contract]:
    """What a transaction tells the world, in order, read back as its readers read it."""
    rows = [change.document for change in changes.changes if change.kind is OUTBOX]
    return [_read_back(row) for row in rows if isinstance(row, OutboxRow)]


def all_published(store: Store, model: type[Contract]) -> list[Any]:
    """Every event of one type that was committed."""
    return [_read_back(row) for row in store.find(OUTBOX, {"type": model.TYPE})]


def _read_back(row: OutboxRow) -> Contract:
    assert row.payload is not None
    return CATALOGUE[row.type].from_bytes(row.payload)


def incoming(event: Contract, *, at: datetime = NOW) -> Incoming:
    """The record that carries an event of another service."""
    return Incoming(
        topic=event.TOPIC,
        partition=0,
        offset=0,
        id=uid(next(_ids)),
        type=event.TYPE,
        source="notifications",
        key="k",
        sequence=1,
        time=at,
        cause=Cause(correlation_id="c"),
        payload=event.to_bytes(),
    )
