"""A caller of the public API, as a partner would write one: tokens, idempotency keys, problems read aloud."""

from __future__ import annotations

import hashlib
import json
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from typing import Any

import urllib3

from deploy.local.refusal import CannotStart
from deploy.local.system import SystemUrls

WAIT_SECONDS = 60.0
TRIES = 6
_RENEWED_EARLIER_SECONDS = 60
"""A token is asked for anew this long before it ends, so that none ends on its way."""


class Session:
    """One account's calls to the three services.

    The Idempotency-Key follows from what is asked, so that a call repeated after no answer or a 5xx, and a demo played
    again after it was interrupted, do nothing twice. Any other refusal raises CannotStart with the problem's own words.
    """

    def __init__(self, urls: SystemUrls, http: urllib3.PoolManager, username: str, password: str) -> None:
        self.urls = urls
        self._http = http
        self._username, self._password = username, password
        self._token, self._token_ends = "", float("-inf")

    def get(self, service: str, path: str, **query: str) -> Any:
        return self._call("GET", service, path, fields=query)

    def status_of(self, service: str, path: str) -> int:
        """The status that a GET is answered with, whatever it is."""
        headers = {"Authorization": f"Bearer {self._bearer()}"}
        return self._http.request("GET", getattr(self.urls, service) + path, headers=headers).status

    def post(self, service: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        return self._call("POST", service, path, body=body or {})

    def patch(self, service: str, path: str, body: Mapping[str, Any], *, version: int) -> Any:
        return self._call("PATCH", service, path, body=body, headers={"If-Match": f'"{version}"'})

    def upload(self, service: str, path: str, name: str, content: bytes, **fields: str) -> Any:
        """A file with its form fields."""
        form: dict[str, Any] = {**fields, "file": (name, content)}
        encoded, content_type = urllib3.encode_multipart_formdata(form, boundary="nhip-doan-demo")
        return self._call("POST", service, path, raw=encoded, headers={"Content-Type": content_type})

    def every(self, service: str, path: str, **query: str) -> Iterator[Any]:
        """The items of all pages of a list."""
        page = self.get(service, path, **query, limit="200")
        yield from page["items"]
        while page.get("next_cursor"):
            page = self.get(service, path, **query, limit="200", cursor=page["next_cursor"])
            yield from page["items"]

    def _call(
        self,
        method: str,
        service: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        raw: bytes | None = None,
        fields: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        sent = {"Accept-Language": "vi", "Authorization": f"Bearer {self._bearer()}", **(headers or {})}
        if method == "POST":
            said = raw or json.dumps(body, sort_keys=True, default=_as_text).encode()
            sent["Idempotency-Key"] = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{path} {hashlib.sha256(said).hexdigest()}"))
        if body is not None:
            raw = json.dumps(body, ensure_ascii=False, default=_as_text).encode()
            sent.setdefault("Content-Type", "application/json")
        response = self._answered(method, getattr(self.urls, service) + path, raw, sent, fields)
        return json.loads(response.data) if response.data else None

    def _answered(
        self,
        method: str,
        url: str,
        raw: bytes | None,
        headers: Mapping[str, str],
        fields: Mapping[str, str] | None,
    ) -> urllib3.BaseHTTPResponse:
        for left in reversed(range(TRIES)):
            try:
                if raw is not None:
                    response = self._http.request(method, url, body=raw, headers=headers)
                else:
                    response = self._http.request(method, url, fields=fields, headers=headers)
                if response.status < 300:
                    return response
                if response.status < 500 or not left:
                    raise CannotStart(f"{method} {url} answered {response.status}: {response.data.decode()[:600]}")
            except urllib3.exceptions.HTTPError as error:
                if not left:
                    raise CannotStart(f"{method} {url} got no answer: {type(error).__name__}") from error
            time.sleep(0.5)  # a server that just failed is given a moment
        raise AssertionError("unreachable: the last try returns or raises")

    def _bearer(self) -> str:
        if time.monotonic() > self._token_ends:
            response = self._http.request(
                "POST",
                f"{self.urls.members}/v1/token",
                fields={"grant_type": "password", "username": self._username, "password": self._password},
                encode_multipart=False,
            )
            if response.status != 200:
                raise CannotStart(f"{self._username} could not sign in: {response.data.decode()[:300]}")
            granted = json.loads(response.data)
            self._token = str(granted["access_token"])
            self._token_ends = time.monotonic() + granted["expires_in"] - _RENEWED_EARLIER_SECONDS
        return self._token


def _as_text(value: date | datetime) -> str:
    return value.isoformat()


def until(what: str, look: Callable[[], Any], *, seconds: float = WAIT_SECONDS) -> Any:
    """What `look` gives once it gives something true: services learn of each other's facts a moment later.

    Raises CannotStart after `seconds`, saying `what` never came.
    """
    deadline = time.monotonic() + seconds
    while True:
        if found := look():
            return found
        if time.monotonic() > deadline:
            raise CannotStart(f"After {seconds:.0f} s still not so: {what}")
        time.sleep(0.1)  # nothing announces what is waited for
