"""B8: 1, 94 and 3,321 communes: what the API, a message and a read model cost as the country comes in.

People come through the state topics and the services' own consumers, as they would. BENCH_PEOPLE sets how many there
are at 3,321 communes; the issue's million takes six minutes and more, `make bench` asks for a tenth.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from deploy.local.processes import ServiceProcess
from tests.bench.b1_sms import send
from tests.bench.b7_consume import produce
from tests.bench.callers import Call, call_many
from tests.bench.commune_desk import convene, prepare, token_of_all
from tests.bench.district import (
    commune_id,
    contact_states,
    person_states,
    portfolio_states,
    post_states,
    unit_states,
)
from tests.bench.edge import GATEWAY, Edge, notifications, running_edge
from tests.bench.figures import Figure, Findings
from tests.bench.metering import OWN
from tests.bench.query_plans import hot_queries, plan_faults
from tests.support.eventually import eventually
from tests.support.web import TokenOffice

TITLE = "scale: communes and people"
AT_MOST = 1.2
MESSAGES = 1_000
CALLS = 600


@dataclass(frozen=True)
class Size:
    communes: int
    people: int

    @property
    def name(self) -> str:
        return f"{self.communes:,} communes, {self.people:,} people"


def run(small: bool) -> Findings:
    findings = Findings("b8", TITLE)
    most = int(os.environ.get("BENCH_PEOPLE", "100000"))
    sizes = [Size(1, 200), Size(3, 400)] if small else [Size(1, 1_000), Size(94, most // 10), Size(3_321, most)]
    office = TokenOffice()
    token = token_of_all(office)
    with running_edge(0, {"LOG_LEVEL": "WARNING"}, communes=0) as edge:
        prepare(edge.ground, office, 0)
        edge.faults(no_receipt_rate=1.0)
        edge.start(*(ServiceProcess("scheduling", process) for process in ("web", "consume")))
        edge.start(*notifications("consume", "deliver", "relay"))
        measured = [_measured(edge, token, size, small) for size in sizes]
        for service, queries in hot_queries(sizes[-1].communes).items():
            database = edge.ground.database(service)
            faults = plan_faults(database, queries)
            database.client.close()
            findings.notes.append(f"{service}: {len(queries)} hot queries explained, faults: {faults or 'none'}")
    for figures in measured:
        findings.figures += figures.values()
    _judge(findings, measured, sizes)
    return findings


def _judge(findings: Findings, measured: list[dict[str, Figure]], sizes: list[Size]) -> None:
    smallest = measured[0]
    for size, figures in zip(sizes[1:], measured[1:], strict=True):
        for what in ("convene", "list", "read"):
            before, now = smallest[what].p99_ms or 1.0, figures[what].p99_ms or 0.0
            findings.at_most(f"{what} p99 at {size.name}", now / before, AT_MOST, "×")
        apart = (GATEWAY, OWN)
        cost = figures["message"].cpu_per_1000(without=apart) / smallest["message"].cpu_per_1000(without=apart)
        findings.at_most(f"cost per message at {size.name}", cost, AT_MOST, "×")
        rebuild = figures["read models"].cpu_per_1000(without=apart) / measured[1]["read models"].cpu_per_1000(
            without=apart
        )
        findings.at_most(f"read models, per record, at {size.name}", rebuild, AT_MOST, "×")
    findings.notes.append("a record's cost in a read model is compared with that at the middle size: start-up aside")


def _measured(edge: Edge, token: str, size: Size, small: bool) -> dict[str, Figure]:
    figures = {"read models": _loaded(edge, size)}
    calls = 50 if small else CALLS
    listed = [f"/v1/meetings?unit_id={commune_id(number)}&limit=20" for number in range(size.communes)]
    ids: list[str] = []

    def read_off(answers: Iterable[bytes]) -> None:
        import orjson

        ids.extend(orjson.loads(answer)["meeting"]["id"] for answer in answers)

    _called(edge, token, "warm-up", lambda number: Call("GET", listed[number % size.communes]), calls)
    # At one commune as at all: a commune convenes its n-th meeting, in a half-year of its own.
    made, answers = _called(
        edge, token, "convene", lambda number: convene(number, size.communes), min(calls, 10 * size.communes)
    )
    read_off(answers)
    figures["convene"] = made
    figures["list"] = _called(edge, token, "list", lambda number: Call("GET", listed[number % size.communes]), calls)[0]
    figures["read"] = _called(
        edge, token, "read", lambda number: Call("GET", f"/v1/meetings/{ids[number % len(ids)]}"), calls
    )[0]
    figures["message"] = send(edge, 200 if small else MESSAGES, "message", receipts=False)
    return {what: _named(figure, f"{what}, {size.name}") for what, figure in figures.items()}


def _called(edge: Edge, token: str, name: str, calls: Callable[[int], Call], count: int) -> tuple[Figure, list[bytes]]:
    with edge.meter().reading(name) as reading:
        answers = call_many(reading, edge.ports.scheduling, token, calls, count)
    return reading.figure(), answers


def _named(figure: Figure, name: str) -> Figure:
    return Figure(
        name, figure.count, figure.seconds, figure.cpu, figure.memory, p50_ms=figure.p50_ms, p99_ms=figure.p99_ms
    )


def _loaded(edge: Edge, size: Size) -> Figure:
    """Everything of this size on the state topics, until both services have read it."""
    told = _states(size)
    with edge.meter().reading("read models") as reading:
        while chunk := list(islice(told, 20_000)):
            produce(edge.ground, "members", [(state, key, state.version) for state, key in chunk])
            reading.count += len(chunk)
        began = time.monotonic()
        _wait_for(edge, "scheduling", {"people_seen": size.people, "posts_seen": 7 * size.communes})
        _wait_for(edge, "notifications", {"contacts_seen": size.people, "units_seen": 7 * size.communes + 1})
        reading.latencies_ms.append((time.monotonic() - began) * 1000)
    return reading.figure()


def _states(size: Size) -> Any:
    """Interleaved as an import would tell them: contact beside person."""
    for unit in unit_states(size.communes):
        yield unit, unit.unit_id
    for post in post_states(size.communes):
        yield post, post.post_id
    for portfolio in portfolio_states(size.communes):
        yield portfolio, portfolio.portfolio_id
    people = person_states(size.people, size.communes)
    for person, contact in zip(people, contact_states(size.people, size.communes), strict=True):
        yield person, person.person_id
        yield contact, contact.person_id


def _wait_for(edge: Edge, service: str, counts: Mapping[str, int]) -> None:
    database = edge.ground.database(service)
    try:
        for name, count in counts.items():
            eventually(
                lambda name=name, count=count: database[name].estimated_document_count() >= count,  # type: ignore[misc]  # bound early
                within=600,
                because=f"{service}.{name}",
            )
    finally:
        database.client.close()
