"""A members service for each test, and the one key that all of them sign with."""

from __future__ import annotations

import pytest

from members.adapters.sealed_keys import SealedKeys
from tests.component.members.world import World


@pytest.fixture(scope="package")
def keys() -> SealedKeys:
    return SealedKeys("a secret of the tests")


@pytest.fixture
def world(keys: SealedKeys) -> World:
    return World(keys)
