"""Two at the same moment, on the real processes: one effect, and everybody is told the truth."""

from __future__ import annotations

import threading
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.chaos.commands import Command, Ledger
from tests.chaos.conftest import Town
from tests.chaos.evidence import Stores, stores_of
from tests.chaos.load import Load
from tests.chaos.world import World, made_world, urls_of, wait_until_known
from tests.support.eventually import eventually

pytestmark = pytest.mark.timeout(240)
TEN = 10


@pytest.fixture(scope="module")
def world(town: Town) -> Iterator[World]:
    urls = town.stage.urls
    made = made_world(urls_of(urls), (urls.admin_account, urls.admin_password), Ledger(), prefix="b", branches=2)
    wait_until_known(made)
    yield made
    made.close()


@pytest.fixture
def stores(town: Town) -> Iterator[Stores]:
    with stores_of(town.stage) as opened:
        yield opened


def at_once(*acts: Callable[[], Command]) -> list[Command]:
    """All begun at the same moment; their answers in the order given."""
    gate, answers = threading.Barrier(len(acts)), dict[int, Command]()

    def run(number: int) -> None:
        gate.wait()
        answers[number] = acts[number]()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [answers[number] for number in sorted(answers)]


def plan(world: World, title: str, days: int = 30) -> dict[str, Any]:
    return {
        "unit_id": world.commune_id,
        "title": title,
        "starts_at": f"2027-03-{days % 28 + 1:02d}T12:00:00Z",
        "ends_at": f"2027-03-{days % 28 + 1:02d}T14:00:00Z",
        "place": "Hội trường",
    }


def convened(world: World, title: str, key: str | None = None) -> Command:
    return world.secretary.command("convened", "scheduling", "/v1/briefings", plan(world, title), key=key)


def test_ten_clients_with_one_key_make_one_meeting(world: World, stores: Stores) -> None:
    key = str(uuid.uuid4())
    answers = at_once(*(lambda: convened(world, "Mười lần một khóa", key) for _ in range(TEN)))
    assert {answer.status for answer in answers} == {201}
    assert len({answer.answer["meeting"]["id"] for answer in answers}) == 1
    assert stores.count("scheduling", "meetings", {"title": "Mười lần một khóa"}) == 1
    assert stores.count("scheduling", "outbox", {"correlation_id": key}) == 1


def test_ten_keys_make_ten_meetings(world: World, stores: Stores) -> None:
    answers = at_once(*(lambda: convened(world, "Mười khóa") for _ in range(TEN)))
    assert [answer.status for answer in answers] == [201] * TEN
    assert stores.count("scheduling", "meetings", {"title": "Mười khóa"}) == TEN


def test_the_same_key_after_a_crash_in_the_middle_has_its_effect_once(town: Town, world: World, stores: Stores) -> None:
    """The web process is killed while it works on the command; its client asks again until it is answered."""
    for attempt in range(3):
        title = f"Giữa chừng {attempt}"
        killer = threading.Timer(0.004 * (attempt + 1), town.stage.child("scheduling-web").kill)
        killer.start()
        key = str(uuid.uuid4())
        asking = threading.Thread(target=convened, args=(world, title, key))
        asking.start()
        while asking.is_alive():
            town.stage.system.supervisor.look_once()
            asking.join(0.05)
        killer.join()
        assert convened(world, title, key).status == 201
        assert stores.count("scheduling", "meetings", {"title": title}) == 1
        assert stores.count("scheduling", "outbox", {"correlation_id": key}) == 1


def test_of_two_officers_who_change_what_they_saw_one_is_told_that_it_changed(world: World, stores: Stores) -> None:
    meeting = convened(world, "Hai cán bộ").answer["meeting"]
    path = f"/v1/meetings/{meeting['id']}/reschedule"

    def move(day: int) -> Command:
        body = {name: plan(world, "", day)[name] for name in ("starts_at", "ends_at")} | {"reason": "Trùng lịch"}
        return world.secretary.command("moved", "scheduling", path, body, if_match=meeting["version"])

    answers = at_once(lambda: move(3), lambda: move(5))
    assert Counter(answer.status for answer in answers) == {200: 1, 412: 1}
    (row,) = stores.rows("scheduling", "meetings", {"_id": meeting["id"]})
    assert (row["version"], len(row["moves"])) == (2, 1)


def test_without_if_match_both_changes_are_made_one_after_the_other(world: World, stores: Stores) -> None:
    meeting = convened(world, "Cả hai").answer["meeting"]
    path = f"/v1/meetings/{meeting['id']}/reschedule"

    def move(day: int) -> Command:
        body = {name: plan(world, "", day)[name] for name in ("starts_at", "ends_at")} | {"reason": "Trùng lịch"}
        return world.secretary.command("moved", "scheduling", path, body)

    answers = at_once(lambda: move(7), lambda: move(9))
    assert [answer.status for answer in answers] == [200, 200]
    (row,) = stores.rows("scheduling", "meetings", {"_id": meeting["id"]})
    assert (row["version"], len(row["moves"])) == (3, 2)


def test_the_same_list_uploaded_twice_at_once_is_taken_once(town: Town, world: World, stores: Stores) -> None:
    import random

    content = Load(world, town.stage.inbox, 1)._workbook(random.Random(5))
    body = {"unit_id": world.commune_id}

    def upload() -> Command:
        return world.secretary.command("uploaded", "members", "/v1/imports", body, upload=("a.xlsx", content))

    answers = at_once(upload, upload)
    assert sorted(answer.status for answer in answers) == [201, 409]
    (taken,) = (answer.answer for answer in answers if answer.status == 201)
    confirm = f"/v1/imports/{taken['id']}/confirm"
    at_once(*(lambda: world.secretary.command("confirmed", "members", confirm) for _ in range(2)))

    def done() -> bool:
        return bool(stores.rows("members", "imports", {"_id": taken["id"], "state": "done"}))

    eventually(done, within=20)
    rows = stores.rows("members", "import_rows", {"import_id": taken["id"], "outcome": "created"})
    people = [row["person_id"] for row in rows]
    assert len(people) == len(set(people)) == stores.count("members", "people", {"_id": {"$in": people}})
    told = stores.count("members", "outbox", {"aggregateid": taken["id"]})
    assert told == 1, "PeopleImported is told once"
