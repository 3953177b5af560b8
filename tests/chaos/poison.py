"""Records of every kind of wrongness, drawn from a seed, each with what must become of it."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from chassis.messaging.cloudevents import Headers
from contracts.catalogue import CATALOGUE

EXAMPLES = Path(__file__).parents[2] / "services" / "contracts" / "examples"


class Fate(StrEnum):
    """What must become of a record. `accounted` may be any one of them: its content decides."""

    DEAD = "dead letter"
    IGNORED = "ignored"
    ACCOUNTED = "any one fate"


@dataclass(frozen=True)
class Poison:
    what: str
    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers
    fate: Fate


def valid_payload(type: str) -> bytes:
    """The contract's own example."""
    return (EXAMPLES / f"{type.removeprefix('vn.nhipdoan.')}.valid.json").read_bytes()


def headers_like(type: str, number: int, **changed: bytes | None) -> Headers:
    """Those of a well-formed record, but for what is changed (None: left out)."""
    usual: dict[str, bytes | None] = {
        "ce_specversion": b"1.0",
        "ce_id": b"poison-%d" % number,
        "ce_type": type.encode(),
        "ce_source": b"/poison",
        "ce_time": datetime.now(UTC).isoformat().encode(),
        "ce_subject": b"poison",
        "ce_sequence": b"%d" % (number + 1),
        "ce_correlationid": b"0190a1b2-0000-7000-8000-00000000000a",
    }
    return tuple((name, value) for name, value in (usual | changed).items() if value is not None)


def poisons(seed: int, count: int, types: Sequence[str]) -> Iterator[Poison]:
    """`count` records on the topics of `types`."""
    chance = random.Random(seed)
    makers = (
        _random_bytes,
        _cut_short,
        _mutated,
        _mutated,
        _mutated,
        _wrong_headers,
        _unknown_type,
        _unknown_version,
        _no_key,
        _empty_value,
    )
    for number in range(count):
        type = chance.choice(types)
        yield chance.choice(makers)(chance, number, type)


def _made(
    what: str, number: int, type: str, value: bytes | None, *, fate: Fate, headers: Headers | None = None
) -> Poison:
    key = b"poison-%d" % (number % 5000)
    return Poison(what, CATALOGUE[type].TOPIC, key, value, headers or headers_like(type, number), fate)


def _random_bytes(chance: random.Random, number: int, type: str) -> Poison:
    return _made("random bytes", number, type, b"\xff" + chance.randbytes(chance.randrange(200)), fate=Fate.DEAD)


def _cut_short(chance: random.Random, number: int, type: str) -> Poison:
    payload = valid_payload(type).rstrip()
    return _made("cut short", number, type, payload[: chance.randrange(1, len(payload) - 1)], fate=Fate.DEAD)


def _mutated(chance: random.Random, number: int, type: str) -> Poison:
    body = json.loads(valid_payload(type))
    for _ in range(chance.randrange(1, 4)):
        _mutate(chance, body)
    return _made("fields changed", number, type, json.dumps(body).encode(), fate=Fate.ACCOUNTED)


def _wrong_headers(chance: random.Random, number: int, type: str) -> Poison:
    name, value = chance.choice(
        [
            ("ce_id", None),
            ("ce_type", None),
            ("ce_sequence", b"first"),
            ("ce_sequence", None),
            ("ce_time", b"yesterday"),
            ("ce_type", b"\xff\xfe"),
            ("ce_correlationid", None),
        ]
    )
    headers = headers_like(type, number, **{name: value})
    return _made("headers wrong", number, type, valid_payload(type), fate=Fate.DEAD, headers=headers)


def _unknown_type(chance: random.Random, number: int, type: str) -> Poison:
    headers = headers_like(type, number, ce_type=b"vn.nhipdoan.someone.something.happened.v1")
    return _made("unknown type", number, type, valid_payload(type), fate=Fate.IGNORED, headers=headers)


def _unknown_version(chance: random.Random, number: int, type: str) -> Poison:
    headers = headers_like(type, number, ce_type=type.replace(".v1", ".v2").encode())
    return _made("unknown version", number, type, valid_payload(type), fate=Fate.IGNORED, headers=headers)


def _no_key(chance: random.Random, number: int, type: str) -> Poison:
    one = _made("no key", number, type, valid_payload(type), fate=Fate.DEAD)
    return Poison(one.what, one.topic, None, one.value, one.headers, one.fate)


def _empty_value(chance: random.Random, number: int, type: str) -> Poison:
    """A tombstone where there are states; nothing that an event could be."""
    value = chance.choice((None, b"", b"null", b"[]", b"7", b'"text"', b"{}"))
    return _made("empty value", number, type, value, fate=Fate.ACCOUNTED)


_ODD: tuple[Any, ...] = (
    None,
    "",
    0,
    -1,
    10**40,
    1.5,
    True,
    [],
    {},
    [[]],
    "\u0000",
    "a" * 5000,
    "2026-13-45",
    "\ud800",
    {"a": {"b": []}},
    "NaN",
)


def _odd(chance: random.Random) -> Any:
    return copy.deepcopy(chance.choice(_ODD))


def _mutate(chance: random.Random, value: Any) -> None:
    """One change somewhere inside: a field gone, a field odd, a field too many."""
    while isinstance(value, (dict, list)) and value:
        at = chance.choice(list(value) if isinstance(value, dict) else list(range(len(value))))
        if isinstance(value[at], (dict, list)) and value[at] and chance.random() < 0.6:
            value = value[at]
            continue
        how = chance.random()
        if how < 0.35:
            del value[at]
        elif how < 0.9 or isinstance(value, list):
            value[at] = _odd(chance)
        else:
            value[f"more_{chance.randrange(9)}"] = _odd(chance)
        return
