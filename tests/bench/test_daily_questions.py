"""What services ask in daily work is heard, all of it, and can be explained.

Whether an index answers it is judged where there is enough to choose by: on a country's data by `make bench-b8`, on
a commune's and its copies by tests/component/scheduling/test_no_scans.py and tests/integration/test_query_plans.py.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chassis.messaging.mongo.collections import ensure_collections
from notifications.bootstrap import KINDS as NOTIFICATIONS_KINDS
from tests.bench.commune_desk import prepare
from tests.bench.daily_questions import plans_of_notifications, plans_of_scheduling
from tests.bench.ground import Ground, bench_ground
from tests.support.web import TokenOffice

pytestmark = pytest.mark.embedded


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    with bench_ground() as made:
        prepare(made, TokenOffice(), 3)
        database = made.database("notifications")
        ensure_collections(database, NOTIFICATIONS_KINDS)
        database.client.close()
        yield made


def test_schedulings_questions_are_heard(ground: Ground) -> None:
    said = plans_of_scheduling(ground, 3, far_down=None)
    assert not any("COLLSCAN" in line for line in said), "\n".join(said)
    assert any("convening: find meetings by unit_id, kind, starts_at" in line for line in said), "\n".join(said)
    for work in ("country's lists", "lists of a youth", "timers", "relay: find outbox", "consume: find parked"):
        assert any(line.strip().startswith(work) for line in said), "\n".join(said)


def test_notifications_questions_are_heard(ground: Ground) -> None:
    said = plans_of_notifications(ground)
    assert not any("COLLSCAN" in line for line in said), "\n".join(said)
    for asked in (
        "delivering: aggregate deliveries by channel, due",
        "delivering: update deliveries",
        "relay: find outbox",
        "consume: find inbox by _id",
        "consume: find parked by lane",
    ):
        assert any(line.strip().startswith(asked) for line in said), "\n".join(said)
