"""A country of some size as a running system of its own: its people told, a year of meetings, calls and messages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import orjson
from pymongo.database import Database

from deploy.local.processes import ServiceProcess
from scheduling.application.records import MEETINGS
from tests.bench.b1_sms import send
from tests.bench.callers import Call, call_many
from tests.bench.commune_desk import convene, prepare, token_of_all
from tests.bench.district import (
    POSTS_PER_COMMUNE,
    ROOT,
    branch_id,
    commune_id,
    meeting_id,
    portfolio_states,
    post_states,
    unit_states,
)
from tests.bench.edge import Edge, notifications, running_edge
from tests.bench.figures import Figure
from tests.bench.metering import Reading, joined
from tests.bench.stored_people import contacts_seen, insert_all, people_seen
from tests.bench.telling import Teller, teller
from tests.support.eventually import eventually
from tests.support.web import TokenOffice

MEETINGS_A_YEAR = 26
"""2 giao ban, 12 họp BTV and 12 sinh hoạt liên chi đoàn per commune."""
HALF_YEARS = 60
LIST_LENGTH = 20
CONVENED_FROM = datetime(2027, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Size:
    communes: int
    people: int

    @property
    def name(self) -> str:
        return f"{self.communes:,} communes, {self.people:,} people"


@dataclass
class Country:
    """Processes, people and meetings of one size; `readings` keeps every round of each kind of work apart."""

    edge: Edge
    size: Size
    token: str
    readings: dict[str, list[Reading]] = field(default_factory=dict)
    _convened: Iterator[int] = field(default_factory=count)
    _asked: Iterator[int] = field(default_factory=count)

    def figure(self, what: str) -> Figure:
        """All rounds together."""
        found = joined(self.readings[what])
        return Figure(
            f"{what}, {self.size.name}",
            found.count,
            found.seconds,
            found.cpu,
            found.memory,
            p50_ms=found.p50_ms,
            p99_ms=found.p99_ms,
        )

    def be_founded(self, known: int) -> None:
        """Units, posts and portfolios come by their topics; the first `known` people are in the read models at once."""
        with teller(self.edge.ground) as one:
            self._tell_units(one)
        self._know(range(known))

    def be_told(self, people: range) -> None:
        """These people on the state topics, after all before them, until both services have read them."""
        with teller(self.edge.ground) as one, self._reading("read models") as reading:
            reading.count = one.tell_people(people, self.size.communes)
            one.flush()
            self._wait_for("scheduling", people_seen=people.stop)
            self._wait_for("notifications", contacts_seen=people.stop)

    def forget_people(self) -> None:
        """Empty the read models of people, so that they are built anew."""
        for service, name in (("scheduling", "people_seen"), ("notifications", "contacts_seen")):
            with self._database(service) as database:
                database[name].delete_many({})

    def call(self, number: int) -> None:
        """A round: so many lists and reads, half as many meetings convened, and a floor: calls that touch nothing."""
        communes, yearly = self.size.communes, MEETINGS_A_YEAR
        asked = [next(self._asked) for _ in range(number)]
        self._calls("floor", [Call("GET", "/livez") for _ in asked])
        self._calls(
            "list",
            [Call("GET", f"/v1/meetings?unit_id={commune_id(one % communes)}&limit={LIST_LENGTH}") for one in asked],
        )
        self._calls("read", [Call("GET", f"/v1/meetings/{meeting_id(one % (communes * yearly))}") for one in asked])
        self._forget_convened()
        self._calls("convene", [convene(next(self._convened) % HALF_YEARS, 1) for _ in asked[::2]])

    def message(self, number: int) -> None:
        """A round of so many messages, from the event to the gateway."""
        self.readings.setdefault("message", []).append(_as_reading(send(self.edge, number, "message", receipts=False)))

    def give_a_year_of_meetings(self) -> None:
        """The same in every commune, as one meeting that was really convened."""
        with self.edge.meter().reading("first") as reading:
            (answer,) = call_many(reading, self.edge.ports.scheduling, self.token, lambda _: convene(0, 1), 1)
        with self._database("scheduling") as database:
            meetings = database[MEETINGS.name]
            model = meetings.find_one({"_id": orjson.loads(answer)["meeting"]["id"]})
            assert model is not None
            for commune in range(self.size.communes):
                meetings.insert_many(
                    [_held(model, commune, number) for number in range(MEETINGS_A_YEAR)], ordered=False
                )

    @contextmanager
    def _reading(self, what: str) -> Iterator[Reading]:
        with self.edge.meter().reading(what) as reading:
            yield reading
        self.readings.setdefault(what, []).append(reading)

    def _calls(self, what: str, calls: list[Call]) -> None:
        with self._reading(what) as reading:
            call_many(reading, self.edge.ports.scheduling, self.token, calls.__getitem__, len(calls))

    def _tell_units(self, one: Teller) -> None:
        communes = self.size.communes
        for unit in unit_states(communes):
            one.tell(unit, unit.unit_id)
        for post in post_states(communes):
            one.tell(post, post.post_id)
        for portfolio in portfolio_states(communes):
            one.tell(portfolio, portfolio.portfolio_id)
        one.flush()
        self._wait_for("scheduling", posts_seen=POSTS_PER_COMMUNE * communes, portfolios_seen=communes)
        self._wait_for("notifications", units_seen=POSTS_PER_COMMUNE * communes + 1)

    def _forget_convened(self) -> None:
        """No commune has hundreds of meetings in a half-year: each round finds those of the year, and no other's."""
        with self._database("scheduling") as database:
            database[MEETINGS.name].delete_many({"unit_id": commune_id(0), "starts_at": {"$gte": CONVENED_FROM}})

    def _know(self, people: range) -> None:
        for service, name, rows in (
            ("scheduling", "people_seen", people_seen(people, self.size.communes)),
            ("notifications", "contacts_seen", contacts_seen(people, self.size.communes)),
        ):
            with self._database(service) as database:
                insert_all(database, name, rows)

    def _wait_for(self, service: str, **counts: int) -> None:
        with self._database(service) as database:
            for name, wanted in counts.items():
                _until(lambda name=name: database[name].estimated_document_count(), wanted, f"{service}.{name}")  # type: ignore[misc]  # bound early

    @contextmanager
    def _database(self, service: str) -> Iterator[Database[dict[str, Any]]]:
        database = self.edge.ground.database(service)
        try:
            yield database
        finally:
            database.client.close()


@contextmanager
def running_country(size: Size, office: TokenOffice) -> Iterator[Country]:
    """Its processes run and know nothing yet."""
    with running_edge(0, {"LOG_LEVEL": "WARNING"}, communes=0) as edge:
        prepare(edge.ground, office, 0)
        edge.faults(no_receipt_rate=1.0)
        edge.start(*(ServiceProcess("scheduling", process) for process in ("web", "consume")))
        edge.start(*notifications("consume", "deliver", "relay"))
        yield Country(edge, size, token_of_all(office))


def _until(counted: Callable[[], int], wanted: int, what: str) -> None:
    eventually(lambda: counted() >= wanted, within=600, pause=0.05, because=what)


def _as_reading(figure: Figure) -> Reading:
    reading = Reading(figure.name)
    reading.count, reading.seconds = figure.count, figure.seconds
    reading.cpu, reading.memory = dict(figure.cpu), dict(figure.memory)
    return reading


def _held(model: dict[str, Any], commune: int, number: int) -> dict[str, Any]:
    """A copy of a stored meeting: another commune's, on another day of 2025 or 2026."""
    starts = datetime(2025, 11, 4, 12, tzinfo=UTC) + timedelta(days=14 * number, minutes=commune % 60)
    branches = [branch_id(commune, one) for one in range(POSTS_PER_COMMUNE - 1)]
    path: Iterable[str] = (ROOT, commune_id(commune))
    return {
        **model,
        "_id": meeting_id(commune * MEETINGS_A_YEAR + number),
        "unit_id": commune_id(commune),
        "unit_path": list(path),
        "seen_from": [*path, *branches],
        "branch_ids": branches,
        "starts_at": starts,
        "ends_at": starts + timedelta(minutes=90),
    }
