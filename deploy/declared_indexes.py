"""Adds to the lists of indexes what the services declare now.

`python -m deploy.declared_indexes` writes services/<service>/indexes.lock; a test holds the lists to what it would
write. A line is never taken away: it is how a later release knows an index as made by an earlier one.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path

from chassis.messaging.mongo.unused_indexes import LOCK, declared, ever_declared
from deploy.local.access import SERVICES

SERVICES_ROOT = Path(__file__).parents[1] / "services"


def lists() -> Mapping[Path, str]:
    """Every list with its content."""
    return {SERVICES_ROOT / service / LOCK: _list_of(service) for service in SERVICES}


def _list_of(service: str) -> str:
    kinds = import_module(f"{service}.bootstrap").KINDS
    return "".join(f"{index}\n" for index in sorted(declared(kinds) | ever_declared(service)))


def main() -> None:
    for file, content in lists().items():
        file.write_text(content, encoding="utf-8")


if __name__ == "__main__":
    main()
