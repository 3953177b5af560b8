"""What is expected of a large batch."""

from __future__ import annotations

from chassis.storage.newcomers import Newcomers


def test_of_a_kind_never_seen_nothing_is_expected() -> None:
    assert not Newcomers().expected("people_seen")


def test_a_batch_is_expected_to_be_as_the_last_one_of_its_kind() -> None:
    newcomers = Newcomers()
    newcomers.note("people_seen", all_new=True)
    newcomers.note("people_seen", all_new=True)
    assert newcomers.expected("people_seen")
    assert not newcomers.expected("units_seen")
    newcomers.note("people_seen", all_new=False)
    assert not newcomers.expected("people_seen")
    newcomers.note("people_seen", all_new=False)
    assert not newcomers.expected("people_seen")
    newcomers.note("people_seen", all_new=True)
    assert newcomers.expected("people_seen")
