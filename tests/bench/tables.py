"""Findings as tables for a terminal."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Sequence

from tests.bench.figures import Figure, Findings


def tell(text: str = "") -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def show(findings: Findings) -> None:
    """One run of one benchmark: what was measured, then each target."""
    tell(f"\n{findings.bench.upper()}  {findings.title}")
    groups = list(dict.fromkeys(group for figure in findings.figures for group in figure.cpu))
    head = ["", "count", "seconds", "per second", "p50 ms", "p99 ms", "CPU s/1,000"]
    rows = [_row(figure, groups) for figure in findings.figures]
    table([*head, *(f"{group} CPU / MB" for group in groups)], rows)
    for verdict in findings.verdicts:
        sign = "≥" if verdict.at_least else "≤"
        mark = "met " if verdict.met else "MISS"
        value = f"{_number(verdict.value)} {verdict.unit}"
        tell(f"  {mark} {verdict.what}: {value} (target {sign} {_number(verdict.target)})")
    for note in findings.notes:
        tell(f"  {note}")


def summarise(runs: Sequence[Findings]) -> None:
    """Several runs of one benchmark: the median of each target's value, and its spread."""
    if len(runs) < 2:
        return
    tell(f"\n{runs[0].bench.upper()}  {len(runs)} runs")
    rows = []
    for position, verdict in enumerate(runs[0].verdicts):
        values = [run.verdicts[position].value for run in runs]
        sign = "≥" if verdict.at_least else "≤"
        met = sum(run.verdicts[position].met for run in runs)
        rows.append(
            [
                verdict.what,
                f"{_number(statistics.median(values))} {verdict.unit}",
                f"{_number(min(values))} to {_number(max(values))}",
                f"{sign} {_number(verdict.target)}",
                f"{met} of {len(runs)}",
            ]
        )
    table(["", "median", "spread", "target", "met"], rows)


def _row(figure: Figure, groups: Sequence[str]) -> list[str]:
    cells = [
        figure.name,
        f"{figure.count:,}",
        f"{figure.seconds:.2f}",
        f"{figure.per_second:,.0f}" if figure.per_second >= 10 else f"{figure.per_second:.2f}",
        _milliseconds(figure.p50_ms),
        _milliseconds(figure.p99_ms),
        f"{figure.cpu_per_1000():.3f}" if figure.cpu else "–",
    ]
    for group in groups:
        if group in figure.cpu:
            cells.append(f"{figure.cpu_per_1000(group):.3f} / {figure.memory.get(group, 0.0):.0f}")
        else:
            cells.append("–")
    return cells


def _milliseconds(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    for row in (head, *rows):
        cells = [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        tell("  " + "  ".join(cells).rstrip())
