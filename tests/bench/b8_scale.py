"""B8: 1, 94 and 3,321 communes: what the API, a message and a read model cost as the country comes in.

The three sizes stand side by side on the same servers, each with processes of its own, and are asked in turns, so that
a neighbour's work falls on all of them; beside each stands a floor, a call that touches nothing of its size. People
come through the state topics and the services' own consumers. BENCH_PEOPLE sets how many there are at 3,321 communes:
`BENCH_PEOPLE=1000000 make bench-b8` is the issue's million, `make bench` asks for a tenth. Of more than BENCH_TOLD
people (100,000) the others stand in the read models before; BENCH_TOLD=1000000 tells all, which takes ten minutes more.
"""

from __future__ import annotations

import os
import statistics
from collections.abc import Sequence
from contextlib import ExitStack

from tests.bench.country import MEETINGS_A_YEAR, Country, Size, running_country
from tests.bench.daily_questions import plans_of_notifications, plans_of_scheduling
from tests.bench.district import meeting_id
from tests.bench.edge import GATEWAY
from tests.bench.figures import Findings, percentile
from tests.bench.ground import shared_platform
from tests.bench.member_register import plans_of_members
from tests.bench.metering import OWN
from tests.support.web import TokenOffice

TITLE = "scale: communes and people"
AT_MOST = 1.2
APART = (GATEWAY, OWN)
CALLED = ("convene", "list", "read")
KINDS = ("read models", "floor", *CALLED, "message")


def run(small: bool) -> Findings:
    findings = Findings("b8", TITLE)
    most = int(os.environ.get("BENCH_PEOPLE", "100000"))
    told = 300 if small else int(os.environ.get("BENCH_TOLD", "100000"))
    sizes = [Size(1, 200), Size(3, 400)] if small else [Size(1, 1_000), Size(94, most // 10), Size(3_321, most)]
    rounds, calls, messages, rebuilds = (2, 20, 100, 2) if small else (6, 250, 300, 10)
    office = TokenOffice()
    with shared_platform(), ExitStack() as stack:
        countries = [stack.enter_context(running_country(size, office)) for size in sizes]
        _build(countries, told, rebuilds)
        _in_turns(countries, rounds, calls, messages)
        findings.notes += _explained(countries[-1])
    for kind in KINDS:
        findings.figures += [country.figure(kind) for country in countries]
    for country in countries[1:]:
        _judge(findings, countries[0], country)
    findings.notes.insert(0, _how(countries))
    return findings


def _build(countries: Sequence[Country], told: int, turns: int) -> None:
    """Read models, in turns: the smallest size builds its own anew each time, the others take a part of theirs."""
    for country in countries:
        country.be_founded(max(0, country.size.people - told))
    for turn in range(turns):
        countries[0].forget_people()
        countries[0].be_told(range(countries[0].size.people))
        for country in countries[1:]:
            known = max(0, country.size.people - told)
            part = (country.size.people - known) // turns
            country.be_told(range(known + turn * part, known + (turn + 1) * part))
    for country in countries:
        country.give_a_year_of_meetings()


def _in_turns(countries: Sequence[Country], rounds: int, calls: int, messages: int) -> None:
    """Round after round through all sizes, forwards and backwards; the first round is a warm-up and not kept."""
    for turn in range(rounds + 1):
        for country in countries if turn % 2 else reversed(countries):
            country.call(calls)
            country.message(messages)
        if turn == 0:
            for country in countries:
                for kind in ("floor", *CALLED, "message"):
                    country.readings[kind].clear()


def _judge(findings: Findings, smallest: Country, country: Country) -> None:
    name = country.size.name
    for what in CALLED:
        findings.at_most(f"{what} p99 at {name}", _ratio(smallest, country, what, 0.99), AT_MOST, "×")
    for what in ("message", "read models"):
        now, before = (one.figure(what).cpu_per_1000(without=APART) for one in (country, smallest))
        label = "cost per message" if what == "message" else "rebuild of read models, per record,"
        findings.at_most(f"{label} at {name}", now / before, AT_MOST, "×")
    medians = ", ".join(f"{what} {_ratio(smallest, country, what, 0.5):.2f}" for what in CALLED)
    floors = f"p50 {_ratio(smallest, country, 'floor', 0.5):.2f}, p99 {_ratio(smallest, country, 'floor', 0.99):.2f}"
    findings.notes.append(f"{name} ÷ 1 commune: medians {medians}; the floor {floors}")


def _ratio(smallest: Country, country: Country, what: str, share: float) -> float:
    """Of this percentile to that at the smallest size: the median of the rounds, each compared with itself."""
    rounds = zip(smallest.readings[what], country.readings[what], strict=True)
    return statistics.median(
        percentile(now.latencies_ms, share) / percentile(before.latencies_ms, share) for before, now in rounds
    )


def _how(countries: Sequence[Country]) -> str:
    rounds = len(countries[0].readings["list"])
    return f"{rounds} rounds in turns; a ratio of a percentile is the median of the rounds' ratios; floor: GET /livez"


def _explained(country: Country) -> list[str]:
    """Each query as it is planned and what it read, at this size."""
    ground, size = country.edge.ground, country.size
    country.edge.stop("notifications-deliver")
    return [
        *plans_of_scheduling(ground, size.communes, far_down=meeting_id(size.communes // 2 * MEETINGS_A_YEAR)),
        *plans_of_notifications(ground),
        *plans_of_members(ground, size.communes, size.people),
    ]
