"""Two communes in all three services, in this process: the same apps and handlers, on stores in memory.

Whatever stands in commune B is marked: its texts hold SECRET, its telephones begin with B_LINE.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from chassis.messaging.envelope import Cause, Incoming
from chassis.messaging.handlers import Projection, Reaction
from chassis.messaging.outbox import OUTBOX, OutboxRow
from chassis.runtime.readiness import ALWAYS_READY
from chassis.storage.memory import MemoryStore
from contracts.grammar import grammar
from contracts.model import CATALOGUE
from members.adapters.sealed_keys import SealedKeys
from members.application.collections import SIGNING_KEYS
from members.domain.signing_key import key_that_signs
from notifications.adapters.delivery_counts import StoreCounter
from notifications.adapters.memory_queue import MemoryQueue
from notifications.adapters.template_files import TemplateFiles
from notifications.application.announce import Desk, Policy
from notifications.application.proofs import Proofs
from notifications.bootstrap import authenticator_over
from notifications.domain.delivery import Channel
from notifications.domain.sending import Accepted
from notifications.web.app import Edge, notifications_app
from notifications.workers.deliverer import Deliverer
from notifications.workers.handlers import handlers as notifying
from scheduling.adapters.policy_file import read_policy
from scheduling.bootstrap import app_on, authenticator_on
from scheduling.settings import Settings
from scheduling.workers.handlers import HANDLERS as SCHEDULING
from tests.component.members.workbooks import workbook
from tests.component.members.world import World, made
from tests.support.web import ISSUER, ApiClient

SECRET = "BIMATXAB"
B_LINE = "+8459077"
GATEWAY_KEY = "a key of the tests"
PARTNER_SCOPES = tuple(grammar().partner_scopes)


@dataclass
class Commune:
    """A commune with ids of everything in it, by the names that paths and bodies use."""

    mark: str
    ids: dict[str, str] = field(default_factory=dict)
    officers: dict[str, ApiClient] = field(default_factory=dict)
    people: list[str] = field(default_factory=list)


class Fence:
    """Members, scheduling and notifications with what flows between them; `settle` lets it flow."""

    def __init__(self) -> None:
        self.members = World(SealedKeys("a secret of the tests"), now=datetime.now(UTC))
        self.stores = {"members": self.members.store, "scheduling": MemoryStore(), "notifications": MemoryStore()}
        desk = Desk(TemplateFiles(), Policy(), self.clock)
        self._handlers = {"scheduling": list(SCHEDULING), "notifications": notifying(desk)}
        settings = Settings.model_construct(token_issuer=ISSUER, public_url="/", trusted_proxies=0)
        scheduling = self.stores["scheduling"]
        trust = authenticator_on(scheduling, settings)
        notified = authenticator_over(self.stores["notifications"], ISSUER)
        edge = Edge(
            desk=desk,
            counter=StoreCounter(self.stores["notifications"]),
            receipts=Proofs(GATEWAY_KEY, "receipts"),
            refusals=Proofs(GATEWAY_KEY, "e-mail refusals"),
            gateway_key=GATEWAY_KEY,
        )
        self.apps: dict[str, Flask] = {
            "members": self.members.app,
            "scheduling": app_on(scheduling, trust, read_policy(None), settings, now=self.clock),
            "notifications": notifications_app(
                self.stores["notifications"], notified, ALWAYS_READY, edge, now=self.clock
            ),
        }
        self._heard: set[str] = set()
        self.policy = desk.policy

    def clock(self) -> datetime:
        return self.members.now

    @cached_property
    def documents(self) -> Mapping[str, Mapping[str, Any]]:
        """The OpenAPI document of each service, as it serves it."""
        return {
            service: app.test_client().get("/openapi/openapi.json").get_json() for service, app in self.apps.items()
        }

    def settle(self) -> None:
        """What the outboxes hold reaches those who handle it; messages are sent."""
        self.members.run_timers()
        while rows := [
            row for store in self.stores.values() for row in store.find(OUTBOX, {}) if row.id not in self._heard
        ]:
            for row in rows:
                self._heard.add(row.id)
                for service, handlers in self._handlers.items():
                    self._hear(service, handlers, row)
        self._deliver()

    def call(self, service: str, token: str | None, method: str, path: str, **options: Any) -> TestResponse:
        return ApiClient(self.apps[service], token).call(method, path, **options)

    def _hear(self, service: str, handlers: Any, row: OutboxRow) -> None:
        store = self.stores[service]
        for handler in handlers:
            if isinstance(handler, Projection) and row.type == handler.state.TYPE and row.payload is not None:
                store.project(handler.kind, [handler.as_document(handler.state.from_bytes(row.payload))])
            elif isinstance(handler, Reaction) and row.type == handler.event.TYPE:
                cause = Cause(row.correlation_id, row.causation_id, row.traceparent)
                incoming = Incoming(
                    row.topic, 0, 0, row.id, row.type, "x", row.aggregateid, row.sequence, row.time, cause, row.payload
                )
                event = CATALOGUE[row.type].from_bytes(row.payload or b"")
                store.commit(handler.handle(event, incoming, store))

    def _deliver(self) -> None:
        queue = MemoryQueue(self.stores["notifications"], self.clock)
        for channel in Channel:
            Deliverer(channel, _Accepting(), queue, self.stores["notifications"], self.policy).run_until_empty()

    # --- who calls

    def signed_in(self, username: str) -> str:
        answer = self.members.token(grant_type="password", username=username, password="mat-khau-dau-tien")
        return str(answer.get_json()["access_token"])

    def partner(self, unit_id: str, scope: str) -> str:
        """A token of a partner's client with one scope on the unit."""
        body = {"name": f"Đối tác {scope}", "unit_id": unit_id, "scopes": [scope]}
        client = made(self.members.admin.post("/v1/clients", json=body))
        self.settle()
        answer = self.members.token(
            grant_type="client_credentials", client_id=client["id"], client_secret=client["secret"]
        )
        return str(answer.get_json()["access_token"])

    def forged(self, token: str, **changed: Any) -> str:
        """The token with other claims, signed with the true key."""
        from chassis.web.token_claims import read_claims

        claims = read_claims(_payload(token)).model_copy(update=changed)
        key = key_that_signs(self.members.store.find(SIGNING_KEYS, {}), self.clock())
        assert key is not None
        return self.members.keys.sign(claims, key.sealed)


class _Accepting:
    """A gateway that takes everything."""

    def send(self, outgoing: Any) -> Accepted:
        return Accepted(f"g-{outgoing.delivery.id[:8]}")

    def ask(self, delivery: Any) -> Accepted:
        return Accepted(None)


def _payload(token: str) -> bytes:
    import base64

    part = token.split(".")[1]
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def made_commune(fence: Fence, mark: str, line: str, code: str) -> Commune:
    """A commune in which something of every kind exists; every text in it bears the mark."""
    world, commune = fence.members, Commune(mark)
    ids = commune.ids
    ids["unit"] = world.unit("commune", f"Đoàn xã {mark}", code=code)
    ids["branch"] = world.unit("branch", f"Chi đoàn thôn Một {mark}", ids["unit"])
    ids["partner_branch"] = world.unit("branch", f"Chi đoàn thôn Hai {mark}", ids["unit"])
    for number in range(8):
        branch = ids["branch"] if number % 2 else ids["partner_branch"]
        points = [{"channel": "sms", "address": f"{line}{number:04d}"}]
        points.append({"channel": "email", "address": f"{mark.lower()}{number}@thanhnien.example"})
        commune.people.append(world.person(f"Nguyễn {mark} Văn {chr(65 + number)}", branch, points=points))
    ids["person"], ids["member"], leader = commune.people[0], commune.people[1], commune.people[3]
    ids["post"] = world.post(commune.people[2], ids["unit"], "commune_secretary")
    world.post(ids["member"], ids["unit"], "standing_member")
    world.post(leader, ids["branch"], "branch_secretary")
    portfolio = {"person_id": ids["member"], "branch_id": ids["branch"], "starts": "2025-07-01"}
    ids["portfolio"] = made(world.admin.post("/v1/portfolios", json=portfolio))["id"]
    ids["account"] = world.account(commune.people[2], f"{mark.lower()}.bithu")
    world.account(ids["member"], f"{mark.lower()}.uyvien")
    world.account(leader, f"{mark.lower()}.chidoan")
    client = {"name": f"Cổng {mark}", "unit_id": ids["unit"], "scopes": ["units.read"]}
    ids["client"] = made(world.admin.post("/v1/clients", json=client))["id"]
    fence.settle()
    _month(fence, commune)
    return commune


def _month(fence: Fence, commune: Commune) -> None:
    """Meetings, tasks, a concern, a rotation, a proposal, an import, messages and a reply."""
    ids, mark = commune.ids, commune.mark
    secretary, member, leader = (fence.signed_in(f"{mark.lower()}.{name}") for name in ("bithu", "uyvien", "chidoan"))

    def post(service: str, token: str, path: str, body: Mapping[str, Any]) -> Any:
        answer = fence.call(service, token, "POST", path, json=body)
        assert answer.status_code < 300, (path, answer.get_json())
        return answer.get_json()

    starts = fence.clock() + timedelta(days=20)
    plan = {
        "title": f"Họp {mark}",
        "starts_at": starts.isoformat(),
        "ends_at": (starts + timedelta(hours=2)).isoformat(),
        "place": f"Hội trường {mark}",
    }
    briefing = post("scheduling", secretary, "/v1/briefings", {"unit_id": ids["unit"], **plan})
    ids["meeting"] = briefing["meeting"]["id"]
    task = {
        "branch_id": ids["branch"],
        "assignee_id": ids["member"],
        "title": f"Việc {mark}",
        "due_on": str(starts.date()),
    }
    ids["task"] = post("scheduling", secretary, "/v1/tasks", task)["id"]
    post("scheduling", member, f"/v1/tasks/{ids['task']}/acknowledge", {})
    concern = {"branch_id": ids["branch"], "category": "rights", "title": f"Về {mark}", "text": f"Kiến nghị {mark}"}
    ids["concern"] = post("scheduling", leader, "/v1/concerns", concern)["id"]
    rotation = {"unit_id": ids["unit"], "year": starts.year}
    ids["rotation"] = post("scheduling", secretary, "/v1/rotations", rotation)["id"]
    proposal = {"host_branch_id": ids["branch"], "partner_branch_ids": [ids["partner_branch"]], **plan}
    ids["proposal"] = post("scheduling", leader, "/v1/proposals", proposal)["proposal"]["id"]
    ids["import"] = _uploaded(fence, commune, secretary)
    fence.settle()
    found = fence.call("notifications", secretary, "GET", f"/v1/deliveries?about={ids['meeting']}").get_json()
    ids["message"] = found["items"][0]["id"]
    commune.officers["secretary"] = ApiClient(fence.apps["scheduling"], secretary)


def _uploaded(fence: Fence, commune: Commune, token: str) -> str:
    """A member list that waits for its officer; its id."""
    rows = [["STT", "Họ và tên", "Năm sinh", "Số điện thoại", "Chi đoàn"]]
    rows.append(["1", f"Lê {commune.mark} Thị Z", "2004", "", f"Chi đoàn thôn Một {commune.mark}"])
    upload = fence.call(
        "members",
        token,
        "POST",
        "/v1/imports",
        data={"unit_id": commune.ids["unit"], "file": (io.BytesIO(workbook(rows)), f"{commune.mark}.xlsx")},
    )
    return str((upload.get_json() or {})["id"])
