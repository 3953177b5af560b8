"""The OpenAPI document says what the API does, and the API does nothing else."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from openapi_spec_validator import OpenAPIV31SpecValidator

from chassis.failures import Unavailable
from chassis.runtime.readiness import Readiness, once
from tests.support.web import (
    ApiClient,
    call_and_check,
    calls_without_example,
    examples_that_lie,
    post,
    schemathesis_config,
)
from tests.unit.chassis.web.notices import UNIT, notices_app

APP, _, OFFICE = notices_app()
NOBODY = ApiClient(APP)


def document() -> dict[str, Any]:
    answer = NOBODY.get("/openapi/openapi.json")
    assert answer.json is not None
    told: dict[str, Any] = answer.json
    return told


def operations() -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, method, operation)
        for path, methods in document()["paths"].items()
        for method, operation in methods.items()
    ]


def test_the_document_is_valid_openapi_3_1() -> None:
    assert document()["openapi"].startswith("3.1")
    assert list(OpenAPIV31SpecValidator(document()).iter_errors()) == []


def test_it_lists_every_route_of_the_api_and_no_other() -> None:
    served = {
        (rule.rule.replace("<id>", "{id}"), method.lower())
        for rule in APP.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD"}
        if rule.rule.startswith("/v1/")
    }
    assert {(path, method) for path, method, _ in operations()} == served


def test_every_operation_has_a_name_of_its_own_a_summary_and_a_tag() -> None:
    ids = [operation["operationId"] for _, _, operation in operations()]
    assert len(ids) == len(set(ids))
    assert all(operation["summary"] and operation["tags"] for _, _, operation in operations())


def test_only_the_public_routes_are_without_security() -> None:
    unguarded = [path for path, _, operation in operations() if operation["security"] == []]
    assert unguarded == ["/v1/sign-in"]


def test_every_refusal_is_a_problem() -> None:
    told = document()
    for _, _, operation in operations():
        for status, answer in operation["responses"].items():
            if status.startswith(("4", "5")):
                resolved = told["components"]["responses"][answer["$ref"].rpartition("/")[2]]
                assert list(resolved["content"]) == ["application/problem+json"]


def test_every_post_asks_for_an_idempotency_key() -> None:
    for path, method, operation in operations():
        asked = {parameter["name"]: parameter["required"] for parameter in operation["parameters"]}
        expected = method == "post" and path != "/v1/sign-in"
        assert asked.get("Idempotency-Key", False) is expected, path


def test_every_call_shows_an_example_and_the_examples_fit() -> None:
    assert calls_without_example(document()) == []
    assert examples_that_lie(document()) == []


def test_an_example_that_does_not_fit_is_found() -> None:
    told = document()
    content = told["paths"]["/v1/notices"]["post"]["requestBody"]["content"]["application/json"]
    content["examples"]["example"]["value"]["weight"] = "heavy"
    assert any("weight" in wrong for wrong in examples_that_lie(told))


def test_the_page_needs_nothing_from_outside() -> None:
    page = NOBODY.get("/openapi")
    assert page.status_code == 200
    assert "https://" not in page.text
    for part in ("js/swagger-ui-bundle.js", "js/swagger-ui-standalone-preset.js", "css/swagger-ui.css"):
        assert NOBODY.get(f"/openapi/ui/{part}").status_code == 200
    assert NOBODY.get("/openapi/start.js").content_type.startswith("text/javascript")
    assert NOBODY.get("/openapi/ui/js/..%2f..%2f__init__.py").status_code == 404
    assert "'unsafe-inline'" not in page.headers["Content-Security-Policy"].split("style-src")[0]


def test_health_and_metrics_are_open() -> None:
    assert NOBODY.get("/livez").status_code == 200
    assert NOBODY.get("/readyz").json == {"status": "ready", "waiting_for": []}
    NOBODY.get("/v1/notices")
    metrics = NOBODY.get("/metrics").text
    assert 'http_requests_total{method="GET",route="/v1/notices",status="401"}' in metrics


def test_an_app_is_ready_when_nothing_is_waited_for() -> None:
    def away() -> bool:
        raise Unavailable("MongoDB: AutoReconnect")

    said = [False, True, False]
    app, _, _ = notices_app(readiness=Readiness({"mongo": away, "catch-up": once(lambda: said.pop(0))}))
    client = ApiClient(app)
    answers = [client.get("/readyz") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [503, 503, 503]
    assert [answer.json["waiting_for"] for answer in answers if answer.json] == [
        ["mongo", "catch-up"],
        ["mongo"],
        ["mongo"],
    ]


SCHEMA = schemathesis.openapi.from_wsgi("/openapi/openapi.json", APP, config=schemathesis_config())
TOKEN = OFFICE.token(person="p1", grants=[post("secretary", UNIT), post("operator", UNIT)])


@pytest.mark.parametrize("_", [None])
@SCHEMA.exclude(path_regex="/(broken|away)$").parametrize()
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_is_sent_is_answered_as_documented(case: Any, _: None) -> None:
    call_and_check(case, TOKEN)
