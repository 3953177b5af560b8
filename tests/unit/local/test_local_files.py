"""What local running keeps on disk."""

from __future__ import annotations

import asyncio
import stat
from pathlib import Path

from deploy.local.message_log import Kind, MessageLog, State
from deploy.local.process_family import shorten_log
from deploy.local.secret_store import SecretStore
from deploy.local.summary import table


def test_secrets_are_made_once_and_are_for_their_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "data" / "secrets.json"
    first = SecretStore(file).get("kafka-admin")
    assert SecretStore(file).get("kafka-admin") == first
    assert SecretStore(file).get("kafka-members") != first
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_log_that_has_grown_too_large_begins_anew_and_the_old_one_is_kept(tmp_path: Path) -> None:
    log = tmp_path / "members-web.log"
    log.write_bytes(b"x" * 100)
    with log.open("ab") as still_open:
        shorten_log(log, largest_bytes=99)
        still_open.write(b"later")
    assert log.read_bytes() == b"later"
    assert (tmp_path / "members-web.log.1").read_bytes() == b"x" * 100


def test_a_second_start_shows_the_messages_of_the_first(tmp_path: Path) -> None:
    async def first_run() -> None:
        log = MessageLog(tmp_path)
        message = log.add(Kind.SMS, "+84912345678", "moi hop", State.ACCEPTED, {"parts": 1})
        message.state = State.DELIVERED
        log.changed(message)
        log.close()

    asyncio.run(first_run())
    with (tmp_path / "messages.jsonl").open("ab") as file:
        file.write(b'{"id": 2, "kind": "sm')  # a run that was killed while it wrote
    again = MessageLog(tmp_path)
    assert [(one.text, one.state, one.facts) for one in again.messages] == [("moi hop", State.DELIVERED, {"parts": 1})]
    again.close()
    assert len((tmp_path / "messages.jsonl").read_bytes().splitlines()) == 1


def test_the_table_keeps_its_frame_straight() -> None:
    lines = table("Nhịp Đoàn", [("a", "bc"), None, ("longer", "d")]).strip().splitlines()
    assert len({len(line) for line in lines}) == 1
