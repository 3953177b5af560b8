"""What a proof found: how much it looked at, and everything that is not as promised."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

SHOWN = 8


@dataclass
class Finding:
    """`checked` things were looked at for one statement; `broken` names each that does not hold; `note` counts."""

    statement: str
    checked: int = 0
    broken: list[str] = field(default_factory=list)
    note: str = ""

    def look(self, holds: bool, what: str) -> None:
        self.checked += 1
        if not holds:
            self.broken.append(what)


def say(text: str) -> None:
    """What a person at the terminal, or in the test's captured output, reads."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def table(title: str, rows: Iterable[Sequence[object]]) -> str:
    """Columns as wide as they need, the last one free."""
    listed = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in listed if column < len(row)) for column in range(len(listed[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in listed]
    return "\n".join(["", title, "─" * min(110, max(map(len, [title, *lines]))), *lines])


def told(findings: Sequence[Finding]) -> str:
    """The findings as a table, and what is broken in full (the first few of each)."""
    rows = [("", "checked", "broken", "statement", "note")]
    rows += [
        ("✓" if not one.broken else "✗", str(one.checked), str(len(one.broken)), one.statement, one.note)
        for one in findings
    ]
    text = table("What was found", rows)
    for one in findings:
        text += "".join(f"\n  ✗ {one.statement}: {what}" for what in one.broken[:SHOWN])
    return text
