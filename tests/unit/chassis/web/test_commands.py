"""A command has its effect once, however often and by however many it is sent; and two at once do not overwrite."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import pytest
from werkzeug.test import TestResponse

from chassis.failures import Unavailable, VersionConflict
from chassis.storage.changes import Changes
from chassis.storage.documents import D, Kind
from chassis.storage.memory import MemoryStore
from chassis.web.idempotency import IDEMPOTENCY
from tests.support.web import ApiClient, post
from tests.unit.chassis.web.notices import NEW, NOTICES, UNIT, a_notice, notices_app

ID = "0190a1b2-0000-7000-8000-000000000001"


class Setting:
    """An app on a store, and two who may write."""

    def __init__(self, store: MemoryStore) -> None:
        app, _, office = notices_app(store)
        self.store = store
        self.secretary = office.client(app, person="p1", grants=[post("secretary", UNIT)])
        self.deputy = office.client(app, person="p2", grants=[post("secretary", UNIT)])

    def send(self, key: str | None, title: str = "Ra quân", *, by: ApiClient | None = None) -> TestResponse:
        headers = {} if key is None else {"Idempotency-Key": key}
        return (by or self.secretary).post("/v1/notices", json=NEW | {"title": title}, headers=headers)

    @property
    def titles(self) -> list[str]:
        return sorted(notice.title for notice in self.store.find(NOTICES, {}))


@pytest.fixture
def setting() -> Setting:
    return Setting(MemoryStore())


def same_answer(one: TestResponse, other: TestResponse) -> bool:
    told = ("Location", "ETag", "Content-Type")
    return (one.status_code, one.data, [one.headers.get(name) for name in told]) == (
        other.status_code,
        other.data,
        [other.headers.get(name) for name in told],
    )


def test_the_same_post_again_has_one_effect_and_the_same_answer(setting: Setting) -> None:
    first, second = setting.send("k1"), setting.send("k1")
    assert first.status_code == 201
    assert same_answer(first, second)
    assert "Idempotent-Replayed" not in first.headers
    assert second.headers["Idempotent-Replayed"] == "true"
    assert setting.titles == ["Ra quân"]


def test_ten_at_the_same_moment_have_one_effect_and_the_same_answer() -> None:
    together = threading.Barrier(10)

    class Meeting(MemoryStore):
        """All have decided before the first may commit."""

        def commit(self, changes: Changes) -> None:
            together.wait(10)
            super().commit(changes)

    setting = Setting(Meeting())
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: setting.send("k1"), range(10)))
    assert [answer.status_code for answer in answers] == [201] * 10
    assert all(same_answer(answers[0], answer) for answer in answers)
    assert [answer.headers.get("Idempotent-Replayed") for answer in answers].count(None) == 1
    assert setting.titles == ["Ra quân"]


def test_another_body_under_the_same_key_is_refused(setting: Setting) -> None:
    setting.send("k1")
    answer = setting.send("k1", "Khác")
    assert answer.status_code == 422
    assert answer.json is not None
    assert answer.json["type"].endswith("/idempotency-key-reused")
    assert setting.titles == ["Ra quân"]


def test_another_address_under_the_same_key_is_refused(setting: Setting) -> None:
    setting.send("k1")
    answer = setting.secretary.post(
        f"/v1/notices/{UNIT}/sheets", data={"file": (BytesIO(b"x"), "a")}, headers={"Idempotency-Key": "k1"}
    )
    assert answer.status_code == 422


def test_the_same_body_written_otherwise_is_the_same_request(setting: Setting) -> None:
    first = setting.send("k1")
    turned = dict(reversed((NEW | {"title": "Ra quân"}).items()))
    second = setting.secretary.post("/v1/notices", json=turned, headers={"Idempotency-Key": "k1"})
    assert same_answer(first, second)


def test_an_upload_sent_again_is_the_same_request_though_its_boundary_differs(setting: Setting) -> None:
    def upload(content: bytes) -> int:
        form = {"file": (BytesIO(content), "a.xlsx")}
        return setting.secretary.post(
            f"/v1/notices/{UNIT}/sheets", data=form, headers={"Idempotency-Key": "u1"}
        ).status_code

    assert [upload(b"abc"), upload(b"abc"), upload(b"abd")] == [200, 200, 422]


def test_keys_of_two_callers_do_not_meet(setting: Setting) -> None:
    assert setting.send("k1").status_code == setting.send("k1", by=setting.deputy).status_code == 201
    assert len(setting.titles) == 2


def test_a_refused_command_keeps_nothing_and_its_key_may_be_used_again(setting: Setting) -> None:
    def change(title: str) -> TestResponse:
        return setting.secretary.patch(f"/v1/notices/{ID}", json={"title": title}, headers={"Idempotency-Key": "k1"})

    assert change("Mới").status_code == 404
    assert setting.store.count(IDEMPOTENCY, {}) == 0
    setting.store.commit(Changes().insert(NOTICES, a_notice(ID, "Cũ")))
    assert change("Mới").status_code == 200
    # Decided anew it would be refused (the title is the same now), but it is the same command:
    assert change("Mới").status_code == 200


@pytest.mark.parametrize("key", ["", " ", "a b", "é", "x" * 256, "tab\there"])
def test_a_key_that_is_none_is_refused(setting: Setting, key: str) -> None:
    answer = setting.secretary.post("/v1/notices", json=NEW, headers={"Idempotency-Key": key})
    assert answer.status_code == 400
    assert setting.titles == []


@pytest.mark.parametrize("key", ["!", "x" * 255, '~"\\{}'])
def test_any_visible_ascii_of_at_most_255_characters_is_a_key(setting: Setting, key: str) -> None:
    assert setting.send(key).status_code == 201


def test_a_post_without_a_key_is_refused(setting: Setting) -> None:
    app, _, office = notices_app(setting.store)
    token = office.token(person="p1", grants=[post("secretary", UNIT)])
    answer = app.test_client().post("/v1/notices", json=NEW, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 400
    assert answer.json is not None
    assert answer.json["type"].endswith("/idempotency-key-missing")


def test_the_etag_is_the_version_and_if_match_keeps_two_officers_from_overwriting(setting: Setting) -> None:
    made = setting.send("k1")
    address, read = made.headers["Location"], made.headers["ETag"]
    assert read == '"1"'
    first = setting.secretary.patch(address, json={"title": "Một"}, headers={"If-Match": read})
    second = setting.deputy.patch(address, json={"title": "Hai"}, headers={"If-Match": read})
    assert (first.status_code, first.headers["ETag"]) == (200, '"2"')
    assert second.status_code == 412
    assert setting.titles == ["Một"]


@pytest.mark.parametrize("tag", ["1", 'W/"1"', '"0"', '"x"', '"1", "2"', ""])
def test_an_if_match_that_is_no_etag_of_ours_is_refused(setting: Setting, tag: str) -> None:
    setting.store.commit(Changes().insert(NOTICES, a_notice(ID, "Cũ")))
    answer = setting.secretary.patch(f"/v1/notices/{ID}", json={"title": "x"}, headers={"If-Match": tag})
    assert answer.status_code == 400


def test_reading_again_what_one_has_is_304(setting: Setting) -> None:
    address = setting.send("k1").headers["Location"]
    etag = setting.secretary.get(address).headers["ETag"]
    for condition in (etag, f"W/{etag}", f'"9", {etag}', "*"):
        answer = setting.secretary.get(address, headers={"If-None-Match": condition})
        assert (answer.status_code, answer.data, answer.headers["ETag"]) == (304, b"", etag)
    assert setting.secretary.get(address, headers={"If-None-Match": '"9"'}).status_code == 200


class Interrupted(MemoryStore):
    """Something happens before each of the first commits of a command."""

    def __init__(self, happens: Callable[[MemoryStore], None], times: int) -> None:
        super().__init__()
        self._happens, self._left = happens, times

    def commit(self, changes: Changes) -> None:
        if self._left and any(change.kind is IDEMPOTENCY for change in changes.changes):
            self._left -= 1
            self._happens(self)
        super().commit(changes)

    def read(self, kind: Kind[D], id: str) -> D:
        found = self.get(kind, id)
        assert found is not None
        return found


def another_writer(store: MemoryStore) -> None:
    notice = store.get(NOTICES, ID)
    assert notice is not None
    store.project(NOTICES, [notice.model_copy(update={"version": notice.version + 1})])


def change_with(store: Interrupted, condition: dict[str, str]) -> TestResponse:
    setting = Setting(store)
    store.project(NOTICES, [a_notice(ID, "Cũ")])
    headers = {"Idempotency-Key": "k1"} | condition
    return setting.secretary.patch(f"/v1/notices/{ID}", json={"title": "Mới"}, headers=headers)


def test_a_command_without_condition_is_decided_again_when_another_writer_was_faster() -> None:
    store = Interrupted(another_writer, times=3)
    assert change_with(store, {}).status_code == 200
    assert (store.read(NOTICES, ID).title, store.read(NOTICES, ID).version) == ("Mới", 5)


def test_a_command_that_always_comes_late_is_told_to_try_again() -> None:
    store = Interrupted(another_writer, times=99)
    answer = change_with(store, {})
    assert (answer.status_code, answer.headers["Retry-After"]) == (409, "1")


def test_a_command_with_a_condition_is_not_decided_on_another_version() -> None:
    store = Interrupted(another_writer, times=1)
    assert change_with(store, {"If-Match": '"1"'}).status_code == 412
    assert store.read(NOTICES, ID).title == "Cũ"


def test_a_value_that_must_be_unique_and_is_there_is_a_conflict(setting: Setting) -> None:
    assert setting.secretary.post("/v1/notices", json=NEW | {"code": "A"}).status_code == 201
    answer = setting.secretary.post("/v1/notices", json=NEW | {"code": "A"})
    assert answer.status_code == 409
    assert answer.json is not None
    assert answer.json["type"].endswith("/already-exists")


def test_after_a_commit_of_unknown_outcome_the_same_key_finds_out() -> None:
    class LosesTheAnswer(MemoryStore):
        lost = 1

        def commit(self, changes: Changes) -> None:
            super().commit(changes)
            if self.lost:
                self.lost -= 1
                raise Unavailable("MongoDB: NetworkTimeout")

    setting = Setting(LosesTheAnswer())
    assert [setting.send("k1").status_code, setting.send("k1").status_code] == [503, 201]
    assert setting.titles == ["Ra quân"]


def test_a_version_conflict_outside_of_commands_is_a_conflict_too(setting: Setting) -> None:
    class Conflicting(MemoryStore):
        def commit(self, changes: Changes) -> None:
            raise VersionConflict("notices", ID)

    assert Setting(Conflicting()).send("k1").status_code == 409
