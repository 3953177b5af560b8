"""Instants and days are taken as RFC 3339 writes them, instants with their offset; nothing else passes for one."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from chassis.web.fields import Day, Instant


class Body(BaseModel):
    at: Instant


class Days(BaseModel):
    on: Day


def read(written: object) -> datetime:
    return Body.model_validate_json(json.dumps({"at": written}), strict=True).at


offsets = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(st.integers(0, 2**37).flatmap(lambda second: offsets.map(lambda zone: datetime.fromtimestamp(second, zone))))
def test_an_instant_is_read_with_any_offset_and_given_on_in_utc(instant: datetime) -> None:
    assert read(instant.isoformat()) == instant
    assert read(instant.isoformat()).tzinfo is UTC


@pytest.mark.parametrize("written", ["2026-03-26T12:30:00Z", "2026-03-26t12:30:00z", "2026-03-26T19:30+07:00"])
def test_the_usual_ways_of_writing_it_are_the_same(written: str) -> None:
    assert read(written) == datetime(2026, 3, 26, 12, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "written",
    [
        "5",
        5,
        1e9,
        True,
        None,
        "",
        "2026-03-26",
        "2026-03-26T19:30:00",
        "2026-03-26 19:30:00+07:00",
        "2026-02-30T00:00:00Z",
        "2026-03-26T24:61:00Z",
        "0001-01-01T00:00:00+07:00",
        "26/03/2026 19:30",
    ],
)
def test_what_is_no_instant_is_refused(written: object) -> None:
    with pytest.raises(ValidationError):
        read(written)


@given(st.dates())
def test_a_day_is_read_as_it_is_written(day: date) -> None:
    assert Days.model_validate_json(f'{{"on": "{day.isoformat()}"}}', strict=True).on == day


@pytest.mark.parametrize(
    "written", ["0", "86400", 0, "", "2026-3-1", "2026-02-30", "20260326", "2026-03-26T00:00:00Z", None]
)
def test_what_is_no_day_is_refused(written: object) -> None:
    with pytest.raises(ValidationError):
        Days.model_validate_json(json.dumps({"on": written}), strict=True)
