"""The API answers as its document says, whatever it is sent: no 5xx, no undocumented answer."""

from __future__ import annotations

from typing import Any

import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.component.notifications.test_web import SECRETARY, Web
from tests.component.notifications.world import Clock

CHECKS: list[Any] = [not_a_server_error, content_type_conformance, response_schema_conformance, status_code_conformance]


def _served() -> Web:
    web = Web(clock=Clock())
    web.invite()
    web.reply("Em đến trễ được không?")
    return web


WEB = _served()
TOKEN = WEB.office.token(**SECRETARY)
SCHEMA = schemathesis.openapi.from_wsgi("/openapi/openapi.json", WEB.app)


@SCHEMA.parametrize()
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_answer_is_documented(case: schemathesis.Case[Any]) -> None:
    case.call_and_validate(checks=CHECKS, headers={"Authorization": f"Bearer {TOKEN}"})
