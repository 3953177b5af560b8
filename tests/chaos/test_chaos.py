"""Two minutes of faults on the real system: nothing lost, nothing done twice, nothing out of order."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import pytest

from tests.chaos.campaign import run_campaign
from tests.chaos.faults import short_plan

SECONDS = 60.0


@pytest.mark.timeout(420)
def test_what_was_accepted_happens_once_whatever_breaks(tmp_path: Path) -> None:
    seed = int(os.environ.get("CHAOS_SEED") or secrets.randbelow(100_000))
    campaign = run_campaign(
        tmp_path, seed, SECONDS, lambda with_disk: short_plan(seed, SECONDS, with_disk=with_disk), rest=0.4
    )
    assert not campaign.broken, f"run it again with CHAOS_SEED={seed}: {campaign.broken[:5]}"
