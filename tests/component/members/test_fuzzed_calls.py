"""Calls made up from the API's own document: no 5xx, and every answer is one that the document names."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings

from members.adapters.sealed_keys import SealedKeys
from tests.component.members.world import ADMIN_PASSWORD, World
from tests.support.web import call_and_check, schemathesis_config

WORLD = World(SealedKeys("a secret of the tests"))
WORLD.person(
    "Nguyễn Thị Hòa", WORLD.unit("branch", "Chi đoàn thôn Trung Hạ", WORLD.unit("commune", "Đoàn xã Nông Sơn"))
)
TOKEN = WORLD.token(grant_type="password", username="quantri", password=ADMIN_PASSWORD).json["access_token"]
SCHEMA = schemathesis.openapi.from_wsgi("/openapi/openapi.json", WORLD.app, config=schemathesis_config())


@pytest.mark.parametrize("_", [None])
@SCHEMA.parametrize()
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_is_sent_is_answered_as_documented(case: Any, _: None) -> None:
    call_and_check(case, TOKEN)
