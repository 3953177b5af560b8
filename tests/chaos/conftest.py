"""One running system with the demo month played on it, for everything that looks at it from outside."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from deploy.local.demo import play_month
from deploy.local.demo.founding import Founded
from deploy.local.demo.month import Month
from tests.chaos.stage import Stage, running_stage


@dataclass(frozen=True)
class Town:
    """The demo district on real processes, with its broker and database to itself."""

    stage: Stage
    founded: Founded
    month: Month


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with running_stage(tmp_path_factory.mktemp("town"), with_disk=False) as stage:
        founded, month = play_month(stage.urls, lambda said: None)
        yield Town(stage, founded, month)
        founded.http.clear()
