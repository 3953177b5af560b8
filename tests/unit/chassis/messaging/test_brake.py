"""When a consumer stops: more than twenty dead letters, and more than one record in twenty."""

from __future__ import annotations

import pytest

from chassis.messaging.consumer import Brake, TooManyDeadLetters


def dead_letters_until_it_stops(brake: Brake, applied_between: int) -> int:
    for number in range(1, 2000):
        try:
            brake.note(dead=True)
        except TooManyDeadLetters:
            return number
        for _ in range(applied_between):
            brake.note(dead=False)
    return 0


@pytest.mark.parametrize(("applied_between", "stops_at"), [(0, 21), (1, 21), (10, 21), (18, 21), (20, 0), (100, 0)])
def test_it_stops_at_more_than_twenty_unless_they_are_few_among_many(applied_between: int, stops_at: int) -> None:
    assert dead_letters_until_it_stops(Brake(), applied_between) == stops_at


def test_old_ones_are_forgotten() -> None:
    brake = Brake(number=3, window=10)
    for _ in range(3):
        brake.note(dead=True)
    for _ in range(10):
        brake.note(dead=False)
    for _ in range(3):
        brake.note(dead=True)
    with pytest.raises(TooManyDeadLetters):
        brake.note(dead=True)


def test_many_that_were_applied_at_once_count_as_if_one_after_the_other() -> None:
    together, apart = Brake(number=3, window=10), Brake(number=3, window=10)
    for _ in range(3):
        together.note(dead=True)
        apart.note(dead=True)
    together.note_alive(8)
    for _ in range(8):
        apart.note(dead=False)
    assert dead_letters_until_it_stops(together, 0) == dead_letters_until_it_stops(apart, 0) > 1
