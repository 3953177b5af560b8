"""The page of guarantees names tests that exist, and a test for each guarantee."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "guarantees.md").read_text(encoding="utf-8")


def rows() -> list[list[str]]:
    cells = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if line.startswith("|")
    ]
    return [row for row in cells if row[0] != "guarantee" and not set(row[0]) <= {"-"}]


def test_each_guarantee_names_its_mechanism_and_a_test_that_exists() -> None:
    assert len(rows()) > 15
    for guarantee, mechanism, tests in rows():
        assert mechanism, guarantee
        named = re.findall(r"`([^`]+\.py)`", tests)
        assert named, guarantee
        assert not [name for name in named if not (ROOT / name).is_file()], guarantee


def test_the_page_says_what_is_not_promised() -> None:
    assert PAGE.partition("## What is not promised")[2].count("\n* **") >= 8
