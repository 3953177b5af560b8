"""B5: convening, listing and reading meetings over HTTP, beside Flask and pymongo alone under the same gunicorn."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import orjson

from deploy.local.ports import free_port
from deploy.local.process_family import ProcessFamily
from deploy.local.system import REPOSITORY
from deploy.manifests import REPLICAS
from tests.bench.bench_web_overhead import BODY, KEY_FILE
from tests.bench.callers import Call, call_many
from tests.bench.commune_desk import HALF_YEARS, SERVICE, convene, prepare, token_of_all
from tests.bench.district import commune_id
from tests.bench.edge import wait_ready
from tests.bench.figures import Figure, Findings
from tests.bench.ground import Ground, bench_ground
from tests.bench.metering import Meter, Reading, joined
from tests.support.web import TokenOffice

TITLE = "API: convene, list, read; 16 connections"
OF_ONE_INSERT, OF_THE_TRANSACTION = 0.60, 0.85
CLIENTS, WEB = "clients", "web"
INSERT, TRANSACTION = "Flask + pymongo, one insert", "Flask + pymongo, three writes in one transaction"
CHAIN, BARE, REAL = "our web chain, the same three writes", "Flask + pymongo", "scheduling"
TURNS = 6


@dataclass(frozen=True)
class Counts:
    """How much is asked for."""

    communes: int
    writes: int
    reads: int


def run(small: bool) -> Findings:
    findings = Findings("b5", TITLE)
    counts = Counts(20, 60, 60) if small else Counts(470, 3_000, 4_000)
    office = TokenOffice()
    token = token_of_all(office)
    with bench_ground() as ground, ProcessFamily(ground.directory / "log") as family:
        prepare(ground, office, counts.communes)
        (key := ground.directory / "key").write_bytes(orjson.dumps(office.key))
        bare, chain = ["-m", "tests.bench.bare_web"], ["-m", "tests.bench.bench_web_overhead", "serve", "chain"]
        with (
            _served(ground, family, [*bare, "insert"], "insert_") as insert,
            _served(ground, family, [*bare, "transaction"], "transaction_") as transaction,
            _served(ground, family, chain, "chain_", {KEY_FILE: str(key)}) as ours,
            _served(ground, family, ["-m", SERVICE, "web"]) as real,
        ):
            servers = {INSERT: insert, TRANSACTION: transaction, CHAIN: ours}
            turns = [
                [_written(*server, token, name, counts.writes // TURNS) for name, server in servers.items()]
                for _ in range(TURNS)  # in turns, so that whatever else the machine does meets all
            ]
            findings.figures += [joined(readings) for readings in zip(*turns, strict=True)]
            findings.figures += list(_measured(*insert, token, BARE, counts))[1:]
            findings.figures += _measured(*real, token, REAL, counts)
    _judge(findings)
    return findings


def _judge(findings: Findings) -> None:
    rate = {figure.name: figure.per_second for figure in findings.figures}
    findings.at_least("chain ÷ one insert", rate[CHAIN] / rate[INSERT], OF_ONE_INSERT, "×")
    findings.at_least("chain ÷ the same transaction", rate[CHAIN] / rate[TRANSACTION], OF_THE_TRANSACTION, "×")
    for what in ("list", "read"):
        findings.notes.append(f"{what} ÷ bare {rate[f'{REAL}: {what}'] / rate[f'{BARE}: {what}']:.2f}")
    convening = rate[f"{REAL}: convene"]
    findings.notes.append(
        f"convening a briefing ÷ one insert {convening / rate[INSERT]:.2f}, ÷ the transaction "
        f"{convening / rate[TRANSACTION]:.2f}: it also reads unit, branches, posts, clashes and holidays, and writes "
        "seven invitations"
    )


@contextmanager
def _served(
    ground: Ground,
    family: ProcessFamily,
    command: Sequence[str],
    prefix: str = "",
    more: Mapping[str, str] | None = None,
) -> Iterator[tuple[Meter, int]]:
    """One gunicorn; the peers have a database of their own."""
    port = free_port()
    environment = {**web_environment(ground, port), **(more or {})}
    if prefix:
        access = ground.platform.mongo(SERVICE, f"{ground.namespace.database_prefix}{prefix}")
        environment = {**environment, **access.environment()}
    child = family.start(f"web-{port}", [sys.executable, *command], environment, REPOSITORY)
    wait_ready(f"http://127.0.0.1:{port}/livez")
    meter = ground.meter(own=CLIENTS)
    meter.add(WEB, child.pid)
    try:
        yield meter, port
    finally:
        child.stop(5)


def web_environment(ground: Ground, port: int) -> Mapping[str, str]:
    """What the web process of scheduling is told."""
    return {
        **ground.base_environment(),
        **ground.namespace.environment(SERVICE),
        "PORT": str(port),
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "WEB_WORKERS": str(REPLICAS["web"]),  # as many processes as are deployed, here behind one port
        "WEB_THREADS": "16",
        "LOG_LEVEL": "INFO",  # as it runs: a line per request
    }


def _written(meter: Meter, port: int, token: str, name: str, count: int) -> Reading:
    """The same POST again and again, each with a key of its own."""
    with meter.reading("warm-up") as reading:
        call_many(reading, port, token, lambda _: Call("POST", "/v1/meetings", BODY), min(count // 2, 200))
    with meter.reading(name) as reading:
        call_many(reading, port, token, lambda _: Call("POST", "/v1/meetings", BODY), count)
    return reading


def _measured(meter: Meter, port: int, token: str, name: str, counts: Counts) -> Iterator[Figure]:
    communes, writes, reads = counts.communes, counts.writes, counts.reads
    assert writes + 100 <= communes * HALF_YEARS, "a second meeting in a half-year is another case"
    warm_up = min(writes // 2, 100)

    def figure(what: str, calls: Callable[[int], Call], count: int) -> tuple[Figure, list[bytes]]:
        with meter.reading(f"{name}: {what}") as reading:
            answers = call_many(reading, port, token, calls, count)
        return reading.figure(), answers

    figure("warm-up", lambda number: convene(writes + number, communes), warm_up)
    convened, answers = figure("convene", lambda number: convene(number, communes), writes)
    yield convened
    ids = [_id(answer) for answer in answers]
    listed = [f"/v1/meetings?unit_id={commune_id(number)}&limit=20" for number in range(communes)]
    yield figure("list", lambda number: Call("GET", listed[number % communes]), reads)[0]
    yield figure("read", lambda number: Call("GET", f"/v1/meetings/{ids[number % len(ids)]}"), reads)[0]


def _id(answer: bytes) -> str:
    said = orjson.loads(answer)
    return str(said["meeting"]["id"] if "meeting" in said else said["id"])
