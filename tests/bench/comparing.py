"""Two result files beside each other: what became faster, cheaper, larger."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.bench.keeping import read
from tests.bench.tables import table, tell

MEASURES: tuple[tuple[str, Callable[[dict[str, Any]], float | None]], ...] = (
    ("per second", lambda figure: figure["per_second"]),
    ("CPU s/1,000", lambda figure: figure["cpu_per_1000"] or None),
    ("p50 ms", lambda figure: figure["p50_ms"]),
    ("p99 ms", lambda figure: figure["p99_ms"]),
    ("MB", lambda figure: sum(figure["memory"].values()) or None),
)


def compare(before: Path, after: Path) -> int:
    """Prints every figure that both files have, with the ratio; medians where there were several runs."""
    one, other = read(before), read(after)
    tell(f"A {before}: {one['commit']}, {one['at']}")
    tell(f"B {after}: {other['commit']}, {other['at']}")
    if one["machine"] != other["machine"]:
        tell("The machines differ: the ratios say little.")
    rows = list(_rows(one["benches"], other["benches"]))
    table(["", "", "A", "B", "B ÷ A"], rows)
    return 0


def _rows(one: dict[str, Any], other: dict[str, Any]) -> Iterator[list[str]]:
    for bench in sorted(one.keys() & other.keys()):
        for name in _names(one[bench]):
            for measure, read_off in MEASURES:
                left, right = _median(one[bench], name, read_off), _median(other[bench], name, read_off)
                if left and right:
                    yield [f"{bench} {name}", measure, f"{left:,.4g}", f"{right:,.4g}", f"{right / left:.2f}"]


def _names(runs: list[dict[str, Any]]) -> list[str]:
    return [figure["name"] for figure in runs[0]["figures"]]


def _median(runs: list[dict[str, Any]], name: str, read_off: Callable[[dict[str, Any]], float | None]) -> float | None:
    values = [
        value
        for one in runs
        for figure in one["figures"]
        if figure["name"] == name and (value := read_off(figure)) is not None
    ]
    return statistics.median(values) if values else None
