"""After the demo month: no telephone, e-mail address or name of anybody where none belongs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator

import pytest
import urllib3

from deploy.local.access_control import topics_of
from tests.chaos.conftest import Town
from tests.chaos.evidence import Stores, stores_of, topic_records
from tests.chaos.findings import say

pytestmark = pytest.mark.timeout(240)

HOLDS_PEOPLE = {
    "members.people.v1": ("names",),
    "members.contacts.v1": ("names", "telephones", "addresses"),
    "scheduling.concern-answers.v1": ("names",),
}
"""Topics whose payload may hold personal data, and which; keys and headers never."""


class Registered:
    """Everything that could give somebody away, as members knows it now."""

    def __init__(self, stores: Stores) -> None:
        people = stores.rows("members", "people")
        addresses = [(point["channel"], point["address"]) for one in people for point in one["points"]]
        phones = {address for channel, address in addresses if channel == "sms"}
        phones |= {phone for one in people for phone in one["other_phones"]}
        self.sorts = {
            "names": {one["full_name"].casefold() for one in people},
            "telephones": {phone.removeprefix("+84") for phone in phones},
            "addresses": {address.casefold() for channel, address in addresses if channel == "email"},
        }
        self._patterns = {name: _any_of(values) for name, values in self.sorts.items()}

    def found_in(self, text: str, *, but: Iterable[str] = ()) -> list[str]:
        """What of whom stands in the text, each as `sort: what`."""
        plain = text.casefold()
        return [
            f"{sort}: {hit}"
            for sort, pattern in self._patterns.items()
            if sort not in but
            for hit in set(pattern.findall(plain))
        ]


def _any_of(values: Iterable[str]) -> re.Pattern[str]:
    """Any of the values as a whole: not the middle of a longer number or word."""
    listed = sorted(map(re.escape, values), key=len, reverse=True)
    return re.compile(rf"(?:{'|'.join(listed)})(?!\w)")


@pytest.fixture(scope="module")
def registered(town: Town) -> Registered:
    with stores_of(town.stage) as stores:
        known = Registered(stores)
    assert len(known.sorts["names"]) > 300
    assert len(known.sorts["telephones"]) > 200
    say(", ".join(f"{len(values)} {sort}" for sort, values in known.sorts.items()))
    return known


def test_no_log_holds_them(town: Town, registered: Registered) -> None:
    """Of the services, the web servers' access logs with their URLs, the broker, the database, the supervisor."""
    wrong = []
    for log in sorted((town.stage.directory / "log").glob("*.log")):
        if log.name == "sinks.log":
            continue  # the outside world
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
        wrong += [f"{log.name}: {hits}: {line[:300]}" for line in lines if (hits := registered.found_in(line))]
    assert not wrong, "\n".join(wrong[:10])


def readable(value: bytes | None) -> str:
    """A record's text without escapes; what is no JSON (another test's poison) as it is."""
    if not value:
        return ""
    try:
        return json.dumps(json.loads(value), ensure_ascii=False)
    except ValueError:
        return value.decode(errors="replace")


def test_no_topic_holds_them_but_those_that_must(town: Town, registered: Registered) -> None:
    records = topic_records(town.stage)
    wrong, looked = [], 0
    for topic, listed in records.items():
        for record in listed:
            looked += 1
            around = f"{record.key} {json.dumps(dict(record.headers))}"
            value = readable(record.value)
            hits = registered.found_in(around) + registered.found_in(value, but=HOLDS_PEOPLE.get(topic, ()))
            wrong += [f"{topic} {record.type} {hit}" for hit in hits]
    say(f"{looked} records on {len(records)} topics")
    assert not wrong, "\n".join(wrong[:10])
    assert {topic.name for topic in topics_of()} == records.keys()
    assert any(
        registered.found_in(str(record.value and record.value.decode())) for record in records["members.contacts.v1"]
    )


def test_no_metric_holds_them(town: Town, registered: Registered) -> None:
    for url in _health_urls(town):
        told = urllib3.request("GET", f"{url}/metrics", timeout=5.0).data.decode()
        assert "# HELP" in told
        assert not registered.found_in(told), url


def test_stores_hold_them_where_they_are_needed_only(town: Town, registered: Registered) -> None:
    """scheduling knows names and no way to reach anybody; deliveries, outboxes of events and queues hold neither."""
    with stores_of(town.stage) as stores:
        for collection in ("meetings", "invitations", "tasks", "rotations", "proposals", "people_seen", "posts_seen"):
            for row in stores.rows("scheduling", collection):
                assert not registered.found_in(str(row), but=("names",)), (collection, row["_id"])
        for service, collection in (
            ("notifications", "deliveries"),
            ("notifications", "inbox"),
            ("notifications", "audiences"),
            ("notifications", "access_log"),
            ("notifications", "receipt_batches"),
            ("scheduling", "access_log"),
            ("scheduling", "inbox"),
            ("members", "access_log"),
        ):
            for row in stores.rows(service, collection):
                assert not registered.found_in(str(row)), (service, collection, row["_id"])


def _health_urls(town: Town) -> Iterator[str]:
    for supervised in town.stage.system.supervisor.programs.values():
        url = supervised.program.readiness_url or ""
        if supervised.program.name != "sinks":
            yield url.removesuffix("/readyz")
