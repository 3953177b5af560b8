"""Every route of every service, read from the OpenAPI documents, with the calls to make on it.

A call names objects of one commune: its own, the other's, or ids that are nobody's. Parameters and bodies come from the
documents' own examples, with every id in them replaced by the object that the field's name tells of.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from chassis.context import new_uuid7

SERVICES = ("members", "scheduling", "notifications")

OPEN_TO_ALL = frozenset(
    {
        ("members", "POST /v1/token"),
        ("members", "GET /.well-known/jwks.json"),
        ("notifications", "POST /v1/gateways/esms/replies"),
        ("notifications", "GET /v1/gateways/esms/receipts/{proof}"),
    }
)

OBJECT_OF_PATH = {
    "/v1/units": "unit",
    "/v1/people": "person",
    "/v1/imports": "import",
    "/v1/posts": "post",
    "/v1/portfolios": "portfolio",
    "/v1/accounts": "account",
    "/v1/clients": "client",
    "/v1/meetings": "meeting",
    "/v1/tasks": "task",
    "/v1/concerns": "concern",
    "/v1/rotations": "rotation",
    "/v1/proposals": "proposal",
    "/v1/messages": "message",
}

OBJECT_OF_FIELD = {
    "unit_id": "unit",
    "under": "unit",
    "parent_id": "unit",
    "unit": "unit",
    "branch_id": "branch",
    "host_branch_id": "branch",
    "first_branch_id": "branch",
    "partner_branch_ids": "partner_branch",
    "person_id": "person",
    "person": "person",
    "person_ids": "person",
    "assignee_id": "member",
    "raised_by": "person",
    "meeting_id": "meeting",
    "about": "meeting",
    "present": "person",
    "cluster_id": "unit",
}

Ids = Mapping[str, str]


@dataclass(frozen=True)
class Route:
    """One operation. `fields` are the query parameters that name an object; `body` its example."""

    service: str
    method: str
    path: str
    fields: tuple[str, ...] = ()
    needed: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    is_form: bool = False
    is_paged: bool = False

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def is_public(self) -> bool:
        return (self.service, self.name) in OPEN_TO_ALL or self.path.startswith(("/v1/unsubscriptions", "/v1/gateways"))

    @property
    def object(self) -> str | None:
        """What the path's id names; None where it has none."""
        if "{" not in self.path:
            return None
        return OBJECT_OF_PATH.get(self.path.partition("/{")[0])


def routes_of(documents: Mapping[str, Mapping[str, Any]]) -> list[Route]:
    """All operations of all services."""
    return [
        _route(service, method.upper(), path, operation)
        for service in SERVICES
        for path, operations in documents[service]["paths"].items()
        for method, operation in operations.items()
        if method in ("get", "post", "put", "patch", "delete")
    ]


def _route(service: str, method: str, path: str, operation: Mapping[str, Any]) -> Route:
    parameters = [one for one in operation.get("parameters", []) if one.get("in") == "query"]
    fields = tuple(one["name"] for one in parameters if one["name"] in OBJECT_OF_FIELD)
    needed = {one["name"]: _sample(one) for one in parameters if one.get("required") and one["name"] not in fields}
    content = operation.get("requestBody", {}).get("content", {})
    examples = content.get("application/json", {}).get("examples", {})
    body: Any = next((shown["value"] for shown in examples.values()), {} if "application/json" in content else None)
    is_paged = any(one["name"] == "cursor" for one in parameters)
    return Route(service, method, path, fields, needed, body, "multipart/form-data" in content, is_paged)


def _sample(parameter: Mapping[str, Any]) -> str:
    schema = parameter.get("schema", {})
    name = parameter["name"]
    if name == "month":
        return "2026-12"
    if "examples" in schema:
        return str(schema["examples"][0])
    return {"integer": "2026", "boolean": "true"}.get(schema.get("type", ""), "2026-12-01")


@dataclass(frozen=True)
class Call:
    """A request, ready to be made."""

    route: Route
    case: str
    path: str
    options: Mapping[str, Any]


def calls_on(route: Route, own: Ids, foreign: Ids, guessed: Ids) -> Iterator[Call]:
    """Pairs that must be answered alike: on the other commune's objects, and on ids that are nobody's."""
    for who, ids in (("foreign", foreign), ("guessed", guessed)):
        if route.object is not None:
            plain = _call(route, f"{who} path", ids, own)
            yield plain
            yield _call(route, f"{who} path, If-Match", ids, own, headers={"If-Match": '"1"', "If-None-Match": '"1"'})
        if isinstance(route.body, dict) and _named_in(route.body) and route.object is None:
            yield _call(route, f"{who} body", own, ids)
            for name in _named_in(route.body):
                mixed = {**own, OBJECT_OF_FIELD[name]: ids[OBJECT_OF_FIELD[name]]}
                yield _call(route, f"{who} {name}", own, mixed)
        if route.is_form:
            yield _call(route, f"{who} form", own, ids)
        for name in route.fields:
            yield _call(route, f"{who} ?{name}", own, own, query={name: ids[OBJECT_OF_FIELD[name]]})


def own_call(route: Route, own: Ids) -> Call:
    """The same on the caller's own commune."""
    return _call(route, "own", own, own)


def _call(
    route: Route,
    case: str,
    in_path: Ids,
    in_body: Ids,
    *,
    headers: Mapping[str, str] | None = None,
    query: Mapping[str, str] | None = None,
) -> Call:
    path = route.path
    if route.object is not None:
        path = path.replace("{id}", in_path[route.object], 1)
    path = re.sub(r"{position}", "1", path)
    path = re.sub(r"{[a-z_]+}", lambda _: new_uuid7(), path)
    wanted = {
        **route.needed,
        **{name: in_body[OBJECT_OF_FIELD[name]] for name in route.fields if _is_needed(route, name)},
    }
    wanted |= query or {}
    options: dict[str, Any] = {"query_string": wanted, "headers": dict(headers or {})}
    if route.is_form:
        options["data"] = {"unit_id": in_body["unit"], "file": (io.BytesIO(b"PK"), "a.xlsx")}
    elif route.body is not None:
        options["json"] = replaced(route.body, in_body)
    return Call(route, case, path, options)


def _is_needed(route: Route, name: str) -> bool:
    return name in ("about",) or (name == "unit_id" and route.path in ("/v1/tasks/results", "/v1/costs"))


def replaced(value: Any, ids: Ids, name: str = "") -> Any:
    """An example with every id that a field names replaced."""
    if isinstance(value, dict):
        return {key: replaced(inner, ids, key) for key, inner in value.items()}
    if isinstance(value, list):
        return [replaced(inner, ids, name) for inner in value]
    if isinstance(value, str) and name in OBJECT_OF_FIELD:
        return ids[OBJECT_OF_FIELD[name]]
    return value


def _named_in(body: Mapping[str, Any]) -> list[str]:
    return [name for name in body if name in OBJECT_OF_FIELD]


def guessed_ids(like: Ids) -> dict[str, str]:
    """Well-formed ids that name nothing; a message's is 32 hex digits."""
    return {name: ("f" * 32 if name == "message" else new_uuid7()) for name in like}


def normal(answer: Any, *ids: Ids) -> tuple[int, str, frozenset[str]]:
    """What an answer tells, without the ids that the caller has sent himself."""
    text = json.dumps(answer.get_json(silent=True), sort_keys=True, ensure_ascii=False) if answer.data else ""
    for sent in ids:
        for value in sent.values():
            text = text.replace(value, "‹id›")
    names = frozenset(answer.headers.keys()) - {"Content-Length", "X-Correlation-Id"}
    return answer.status_code, text, names
