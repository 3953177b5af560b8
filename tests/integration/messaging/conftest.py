"""The stage, in memory and real."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from deploy.local.access_control import TopicAccess
from tests.integration.messaging.playthings import PUBLISHER, READER, TOPICS
from tests.integration.messaging.stage import MemoryBackend, RealBackend, Stage
from tests.support.platform import Namespace


@pytest.fixture(scope="module")
def real_backend(namespace: Namespace) -> Iterator[RealBackend]:
    """Topics and databases of this module, cleared after each of its tests."""
    namespace.allow(TopicAccess(topic.name, PUBLISHER, (READER,)) for topic in TOPICS)
    backend = RealBackend(namespace)
    yield backend
    backend.close()


@pytest.fixture(params=["memory", pytest.param("real", marks=pytest.mark.embedded)])
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    if request.param == "memory":
        yield Stage(MemoryBackend())
        return
    backend: RealBackend = request.getfixturevalue("real_backend")
    yield Stage(backend)
    backend.clear()
