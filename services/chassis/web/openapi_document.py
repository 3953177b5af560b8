"""The OpenAPI 3.1 document, made from what the routes declare, so that it can't say anything else than they do."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from chassis.web.authentication import is_public
from chassis.web.problems import PROBLEM_MEDIA_TYPE, TITLES, Problem
from chassis.web.routes import Example, Route, Routes

SECURITY_SCHEMES: dict[str, Any] = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "Mã truy cập do dịch vụ members cấp (tài khoản người dùng hoặc ứng dụng đối tác).",
    }
}

_REF = "#/components/schemas/{model}"
_REFERENCE = re.compile('"#/components/schemas/([^"]+)"')
_BODY_METHODS = ("POST", "PUT", "PATCH", "DELETE")
Models = Mapping[tuple[Any, JsonSchemaMode], dict[str, Any]]


def document(
    *, title: str, version: str, description: str, server: str, blueprints: Iterable[Routes]
) -> dict[str, Any]:
    """The document of an API made of these blueprints. `server` is its base URL as users see it."""
    listed = list(blueprints)
    routes = [route for each in listed for route in each.declared]
    schemas, definitions = _schemas(routes)
    problems = {f"Problem{status}": _problem(status) for status in _PROBLEM_STATUSES}
    paths: dict[str, dict[str, Any]] = {}
    for each in listed:
        for route in each.declared:
            path = re.sub(r"<(?:[^<:]+:)?([^>]+)>", r"{\1}", route.rule)
            paths.setdefault(path, {})[route.method.lower()] = _operation(each, route, schemas, definitions)
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version, "description": description},
        "servers": [{"url": server}],
        "tags": [
            {"name": tag.name} | ({"description": tag.description} if tag.description else {})
            for tag in {tag.name: tag for each in listed for tag in each.abp_tags}.values()
        ],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": _referred_to(definitions, paths, problems),
            "responses": problems,
            "securitySchemes": SECURITY_SCHEMES,
        },
    }


def _schemas(routes: Iterable[Route]) -> tuple[Models, dict[str, Any]]:
    wanted: dict[tuple[type[BaseModel], JsonSchemaMode], None] = {(Problem, "serialization"): None}
    for route in routes:
        for place, model in route.declared.models.items():
            if place != "raw":
                wanted[(model, "validation")] = None
        for answer in route.responses.values():
            if isinstance(answer, type):
                wanted[(answer, "serialization")] = None
    found, shared = models_json_schema(list(wanted), ref_template=_REF, by_alias=True)
    return found, shared.get("$defs", {})


def _referred_to(definitions: Mapping[str, Any], *by: Any) -> dict[str, Any]:
    """The schemas that something refers to; those of paths, parameters and forms stand where they are used."""
    used: dict[str, Any] = {}
    waiting = list(by)
    while waiting:
        for name in _REFERENCE.findall(json.dumps(waiting.pop())):
            if name not in used:
                used[name] = definitions[name]
                waiting.append(definitions[name])
    return dict(sorted(used.items()))


def _operation(within: Routes, route: Route, schemas: Models, definitions: Mapping[str, Any]) -> dict[str, Any]:
    function, details = route.function, route.details
    said = inspect.getdoc(function) or ""
    first, _, rest = said.partition("\n")
    operation: dict[str, Any] = {
        "operationId": details.get("operation_id") or f"{within.name}_{function.__name__}".replace("-", "_"),
        "summary": details.get("summary") or first.rstrip("."),
        "tags": [tag.name for tag in [*(details.get("tags") or []), *within.abp_tags]],
        "parameters": _parameters(route, schemas, definitions),
        "responses": _responses(route, schemas),
        "security": [] if is_public(function) else [{"bearer": []}],
    }
    description = details.get("description") or (said if details.get("summary") else rest.strip())
    if description:
        operation["description"] = description
    if details.get("deprecated"):
        operation["deprecated"] = True
    body = _request_body(route, schemas, definitions)
    if body is not None:
        operation["requestBody"] = body
    return operation


def _parameters(route: Route, schemas: Models, definitions: Mapping[str, Any]) -> list[dict[str, Any]]:
    parameters: list[dict[str, Any]] = []
    for place in ("path", "query", "header"):
        model = route.declared.models.get(place)
        if model is None:
            continue
        schema = _of(model, schemas, definitions)
        for name, of_field in schema.get("properties", {}).items():
            parameter = {
                "name": name.replace("_", "-") if place == "header" else name,
                "in": place,
                "required": place == "path" or name in schema.get("required", []),
                "schema": {key: value for key, value in _never_null(of_field).items() if key != "description"},
            }
            if "description" in of_field:
                parameter["description"] = of_field["description"]
            parameters.append(parameter)
    return parameters + list(_of_the_chassis(route))


def _of(model: type[BaseModel], schemas: Models, definitions: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = definitions[schemas[model, "validation"]["$ref"].rpartition("/")[2]]
    return found


def _form(schema: dict[str, Any]) -> dict[str, Any]:
    fields = {name: _never_null(of_field) for name, of_field in schema.get("properties", {}).items()}
    return schema | {"properties": fields}


def _never_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A parameter or a form's field is there or not; null is a value of JSON, which they are not."""
    kinds = [each for each in schema.get("anyOf", []) if each != {"type": "null"}]
    if len(kinds) == len(schema.get("anyOf", [])):
        return schema
    rest = {key: value for key, value in schema.items() if key != "anyOf" and (key, value) != ("default", None)}
    return rest | (kinds[0] if len(kinds) == 1 else {"anyOf": kinds})


def _of_the_chassis(route: Route) -> Iterable[dict[str, Any]]:
    if is_public(route.function):
        return
    if route.method in _BODY_METHODS:
        yield {
            "name": "Idempotency-Key",
            "in": "header",
            "required": route.method == "POST",
            "description": "A new one for each command, the same one when it is tried again; kept 48 hours",
            "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[\\x21-\\x7e]{1,255}$"},
        }
    if route.method in _BODY_METHODS and "path" in route.declared.models:
        yield {
            "name": "If-Match",
            "in": "header",
            "required": False,
            "description": "The ETag as it was read: 412 when it was changed since",
            "schema": {"type": "string", "pattern": '^("[1-9][0-9]{0,17}"|\\*)$'},
        }


def _request_body(route: Route, schemas: Models, definitions: Mapping[str, Any]) -> dict[str, Any] | None:
    models = route.declared.models
    examples = _examples(route, "request")
    if "body" in models:
        return {
            "required": True,
            "content": {"application/json": {"schema": schemas[models["body"], "validation"]} | examples},
        }
    if "form" in models:
        return {
            "required": True,
            "content": {"multipart/form-data": {"schema": _form(_of(models["form"], schemas, definitions))}},
        }
    if "raw" in models:
        types = getattr(models["raw"], "mimetypes", ["application/octet-stream"])
        return {
            "required": True,
            "content": {name: {"schema": {"type": "string", "format": "binary"}} for name in types},
        }
    return None


def _responses(route: Route, schemas: Models) -> dict[str, Any]:
    responses: dict[str, Any] = {}
    for status, answer in route.responses.items():
        said = HTTPStatus(int(status)).phrase
        if answer is None:
            responses[str(status)] = {"description": said}
        elif isinstance(answer, dict):
            responses[str(status)] = {"description": said} | answer
        else:
            content = {"schema": schemas[answer, "serialization"]}
            if int(status) < 300:
                content |= _examples(route, "response")
            responses[str(status)] = {"description": said, "content": {"application/json": content}}
    for status in _expected_problems(route):
        responses.setdefault(str(status), {"$ref": f"#/components/responses/Problem{status}"})
    if route.method == "GET":
        responses.setdefault("304", {"description": "You have this version already (If-None-Match)"})
    return dict(sorted(responses.items()))


_PROBLEM_STATUSES = (400, 401, 403, 404, 409, 412, 413, 415, 422, 429, 500, 503)


def _expected_problems(route: Route) -> Iterable[int]:
    yield from (400, 404, 422, 429, 500, 503)
    if not is_public(route.function):
        yield from (401, 403)
    if route.method in _BODY_METHODS:
        yield from (409, 412, 413)
    if not route.declared.models.keys().isdisjoint(("body", "form", "raw")):
        yield 415


def _problem(status: int) -> dict[str, Any]:
    return {
        "description": TITLES[status].en,
        "content": {PROBLEM_MEDIA_TYPE: {"schema": {"$ref": _REF.format(model="Problem")}}},
    }


def _examples(route: Route, side: str) -> dict[str, Any]:
    shown: list[Example] = getattr(route.function, "examples", [])
    values: Mapping[str, Any] = {each.name: getattr(each, side) for each in shown if getattr(each, side) is not None}
    return {"examples": {name: {"value": value} for name, value in values.items()}} if values else {}
