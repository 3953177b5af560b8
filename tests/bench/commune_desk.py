"""scheduling as its users meet it: communes with their posts, an officer's token, meetings to convene."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import orjson

from chassis.context import LOCAL_ZONE
from chassis.messaging.mongo.collections import ensure_collections
from chassis.storage.mongo import MongoStore
from chassis.web.tokens import public_part
from scheduling.application.read_models import (
    POSTS,
    SIGNING_KEYS,
    UNITS,
    SigningKeySeen,
    as_post,
    as_unit,
)
from scheduling.bootstrap import KINDS
from tests.bench.callers import Call
from tests.bench.district import ROOT, commune_id, post_states, unit_states
from tests.bench.ground import Ground
from tests.support.web import TokenOffice, post

SERVICE = "scheduling"
HALF_YEARS = 10


def prepare(ground: Ground, office: TokenOffice, communes: int) -> None:
    """Collections, units, posts, and the key that verifies the office's tokens."""
    database = ground.database(SERVICE)
    ensure_collections(database, KINDS)
    store = MongoStore(database, timeout_seconds=120.0)
    store.project(UNITS, [as_unit(state) for state in unit_states(communes)])
    store.project(POSTS, [as_post(state) for state in post_states(communes)])
    trust(store, office)
    database.client.close()


def trust(store: MongoStore, office: TokenOffice) -> None:
    """Make the service believe the office's tokens."""
    now = datetime.now(UTC)
    key = SigningKeySeen(
        id="test-key",
        jwk=dict(public_part(office.key)),
        not_before=now - timedelta(days=1),
        expires=now + timedelta(days=30),
    )
    store.project(SIGNING_KEYS, [key])


def token_of_all(office: TokenOffice) -> str:
    """Of someone who stands above all communes and may do there what their secretaries may."""
    return office.token(person="0190a1b2-0000-7000-8003-ffffffffffff", grants=[post("commune_secretary", ROOT)])


def convene(number: int, communes: int) -> Call:
    """A giao ban at a good time, in another commune or half-year for each number up to 10 × communes."""
    starts = _good_time(number // communes)
    body = {
        "unit_id": commune_id(number % communes),
        "title": "Giao ban 6 tháng",
        "starts_at": starts.isoformat(),
        "ends_at": (starts + timedelta(minutes=90)).isoformat(),
        "place": "Hội trường UBND xã",
        "agenda": "Đánh giá kết quả 6 tháng; giải đáp kiến nghị của các chi đoàn; giao nhiệm vụ kỳ tới.",
    }
    return Call("POST", "/v1/briefings", orjson.dumps(body))


def _good_time(half_year: int) -> datetime:
    """A Tuesday evening in the middle of March or September, from 2027 on."""
    day = date(2027 + half_year // 2, 3 if half_year % 2 == 0 else 9, 8)
    day += timedelta(days=(1 - day.weekday()) % 7)
    return datetime.combine(day, time(19), LOCAL_ZONE)
