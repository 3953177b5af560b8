"""A session of the demo outlives its token, as a partner's caller must."""

from __future__ import annotations

import json
from typing import Any
from unittest.mock import Mock, patch

from deploy.local.demo import api

GRANTED_SECONDS = 600


def answering(tokens: list[str], bearers: list[str]) -> Mock:
    """A pool whose token route hands out `tokens`, one after the other, and notes who calls with which."""

    def request(method: str, url: str, **given: Any) -> Mock:
        if url.endswith("/v1/token"):
            granted = {"access_token": tokens.pop(0), "expires_in": GRANTED_SECONDS}
            return Mock(status=200, data=json.dumps(granted).encode())
        bearers.append(given["headers"]["Authorization"])
        return Mock(status=200, data=b'{"items": []}')

    return Mock(request=request)


def test_a_token_is_used_until_shortly_before_its_end_and_then_asked_for_anew() -> None:
    bearers: list[str] = []
    urls = Mock(members="http://members")
    session = api.Session(urls, answering(["first", "second"], bearers), "quantri", "a password")
    with patch("deploy.local.demo.api.time.monotonic") as clock:
        for clock.return_value in (0.0, GRANTED_SECONDS - 61.0, GRANTED_SECONDS - 59.0):
            session.get("members", "/v1/units")
    assert bearers == ["Bearer first", "Bearer first", "Bearer second"]
