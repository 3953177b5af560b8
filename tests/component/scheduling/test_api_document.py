"""The API's document: valid, complete, with examples that are true, and nothing open but what must be."""

from __future__ import annotations

import pytest
from openapi_spec_validator import validate

from tests.component.scheduling.desk import Desk
from tests.support.web import ApiClient, calls_without_example, examples_that_lie
from tests.unit.scheduling.commune import SECRETARY


@pytest.fixture(scope="module")
def desk() -> Desk:
    return Desk()


def test_the_document_is_valid_and_every_call_has_a_true_example(desk: Desk) -> None:
    document = desk.client(SECRETARY).get("/openapi/openapi.json").get_json()
    validate(document)
    assert examples_that_lie(document) == []
    assert calls_without_example(document) == []


def test_every_route_wants_a_token(desk: Desk) -> None:
    document = desk.client(SECRETARY).get("/openapi/openapi.json").get_json()
    nobody = ApiClient(desk.app)
    for path, operations in document["paths"].items():
        for method in operations:
            address = path.replace("{id}", "0190a1b2-0000-7000-8000-000000000001")
            assert nobody.call(method.upper(), address, json={}).status_code == 401, (method, path)
