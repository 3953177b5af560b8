"""Calls made up from the API's own document: no 5xx, and every answer is one that the document names."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings

from tests.component.scheduling.desk import Desk
from tests.support.web import schemathesis_config
from tests.unit.scheduling.commune import SECRETARY, grants_of

DESK = Desk()
TOKEN = DESK.office.token(person=SECRETARY, grants=grants_of(SECRETARY))
SCHEMA = schemathesis.openapi.from_wsgi("/openapi/openapi.json", DESK.app, config=schemathesis_config())


@pytest.mark.parametrize("_", [None])
@SCHEMA.parametrize()
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_is_sent_is_answered_as_documented(case: Any, _: None) -> None:
    case.call_and_validate(headers={"Authorization": f"Bearer {TOKEN}"})
