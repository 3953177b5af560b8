"""What every suite may ask for: a real platform, and room of one's own on it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

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
