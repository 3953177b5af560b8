"""Every benchmark still starts and finds something, at sizes that measure nothing."""

from __future__ import annotations

import importlib
from collections.abc import Iterator

import pytest

from tests.bench.__main__ import BENCHES
from tests.bench.ground import shared_platform


@pytest.fixture(scope="module", autouse=True)
def platform_of_all() -> Iterator[None]:
    with shared_platform():
        yield


@pytest.mark.embedded
@pytest.mark.parametrize("name", BENCHES)
def test_a_benchmark_runs_and_has_a_figure_for_each_of_its_targets(name: str) -> None:
    findings = importlib.import_module(f"tests.bench.{BENCHES[name]}").run(small=True)
    assert findings.bench == name
    assert findings.verdicts
    assert all(figure.count > 0 and figure.seconds > 0 for figure in findings.figures)
