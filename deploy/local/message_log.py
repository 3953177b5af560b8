"""Everything that the sinks received, in memory and in a file that the next start reads.

One event loop owns it; nothing here locks.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

import orjson

FLUSH_SECONDS = 0.2


class Kind(StrEnum):
    SMS = "sms"
    EMAIL = "email"
    REPLY = "reply"  # from a phone


class State(StrEnum):
    ACCEPTED = "accepted"  # by the gateway, which is not delivered
    DELIVERED = "delivered"
    FAILED = "failed"


@dataclass(slots=True)
class Message:
    """One text to or from one phone, or one mail to one mailbox.

    `facts` are what its kind adds, ready for JSON; `revision` grows with every change."""

    id: int
    kind: Kind
    person: str  # E.164 number or mailbox
    text: str
    at: str  # UTC, ISO 8601
    state: State
    facts: dict[str, object] = field(default_factory=dict)
    revision: int = 0

    def as_json(self) -> dict[str, object]:
        return {
            "id": self.id,
            "kind": self.kind,
            "person": self.person,
            "text": self.text,
            "at": self.at,
            "state": self.state,
            "revision": self.revision,
            **self.facts,
        }


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


class MessageLog:
    """Messages by their order of arrival. A change is known to the listeners at once and to the file
    within 0.2 s."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        self._file = directory / "messages.jsonl"
        self._unwritten: list[bytes] = []
        self._is_flush_due = False
        self._load()
        self._output = self._file.open("ab")
        self.listeners: set[Callable[[], None]] = set()

    def _load(self) -> None:
        self.by_id: dict[int, Message] = {}
        self.revision = 0
        lines = self._file.read_bytes().splitlines() if self._file.exists() else []
        for line in lines:
            try:
                entry = orjson.loads(line)
            except orjson.JSONDecodeError:  # the last line of a run that was killed
                continue
            message = _message_from(entry)
            self.by_id[message.id] = message
            self.revision = max(self.revision, message.revision)
        if len(lines) > len(self.by_id):
            self._rewrite()

    def _rewrite(self) -> None:
        """Every change was appended as a line of its own; the last one of each message is enough."""
        new = self._file.with_suffix(".new")
        new.write_bytes(b"".join(orjson.dumps(message.as_json()) + b"\n" for message in self.messages))
        os.replace(new, self._file)

    @property
    def messages(self) -> Collection[Message]:
        """All, in order of arrival."""
        return self.by_id.values()

    def add(self, kind: Kind, person: str, text: str, state: State, facts: dict[str, object]) -> Message:
        message = Message(len(self.by_id) + 1, kind, person, text, now(), state, facts)
        self.changed(message)
        return message

    def changed(self, message: Message) -> None:
        """To be called after every change of a message."""
        self.revision += 1
        message.revision = self.revision
        self.by_id[message.id] = message
        self._unwritten.append(orjson.dumps(message.as_json()) + b"\n")
        if not self._is_flush_due:
            self._is_flush_due = True
            asyncio.get_running_loop().call_later(FLUSH_SECONDS, self.flush)

    def since(self, revision: int) -> list[Message]:
        """What is new or has changed after `revision`, in order of arrival."""
        return [message for message in self.messages if message.revision > revision]

    def flush(self) -> None:
        self._is_flush_due = False
        if self._unwritten:
            self._output.writelines(self._unwritten)
            self._output.flush()
            self._unwritten.clear()
        for tell in list(self.listeners):
            tell()

    def clear(self) -> None:
        """Forgets everything, the file and the mails included."""
        self._unwritten.clear()
        self._output.close()
        for file in self._directory.iterdir():
            file.unlink()
        self._load()
        self._output = self._file.open("ab")
        for tell in list(self.listeners):
            tell()

    def close(self) -> None:
        self.flush()
        self._output.close()


BASE_FIELDS = ("id", "kind", "person", "text", "at", "state", "revision")


def _message_from(entry: dict[str, object]) -> Message:
    facts = {name: value for name, value in entry.items() if name not in BASE_FIELDS}
    return Message(
        id=int(str(entry["id"])),
        kind=Kind(str(entry["kind"])),
        person=str(entry["person"]),
        text=str(entry["text"]),
        at=str(entry["at"]),
        state=State(str(entry["state"])),
        facts=facts,
        revision=int(str(entry["revision"])),
    )
