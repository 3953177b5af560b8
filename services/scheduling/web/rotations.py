"""`/v1/rotations`: who hosts the joint activity of each month, who owes a turn."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Self

from flask import Response
from pydantic import BaseModel, ConfigDict, Field

from chassis.context import Context
from chassis.storage.documents import Sort
from chassis.web.app import blueprint, example
from chassis.web.commands import Reply, run_command, run_query
from chassis.web.conditions import expected_version
from chassis.web.identifiers import Id, IdPath
from chassis.web.languages import chosen_language
from chassis.web.paging import Listing, PageQuery, page
from scheduling.application.name_next_hosts import NextHosts, name_next_hosts
from scheduling.application.organisation import unit_names
from scheduling.application.plan_rotation import (
    excuse_host,
    plan_rotation,
    rotation_in_reach,
    rotations_filter,
    swap_hosts,
)
from scheduling.application.records import ROTATIONS
from scheduling.domain.rotation import Debt, Excuse, HostOfMonth, Rotation
from scheduling.web.parts import BRANCH, COMMUNE, OTHER_BRANCH, Body, Month, Year, policy, store

rotations = blueprint(
    "rotations", "/v1/rotations", tag="rotations", about="Lịch luân phiên đăng cai sinh hoạt liên chi đoàn"
)

Because = Annotated[str, Field(min_length=1, max_length=300, examples=["Khuyết bí thư"])]


class ExcuseBody(Body):
    """A branch that does not host in a month, and why."""

    branch_id: Id
    month: Month
    reason: Because

    def excuse(self) -> Excuse:
        return Excuse(**self.model_dump())


class PlanBody(Body):
    unit_id: Id = Field(description="The commune")
    year: Year
    excuses: list[ExcuseBody] = Field(default_factory=list, max_length=500)


class SwapBody(Body):
    month: Month
    with_month: Month
    reason: Because


class RotationsQuery(PageQuery):
    model_config = ConfigDict(extra="forbid")

    unit_id: Id | None = Field(default=None, description="Of this commune")
    year: Year | None = None

    def order(self) -> Sort:
        """Latest year first. Of one year the order is that of the ids, said so that an index has it."""
        return (("year", -1), ("_id", -1)) if self.year is None else (("_id", -1),)


class UpcomingQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    unit_id: Id = Field(description="The commune")


class HostView(BaseModel):
    """`branch_id` is null where no branch can host; `reason` is in the language asked for."""

    year: int
    month: int
    branch_id: str | None
    branch_name: str | None
    reason: str

    @classmethod
    def of(cls, year: int, host: HostOfMonth, names: Mapping[str, str]) -> Self:
        return cls(
            year=year,
            month=host.month,
            branch_id=host.branch_id,
            branch_name=names.get(host.branch_id or ""),
            reason=host.reason_vi if chosen_language() == "vi" else host.reason_en,
        )


class DebtView(BaseModel):
    """A turn that a branch was excused from; `repaid_in` is the month in which it made up for it."""

    branch_id: str
    branch_name: str | None
    month: int
    reason: str
    repaid_in: int | None

    @classmethod
    def of(cls, debt: Debt, names: Mapping[str, str]) -> Self:
        return cls(**debt.model_dump(), branch_name=names.get(debt.branch_id))


class SwapView(BaseModel):
    month: int
    with_month: int
    reason: str


class RotationView(BaseModel):
    """A commune's year: twelve hosts, January first."""

    id: str
    version: int
    unit_id: str
    year: int
    hosts: list[HostView]
    owing: list[DebtView] = Field(description="Turns owed or made up for")
    swaps: list[SwapView]


class NextHostsView(BaseModel):
    """The next six months, and who still owes a turn."""

    unit_id: str
    hosts: list[HostView]
    owing: list[DebtView]


_HOST = HostView(
    year=2026, month=12, branch_id=BRANCH, branch_name="Chi đoàn thôn Trung Hạ", reason="Đăng cai bù cho lượt còn nợ."
)
_DEBT = DebtView(
    branch_id=OTHER_BRANCH, branch_name="Chi đoàn thôn Lộc Tây", month=10, reason="Lũ chia cắt", repaid_in=None
)
_ROTATION = RotationView(
    id="0190a1b2-0000-7000-8000-000000000601",
    version=1,
    unit_id=COMMUNE,
    year=2026,
    hosts=[_HOST.model_copy(update={"month": month}) for month in range(1, 13)],
    owing=[_DEBT],
    swaps=[SwapView(month=11, with_month=12, reason="Thôn có đám giỗ chung")],
)


@rotations.post("", summary="Plan who hosts in a year", responses={201: RotationView})
@example(
    request={
        "unit_id": COMMUNE,
        "year": 2027,
        "excuses": [{"branch_id": OTHER_BRANCH, "month": 1, "reason": "Khuyết bí thư"}],
    },
    response=_ROTATION,
)
def plan(body: PlanBody) -> Response:
    """Fair and the same for the same facts: least often, then least recently, each month with the reason."""
    return run_command(
        lambda context: plan_rotation(
            store(), context, policy(), body.unit_id, body.year, excuses=[one.excuse() for one in body.excuses]
        ),
        lambda rotation: Reply(
            _view(rotation), status=201, location=f"/v1/rotations/{rotation.id}", version=rotation.version
        ),
    )


@rotations.get("", summary="Rotations within reach, latest year first", responses={200: Listing[RotationView]})
@example(response=Listing[RotationView](items=[_ROTATION]))
def list_rotations(query: RotationsQuery) -> Response:
    """A branch's secretary sees the commune's rotation: it tells the branch's turn."""

    def answer(context: Context) -> Reply:
        where = [rotations_filter(store(), context)]
        where += [{name: value} for name in ("unit_id", "year") if (value := getattr(query, name)) is not None]
        found = page(
            store(),
            ROTATIONS,
            {"$and": where},
            sort=query.order(),
            limit=query.limit,
            cursor=query.cursor,
        )
        names = _names(*found.items)
        return Reply(found.listed(Listing[RotationView], lambda one: _with_names(one, names)))

    return run_query(answer)


@rotations.get("/upcoming", summary="Who hosts in the next six months, who owes", responses={200: NextHostsView})
@example(response=NextHostsView(unit_id=COMMUNE, hosts=[_HOST], owing=[_DEBT]))
def upcoming(query: UpcomingQuery) -> Response:
    """Months without a rotation are left out."""

    def answer(context: Context) -> Reply:
        found: NextHosts = name_next_hosts(store(), context, query.unit_id)
        ids = [host.branch_id for _, host in found.hosts if host.branch_id] + [one.branch_id for one in found.owing]
        names = unit_names(store(), ids, context.today)
        return Reply(
            NextHostsView(
                unit_id=found.commune_id,
                hosts=[HostView.of(year, host, names) for year, host in found.hosts],
                owing=[DebtView.of(debt, names) for debt in found.owing],
            )
        )

    return run_query(answer)


@rotations.get("/<id>", summary="One rotation", responses={200: RotationView})
@example(response=_ROTATION)
def read_rotation(path: IdPath) -> Response:
    """With the reason for each month."""
    return run_query(lambda context: _told(rotation_in_reach(store(), context, path.id)))


@rotations.post("/<id>/swap", summary="Exchange the hosts of two months", responses={200: RotationView})
@example(request={"month": 11, "with_month": 12, "reason": "Thôn có đám giỗ chung"}, response=_ROTATION)
def swap(path: IdPath, body: SwapBody) -> Response:
    """Of months to come, with a reason."""
    return run_command(
        lambda context: swap_hosts(
            store(), context, path.id, body.month, body.with_month, reason=body.reason, expected=expected_version()
        ),
        _told,
    )


@rotations.post("/<id>/excuse", summary="Excuse a branch from a month", responses={200: RotationView})
@example(request={"branch_id": OTHER_BRANCH, "month": 11, "reason": "Lũ chia cắt"}, response=_ROTATION)
def excuse(path: IdPath, body: ExcuseBody) -> Response:
    """It owes the turn; the months from that one on are planned anew."""
    return run_command(
        lambda context: excuse_host(store(), context, policy(), path.id, body.excuse(), expected=expected_version()),
        _told,
    )


def _told(rotation: Rotation) -> Reply:
    return Reply(_view(rotation), version=rotation.version)


def _view(rotation: Rotation) -> RotationView:
    return _with_names(rotation, _names(rotation))


def _names(*listed: Rotation) -> dict[str, str]:
    """Branches' latest names: a rotation says who is to come."""
    ids = {host.branch_id for one in listed for host in one.hosts if host.branch_id}
    ids |= {debt.branch_id for one in listed for debt in one.debts}
    return unit_names(store(), ids, date.max)


def _with_names(rotation: Rotation, names: Mapping[str, str]) -> RotationView:
    return RotationView(
        id=rotation.id,
        version=rotation.version,
        unit_id=rotation.unit_id,
        year=rotation.year,
        hosts=[HostView.of(rotation.year, host, names) for host in rotation.hosts],
        owing=[DebtView.of(debt, names) for debt in rotation.debts],
        swaps=[SwapView(**one.model_dump()) for one in rotation.swaps],
    )
