"""What every suite may ask for: a real platform, and room of one's own on it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import structlog

from tests.support.platform import Namespace, Platform, namespace_on, running_platform


@pytest.fixture(scope="session")
def platform() -> Iterator[Platform]:
    """A real Kafka and MongoDB, started once per run when the first test asks for them."""
    with running_platform() as running:
        yield running


@pytest.fixture(scope="module")
def namespace(platform: Platform) -> Iterator[Namespace]:
    """Topics, groups and databases of this test module alone."""
    with namespace_on(platform) as own:
        yield own


@pytest.fixture(autouse=True)
def log_left_as_it_was() -> Iterator[None]:
    """A worker's log, set up in this process and not undone, keeps its loggers: later tests could capture no line."""
    yield
    assert not structlog.get_config()["cache_logger_on_first_use"]
