"""What a test asks the running sinks: who received what, and make the gateway misbehave."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import urllib3

from tests.support.eventually import eventually

Sent = dict[str, Any]


class InboxClient:
    """Speaks to the sinks' JSON API (see deploy/local/inbox.py)."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._http = urllib3.PoolManager(retries=False, timeout=10.0)

    def close(self) -> None:
        self._http.clear()

    def messages(self, *, kind: str | None = None, person: str | None = None, since: int = 0) -> list[Sent]:
        """In order of arrival. `kind` is sms, email or reply; `person` an E.164 number or a mailbox."""
        found: list[Sent] = self._get(f"/api/messages?since={since}")["messages"]
        return [
            one
            for one in found
            if (kind is None or one["kind"] == kind) and (person is None or one["person"] == person)
        ]

    def wait_for(
        self,
        condition: Callable[[list[Sent]], bool] = bool,
        *,
        kind: str | None = None,
        person: str | None = None,
        within: float = 20.0,
    ) -> list[Sent]:
        """The messages of this kind to this person, once `condition` holds for them."""

        def found() -> list[Sent]:
            messages = self.messages(kind=kind, person=person)
            return messages if condition(messages) else []

        return eventually(found, within)

    def summary(self) -> dict[str, Any]:
        return self._get("/api/summary")

    def name_people(self, names: dict[str, str]) -> None:
        """Names by number (E.164) or mailbox, for the page."""
        assert self._post("/api/people", names).status == 200

    def reply(self, phone: str, text: str) -> None:
        """A subscriber answers by SMS."""
        assert self._post("/api/reply", {"phone": phone, "text": text}).status == 202

    def set_faults(self, **faults: object) -> None:
        """See deploy/local/gateway_faults.py; what is not named goes back to its default."""
        assert self._post("/api/faults", faults).status == 200

    def reset(self) -> None:
        assert self._post("/api/reset", {}).status == 200

    def mail_html(self, message: Sent) -> str:
        return self._http.request("GET", f"{self.url}/api/mails/{message['id']}").data.decode()

    def attachment(self, message: Sent, position: int = 0) -> bytes:
        return self._http.request("GET", f"{self.url}/api/attachments/{message['id']}-{position}").data

    def _get(self, path: str) -> dict[str, Any]:
        answer: dict[str, Any] = self._http.request("GET", self.url + path).json()
        return answer

    def _post(self, path: str, body: object) -> urllib3.BaseHTTPResponse:
        return self._http.request("POST", self.url + path, json=body)
