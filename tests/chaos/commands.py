"""A good client: one key per command, the same one until an answer comes; and a ledger of what was answered."""

from __future__ import annotations

import itertools
import json
import random
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import urllib3

PATIENCE_SECONDS = 300.0
"""How long a command is repeated before it counts as never answered."""
UNAUTHORISED = 401


@dataclass
class Command:
    """What was asked, under which key, and what was answered. The key is the correlation id, too."""

    key: str
    name: str
    method: str
    service: str
    path: str
    account: str
    events: tuple[str, ...]
    tries: int = 0
    status: int = 0
    answer: Any = None
    asked_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    answered_at: datetime | None = None
    replayed: bool = False

    @property
    def accepted(self) -> bool:
        return 200 <= self.status < 300


class Ledger:
    """All commands, in the order in which they were begun. For several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.commands: list[Command] = []
        self.statuses: Counter[str] = Counter()

    def begin(self, command: Command) -> None:
        with self._lock:
            self.commands.append(command)

    def saw(self, what: str) -> None:
        """A try's outcome: a status, or the class of the error."""
        with self._lock:
            self.statuses[what] += 1

    def accepted(self, name: str | None = None) -> list[Command]:
        with self._lock:
            return [one for one in self.commands if one.accepted and name in (None, one.name)]


class Account:
    """One account signed in at members; its token is had again when it ends. For several threads."""

    def __init__(self, urls: Mapping[str, str], ledger: Ledger, username: str, password: str) -> None:
        self.urls, self._ledger = urls, ledger
        self.username, self._password = username, password
        self.id = ""
        self._http = urllib3.PoolManager(maxsize=8, retries=False, timeout=urllib3.Timeout(connect=2.0, read=12.0))
        self._token: str | None = None
        self._keys = itertools.count()
        self._lock = threading.Lock()
        self.stop_trying: Callable[[], bool] = lambda: False

    def close(self) -> None:
        self._http.clear()

    def get(self, service: str, path: str) -> Any:
        """The answer's JSON, or None when there is none to be had now."""
        try:
            answer = self._http.request("GET", self.urls[service] + path, headers=self._signed({}))
        except (urllib3.exceptions.HTTPError, SigningInFailed) as error:
            self._ledger.saw(type(error).__name__)
            return None
        if answer.status == UNAUTHORISED:
            self._token = None
        return answer.json() if answer.status == 200 else None

    def command(
        self,
        name: str,
        service: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        method: str = "POST",
        events: tuple[str, ...] = (),
        upload: tuple[str, bytes] | None = None,
        if_match: int | None = None,
        key: str | None = None,
    ) -> Command:
        """Asks until it is answered with anything but 401 or 5xx; each time with the same key and body."""
        command = Command(key or str(uuid.uuid4()), name, method, service, path, self.username, events)
        self._ledger.begin(command)
        headers = {"X-Correlation-Id": command.key, "Accept-Language": "vi"}
        if method == "POST":
            headers["Idempotency-Key"] = command.key
        if if_match is not None:
            headers["If-Match"] = f'"{if_match}"'
        raw, headers["Content-Type"] = _encoded(body or {}, upload)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            command.tries += 1
            if self._once(command, raw, headers):
                return command
            time.sleep(random.uniform(0.1, 0.6))
        return command

    def _once(self, command: Command, raw: bytes, headers: Mapping[str, str]) -> bool:
        """Whether the command was answered for good."""
        try:
            answer = self._http.request(
                command.method, self.urls[command.service] + command.path, body=raw, headers=self._signed(headers)
            )
        except (urllib3.exceptions.HTTPError, SigningInFailed) as error:
            self._ledger.saw(type(error).__name__)
            return False
        self._ledger.saw(str(answer.status))
        if answer.status == UNAUTHORISED:
            self._token = None
        if answer.status >= 500 or answer.status in (UNAUTHORISED, 429):
            return False
        command.status = answer.status
        command.answer = json.loads(answer.data) if answer.data else None
        command.answered_at = datetime.now(UTC)
        command.replayed = answer.headers.get("Idempotent-Replayed") == "true"
        return True

    def _signed(self, headers: Mapping[str, str]) -> dict[str, str]:
        return {**headers, "Authorization": f"Bearer {self._bearer()}"}

    def _bearer(self) -> str:
        with self._lock:
            if self._token is None:
                answer = self._http.request(
                    "POST",
                    f"{self.urls['members']}/v1/token",
                    fields={"grant_type": "password", "username": self.username, "password": self._password},
                    encode_multipart=False,
                )
                if answer.status != 200:
                    raise SigningInFailed(f"{answer.status}")
                self._token = str(answer.json()["access_token"])
            return self._token


class SigningInFailed(Exception):
    """members did not give a token just now."""


def _encoded(body: Mapping[str, Any], upload: tuple[str, bytes] | None) -> tuple[bytes, str]:
    if upload is None:
        return json.dumps(body, ensure_ascii=False, default=str).encode(), "application/json"
    return urllib3.encode_multipart_formdata({**body, "file": upload})
