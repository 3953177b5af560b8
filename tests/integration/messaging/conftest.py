"""The stage, in memory and real."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from deploy.local.access_control import TopicAccess
from tests.integration.messaging.playthings import PUBLISHER, READER, TOPICS
from tests.integration.messaging.stage import MemoryBackend, RealBackend, Stage
from tests.support.platform import namespace_on


@pytest.fixture(params=["memory", pytest.param("real", marks=pytest.mark.embedded)])
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    if request.param == "memory":
        yield Stage(MemoryBackend())
        return
    with namespace_on(request.getfixturevalue("platform")) as namespace:
        namespace.allow(TopicAccess(topic.name, PUBLISHER, (READER,)) for topic in TOPICS)
        backend = RealBackend(namespace)
        try:
            yield Stage(backend)
        finally:
            backend.close()
