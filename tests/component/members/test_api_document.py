"""The API's page: valid OpenAPI 3.1, an example for each call, each example true, every route authenticated."""

from __future__ import annotations

from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator, validate

from tests.component.members.world import World
from tests.support.web import calls_without_example, examples_that_lie

OPEN = {("POST", "/v1/token"), ("GET", "/.well-known/jwks.json")}


@pytest.fixture
def document(world: World) -> dict[str, Any]:
    said: dict[str, Any] = world.caller().get("/openapi/openapi.json").json
    return said


def test_the_document_is_valid(document: dict[str, Any]) -> None:
    validate(document, cls=OpenAPIV31SpecValidator)


def test_each_call_shows_an_example_that_fits(document: dict[str, Any]) -> None:
    assert examples_that_lie(document) == []
    assert calls_without_example(document) == []


def test_each_call_says_what_it_is_for(document: dict[str, Any]) -> None:
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            assert operation["summary"], (method, path)
            assert operation.get("description"), (method, path)


def test_only_signing_in_and_its_keys_are_open(world: World, document: dict[str, Any]) -> None:
    unsecured = {
        (method.upper(), path)
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if not operation["security"]
    }
    assert unsecured == OPEN
    nobody = world.caller()
    for path, operations in document["paths"].items():
        for method in operations:
            if (method.upper(), path) not in OPEN:
                answer = nobody.call(method.upper(), path.replace("{", "").replace("}", ""))
                assert answer.status_code == 401, (method, path)
