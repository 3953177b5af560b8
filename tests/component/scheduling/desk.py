"""Scheduling's web on the store in memory, with people who carry tokens and a clock that tests set."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flask_openapi3.openapi import OpenAPI
from werkzeug.test import TestResponse

from chassis.runtime.settings import ServiceSettings
from chassis.storage.memory import MemoryStore
from chassis.storage.store import Store
from scheduling.bootstrap import app_on
from tests.support.web import ApiClient, TokenOffice
from tests.unit.scheduling.commune import (
    NOW,
    POLICY,
    POSTS_OF,
    RIGHTS,
    grants_of,
    in_days,
    portfolios_of,
    settled_commune,
)


@dataclass
class Clock:
    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Desk:
    """The app, and clients by person."""

    store: Store = field(default_factory=settled_commune)
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.office = TokenOffice(RIGHTS, now=self.clock)
        settings = ServiceSettings.model_construct(public_url="http://scheduling.test")
        self.app: OpenAPI = app_on(self.store, self.office.authenticator(), POLICY, settings, now=self.clock)

    def client(self, person_id: str, **more: Any) -> ApiClient:
        """Signed in now, with the person's posts and portfolios; each call of this gives a fresh token."""
        grants = more.pop("grants", grants_of(person_id) if person_id in POSTS_OF else ())
        portfolios = portfolios_of(person_id)
        return self.office.client(self.app, person=person_id, grants=grants, portfolios=portfolios, **more)

    @property
    def memory(self) -> MemoryStore:
        assert isinstance(self.store, MemoryStore)
        return self.store


def instant(days: int, hour: int = 19, minute: int = 0) -> str:
    return in_days(days, hour, minute).isoformat()


def ok(answer: TestResponse, status: int = 200) -> Any:
    """The answer's body; a failure shows what came instead."""
    assert answer.status_code == status, answer.get_data(as_text=True)
    return answer.get_json()


def problem(answer: TestResponse, status: int) -> str:
    """The code of the problem that a call was answered with."""
    assert answer.status_code == status, answer.get_data(as_text=True)
    assert answer.content_type == "application/problem+json"
    return str(answer.get_json()["type"]).rpartition("/")[2]
