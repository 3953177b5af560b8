"""A small organisation, made through the public API of a members service in this process."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, cast

from werkzeug.test import TestResponse

from chassis.context import Context, new_uuid7
from chassis.messaging.envelope import Cause
from chassis.messaging.outbox import OUTBOX
from chassis.runtime.readiness import ALWAYS_READY
from chassis.storage.memory import MemoryStore
from chassis.web.authentication import Authenticator
from chassis.web.rate_limits import RateLimit
from contracts.model import CATALOGUE
from members.adapters.argon2_passwords import Argon2Passwords
from members.adapters.sealed_keys import SealedKeys
from members.adapters.token_trust import rights, standing_of, verification_keys
from members.adapters.xlsx_report import write_report
from members.adapters.xlsx_workbook import read_workbook
from members.application.found_organisation import found_organisation
from members.application.issue_token import Issuer
from members.application.rotate_signing_keys import rotate_signing_keys
from members.web.app import members_app
from members.web.parts import Outside
from members.workers.timers import timers
from tests.support.web import ISSUER, ApiClient

ADMIN_PASSWORD = "quan-tri-ban-dau"
PASSWORD = "mat-khau-dau-tien"


class Answer(TestResponse):
    """What a call is answered; its JSON is looked into as it comes."""

    @property
    def json(self) -> Any: ...


class Caller(Protocol):
    """One who calls the API: `ApiClient`, with answers that can be looked into."""

    def get(self, path: str, **options: Any) -> Answer: ...
    def post(self, path: str, **options: Any) -> Answer: ...
    def put(self, path: str, **options: Any) -> Answer: ...
    def patch(self, path: str, **options: Any) -> Answer: ...
    def delete(self, path: str, **options: Any) -> Answer: ...
    def call(self, method: str, path: str, **options: Any) -> Answer: ...


@dataclass
class World:
    """A members service on a memory store, with its administrator signed in."""

    keys: SealedKeys
    now: datetime = field(default_factory=lambda: datetime(2026, 11, 20, 9, 0, tzinfo=UTC))
    store: MemoryStore = field(default_factory=MemoryStore)

    def __post_init__(self) -> None:
        issuer = Issuer(passwords=Argon2Passwords(memory_kib=64, passes=1), keys=self.keys, name=ISSUER)
        self.store.commit(rotate_signing_keys(self.context(), self.store, self.keys).changes)
        founding = found_organisation(
            self.context(),
            self.store,
            issuer.passwords,
            unit_name="Thành Đoàn Đà Nẵng",
            unit_code="48",
            password=ADMIN_PASSWORD,
        )
        self.store.commit(founding.changes)
        self.outside = Outside(issuer, read_workbook, write_report, RateLimit("50/minute"), RateLimit("5000/minute"))
        authenticator = Authenticator(
            keys=lambda: list(verification_keys(self.store)),
            revocations=lambda account_id: standing_of(self.store, account_id),
            issuer=ISSUER,
            rights=rights(),
            clock=self._seconds,
        )
        self.app = members_app(self.store, authenticator, ALWAYS_READY, self.outside, now=lambda: self.now)
        self.admin = self.sign_in("quantri", ADMIN_PASSWORD)
        self.root = self.admin.get("/v1/units").json["items"][0]["id"]

    def _seconds(self) -> float:
        return self.now.timestamp()

    def pass_time(self, **span: float) -> None:
        """Let time pass, as `timedelta` takes it. What the web knows of revocations is then asked anew."""
        self.now += timedelta(**span)

    def context(self) -> Context:
        return Context(now=self.now, cause=Cause(new_uuid7()))

    def caller(self, token: str | None = None) -> Caller:
        """Whoever carries this token; nobody in particular without one."""
        return cast(Caller, ApiClient(self.app, token))

    def token(self, **fields: str) -> Answer:
        return cast(Answer, self.app.test_client().post("/v1/token", data=fields))

    def sign_in(self, username: str, password: str = PASSWORD) -> Caller:
        answer = self.token(grant_type="password", username=username, password=password)
        assert answer.status_code == 200, answer.json
        return self.caller(answer.json["access_token"])

    def unit(self, kind: str, name: str, parent: str | None = None, **more: Any) -> str:
        body = {"kind": kind, "name": name, "parent_id": parent or self.root, "starts": "2025-07-01", **more}
        return str(made(self.admin.post("/v1/units", json=body))["id"])

    def person(self, name: str, branch: str, **more: Any) -> str:
        body = {"full_name": name, "unit_id": branch, "kind": "member", "starts": "2025-07-01", **more}
        return str(made(self.admin.post("/v1/people", json=body))["id"])

    def post(self, person: str, unit: str, post: str, **more: Any) -> str:
        body = {
            "person_id": person,
            "unit_id": unit,
            "post": post,
            "basis": "appointed",
            "starts": "2025-07-01",
            **more,
        }
        return str(made(self.admin.post("/v1/posts", json=body))["id"])

    def account(self, person: str, username: str) -> str:
        body = {"person_id": person, "username": username, "password": PASSWORD}
        return str(made(self.admin.post("/v1/accounts", json=body))["id"])

    def officer(self, name: str, branch: str, unit: str, post: str, username: str) -> Caller:
        """Somebody with a post, signed in."""
        person = self.person(name, branch)
        self.post(person, unit, post)
        self.account(person, username)
        return self.sign_in(username)

    def run_timers(self) -> int:
        """Let the timers' process do all there is to do."""
        done = 0
        for timer in timers(self.keys):
            while count := timer.run(self.store, self.context()):
                done += count
        return done

    def told(self, model: type[Any]) -> list[Any]:
        """What was published of a type, oldest first; a tombstone is None."""
        rows = [row for row in self.store.find(OUTBOX, {}) if row.type == model.TYPE]
        return [None if row.payload is None else CATALOGUE[row.type].from_bytes(row.payload) for row in rows]

    def upload(self, client: Caller, unit: str, content: bytes, **fields: str) -> Answer:
        data: dict[str, Any] = {"unit_id": unit, "file": (io.BytesIO(content), "danh-sach.xlsx"), **fields}
        return client.post("/v1/imports", data=data)


def made(answer: Answer) -> dict[str, Any]:
    """The body of an answer that made something."""
    assert answer.status_code == 201, answer.json
    body: dict[str, Any] = answer.json
    return body


def refused(answer: Answer) -> tuple[int, str]:
    """Status and code of a problem."""
    assert answer.content_type == "application/problem+json", answer.data
    return answer.status_code, str(answer.json["type"]).rsplit("/", 1)[-1]
