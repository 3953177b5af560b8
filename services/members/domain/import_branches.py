"""The branches that a list may name, found by what officers write: “Thôn Trung Hạ”, “CĐ TRUNG HẠ”, a code."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from members.domain.names import folded

_PREFIX = re.compile(
    r"^(?:chi doan co so|chi doan|phan doan|cdcs|cd|thon|khu pho|kp|to dan pho|tdp|khoi pho|khoi|lang|ban|ap|xom)\s+"
)


def branch_key(text: str) -> str:
    """What is left of a branch's name without words for its kind: `Chi đoàn thôn Trung Hạ` → `trung ha`."""
    key = " ".join(re.findall(r"[a-z0-9]+", folded(text)))
    while True:
        shorter = _PREFIX.sub("", key + " ").strip()
        if shorter == key or not shorter:
            return key
        key = shorter


@dataclass(frozen=True)
class Branches:
    """Branches by key; an ambiguous key leads to several."""

    by_key: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def found(self, text: str) -> tuple[str, ...]:
        return self.by_key.get(branch_key(text), ())


def index_branches(named: Iterable[tuple[str, str]]) -> Branches:
    """Branches from pairs of a name (or code) and a unit id."""
    by_key: dict[str, dict[str, None]] = {}
    for name, unit_id in named:
        by_key.setdefault(branch_key(name), {})[unit_id] = None
    return Branches({key: tuple(ids) for key, ids in by_key.items()})
