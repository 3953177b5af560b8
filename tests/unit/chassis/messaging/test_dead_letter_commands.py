"""What an operator sees and does at the terminal; the same for every service."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from chassis.failures import Malformed, Refusal, VersionConflict
from chassis.messaging.cloudevents import Record
from chassis.messaging.dead_letter_commands import dead_letter_commands
from chassis.messaging.dead_letters import DEAD_LETTERS, dead_letter, release_dead_letter
from chassis.runtime.command_line import WrongCall
from chassis.storage.changes import Changes
from chassis.storage.memory import MemoryStore

NOW = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
PERSON = '{"full_name":"Nguyễn Thị Bí Mật","memberships":[]}'.encode()
HEADERS = (("ce_type", b"vn.nhipdoan.members.person.state.v1"), ("ce_subject", b"p1"), ("x", b"\xff"))


def record(offset: int, value: bytes | None = PERSON) -> Record:
    return Record("members.people.v1", 3, offset, b"p1", HEADERS, value)


def store_with(*records: Record) -> MemoryStore:
    store = MemoryStore()
    letters = [dead_letter(one, Malformed("the payload is no PersonState"), now=NOW) for one in records]
    store.project(DEAD_LETTERS, letters)
    return store


def told(store: MemoryStore, *arguments: str) -> list[str]:
    return list(dead_letter_commands(store, arguments, now=lambda: NOW))


def shown(value: bytes | None) -> list[str]:
    return told(store_with(record(7, value)), "show", "members.people.v1:3:7")


def test_a_list_has_all_that_are_open_and_nothing_of_what_they_say() -> None:
    store = store_with(*(record(number) for number in range(250)))
    listed = told(store, "list")
    assert len(listed) == 250
    assert listed == told(store)
    assert not any("Bí Mật" in line for line in listed)
    assert (
        "members.people.v1:3:7  open  vn.nhipdoan.members.person.state.v1  Malformed  2026-11-20T08:00:00+00:00  "
        "attempts=1" in listed
    )


def test_a_letter_is_shown_with_origin_error_headers_and_its_payload_as_indented_json() -> None:
    assert shown(PERSON) == [
        "origin    members.people.v1:3:7",
        "key       p1",
        "state     open, attempts=1",
        "failed    2026-11-20T08:00:00+00:00",
        "error     Malformed: the payload is no PersonState",
        "headers",
        "  ce_type: vn.nhipdoan.members.person.state.v1",
        "  ce_subject: p1",
        "  x: \\xff",
        f"payload   {len(PERSON)} bytes, JSON",
        "{",
        '  "full_name": "Nguyễn Thị Bí Mật",',
        '  "memberships": []',
        "}",
    ]


@pytest.mark.parametrize(
    ("value", "last"),
    [
        (b"\xff{", ["payload   2 bytes, no JSON", "\\xff{"]),
        (b'{"a":1,"a":2}', ["payload   13 bytes, no JSON", '{"a":1,"a":2}']),
        (b"[" * 100_000, ["payload   100000 bytes, no JSON", "[" * 100_000]),
        (b"", ["payload   0 bytes, no JSON", ""]),
        (b"\x1b[2J\nhello", ["payload   10 bytes, no JSON", "\\x1b[2J\\nhello"]),
        (b'"\\u001b[2J\\ud800"', ["payload   17 bytes, JSON", '"\\u001b[2J\\ud800"']),
    ],
)
def test_bytes_that_are_no_plain_json_are_written_out_and_move_no_cursor(value: bytes, last: list[str]) -> None:
    assert shown(value)[-2:] == last


def test_a_tombstone_is_told_as_one() -> None:
    assert shown(None)[-1] == "payload   none: a tombstone"


def test_what_is_released_is_open_no_more() -> None:
    store = store_with(record(7), record(8))
    assert told(store, "release", "members.people.v1:3:7") == [
        "members.people.v1:3:7 is released: the consume process applies it once more"
    ]
    assert [line.split()[0] for line in told(store, "list")] == ["members.people.v1:3:8"]
    assert [line.split()[:2] for line in told(store, "list", "released")] == [["members.people.v1:3:7", "released"]]
    assert len(told(store, "list", "all")) == 2
    with pytest.raises(Refusal, match="not open any more"):
        told(store, "release", "members.people.v1:3:7")


def test_what_is_dropped_has_no_bytes_any_more() -> None:
    store = store_with(record(7))
    assert told(store, "drop", "members.people.v1:3:7") == [
        "members.people.v1:3:7 is dropped: it is given up; its bytes are erased"
    ]
    said = told(store, "show", "members.people.v1:3:7")
    assert said[-1] == "payload   erased when it was dropped"
    assert not any("Bí Mật" in line for line in said)


def test_who_decides_second_is_told_that_it_is_decided() -> None:
    class Raced(MemoryStore):
        raced = False

        def commit(self, changes: Changes) -> None:
            if not self.raced:
                self.raced = True
                super().commit(release_dead_letter(self, "members.people.v1:3:7", now=NOW).changes)
                raise VersionConflict("dead_letters", "members.people.v1:3:7")
            super().commit(changes)

    store = Raced()
    store.project(DEAD_LETTERS, [dead_letter(record(7), Malformed("no"), now=NOW)])
    with pytest.raises(Refusal, match="it is released"):
        told(store, "drop", "members.people.v1:3:7")


@pytest.mark.parametrize("arguments", [["eat"], ["show"], ["release"], ["drop", "a", "b"], ["list", "lost"]])
def test_a_wrong_call_says_how_to_call(arguments: list[str]) -> None:
    with pytest.raises(WrongCall, match=r"show <id> \| release <id> \| drop <id>"):
        told(MemoryStore(), *arguments)


def test_what_is_not_there_is_not_found() -> None:
    with pytest.raises(Refusal, match="No such dead letter"):
        told(MemoryStore(), "show", "members.people.v1:0:0")
