"""The list of mutations keeps step with the code: each line that it takes away is there, and its tests are."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.chaos.mutation import Mutation
from tests.chaos.mutations import MUTATIONS, faults

SOUND = MUTATIONS[0]


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.guarantee)
def test_each_can_be_made_in_the_present_code(mutation: Mutation) -> None:
    assert list(faults(mutation)) == []


@pytest.mark.parametrize(
    ("unsound", "fault"),
    [
        (replace(SOUND, before="no such line"), "its line is 0 times in"),
        (replace(SOUND, after="return undefined_name"), "is no valid code"),
        (replace(SOUND, after="return ("), "is no valid code"),
        (replace(SOUND, tests=("tests/no_such_test.py",)), "there is no tests/no_such_test.py"),
        (replace(SOUND, tests=("-k", "memory")), "it names no tests"),
    ],
)
def test_one_that_would_prove_nothing_is_told(unsound: Mutation, fault: str) -> None:
    assert any(fault in one for one in faults(unsound))


def test_no_two_are_the_same() -> None:
    assert len({(one.file, one.before, one.after) for one in MUTATIONS}) == len(MUTATIONS)
