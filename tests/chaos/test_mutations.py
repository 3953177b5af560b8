"""The list of mutations keeps step with the code: each line that it takes away is still there, and only once."""

from __future__ import annotations

import pytest

from tests.chaos.mutation import Mutation
from tests.chaos.mutations import MUTATIONS, ROOT


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.guarantee)
def test_the_line_to_be_taken_away_is_there_once_and_its_tests_exist(mutation: Mutation) -> None:
    assert (ROOT / mutation.file).read_text(encoding="utf-8").count(mutation.before) == 1
    named = [name for name in mutation.tests if name.startswith("tests/")]
    assert named
    assert all((ROOT / name).exists() for name in named)


def test_no_two_are_the_same() -> None:
    assert len({(one.file, one.before, one.after) for one in MUTATIONS}) == len(MUTATIONS)
